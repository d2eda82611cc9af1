#include "operator/controllers/realtimeapp/plan/redis.hpp"

#include <fmt/format.h>

#include "core/digest.hpp"
#include "operator/api/v1alpha1/conditions.hpp"
#include "operator/controllers/realtimeapp/observe/children.hpp"

namespace controllers {
namespace {

constexpr const char* kConfigDirectory = "/etc/realtime-operator";
constexpr const char* kDataDirectory = "/data";
constexpr int kRedisUser = 999;  // the redis user of the official image; any image works with it
constexpr int kTerminationGraceSeconds = 10;

kube::Container container(const api::RealtimeApp& app, const std::string& image) {
  const bool append_only = app.spec.redis.persistence == api::Persistence::kAppendOnly;
  kube::Container container;
  container.name = api::kComponentRedis;
  container.image = image;
  container.command = {"redis-server"};
  // The password comes from a file, so that it is neither in the pod's specification nor in its process list.
  container.args = {fmt::format("{}/{}", kConfigDirectory, kRedisConfigKey),
                    "--port",
                    std::to_string(kRedisPort),
                    "--dir",
                    kDataDirectory,
                    "--save",
                    "",
                    "--appendonly",
                    append_only ? "yes" : "no"};
  container.ports = {{kRedisPortName, kRedisPort}};
  container.resources = app.spec.redis.resources.get();
  container.mounts = {{"credentials", kConfigDirectory, true}, {"data", kDataDirectory}};
  container.readiness_probe = kube::Probe{"", kRedisPortName, 2, 1, 2};
  container.read_only_root = true;
  return container;
}

}  // namespace

kube::StatefulSet redis_stateful_set(const api::RealtimeApp& app, const std::string& image,
                                     const std::string& credentials_digest) {
  const auto& spec = app.spec.redis;
  kube::StatefulSet set;
  set.metadata = child_metadata(app, redis_name(app.key.name), api::kComponentRedis);
  set.service_name = redis_name(app.key.name);
  set.selector = api::selector_labels(app.key.name, api::kComponentRedis);
  set.pod.labels = api::child_labels(app.key.name, api::kComponentRedis);
  set.pod.annotations.emplace(api::annotation::kRedisCredentials, credentials_digest);
  set.pod.service_account = app.key.name;
  set.pod.image_pull_secrets = pull_secrets(app);
  set.pod.containers = {container(app, image)};
  set.pod.volumes = {{"credentials", redis_name(app.key.name)}};
  set.pod.termination_grace_seconds = kTerminationGraceSeconds;
  set.pod.run_as = kRedisUser;
  if (spec.persistence == api::Persistence::kAppendOnly) {
    set.claim = kube::VolumeClaim{"data", spec.storage, spec.storage_class_name, set.selector};
    set.delete_claim_with_set = spec.retention == api::Retention::kDelete;
  } else {
    set.pod.volumes.push_back({"data", ""});
  }
  return set;
}

kube::Service redis_service(const api::RealtimeApp& app) {
  kube::Service service;
  service.metadata = child_metadata(app, redis_name(app.key.name), api::kComponentRedis);
  service.selector = api::selector_labels(app.key.name, api::kComponentRedis);
  service.ports = {{kRedisPortName, kRedisPort}};
  return service;
}

kube::Object redis_secret(const api::RealtimeApp& app, const std::string& password, const std::string& digest_key) {
  auto secret = secret_identity(app);
  auto& members = secret.json().get_object();
  members["type"] = "Opaque";
  members["data"] = {{kPasswordKey, core::base64_encode(password)},
                     {kUrlKey, core::base64_encode(fmt::format("redis://:{}@{}/0", password, redis_endpoint(app.key)))},
                     {kRedisConfigKey, core::base64_encode(fmt::format("requirepass {}\n", password))},
                     {kDigestKey, core::base64_encode(digest_key)}};
  return secret;
}

std::optional<Problem> problem_of(const api::RealtimeApp& app, const RedisSecret& secret) {
  if (secret.problem) return secret.problem;
  if (!secret.credentials || secret.credentials->usable()) return std::nullopt;
  const auto name = redis_name(app.key.name);
  if (!secret.credentials->complete)
    return Problem{api::reason::kRedisCredentialsIncomplete,
                   fmt::format("Secret \"{0}\" lacks one of the keys password, url and redis.conf: delete it (`kubectl "
                               "delete secret {0}`) and the operator recreates it",
                               name)};
  if (!secret.credentials->elsewhere.empty())
    return Problem{
        api::reason::kRedisUrlMismatch,
        fmt::format(
            "the key url of Secret \"{0}\" leads to {1}, the Redis of another namespace, where this one is {2}: "
            "correct it, or delete the Secret (`kubectl delete secret {0}`) and the operator recreates it",
            name, secret.credentials->elsewhere, redis_endpoint(app.key))};
  return Problem{
      api::reason::kRedisPasswordMismatch,
      fmt::format("the keys password, url and redis.conf of Secret \"{0}\" contain different passwords, so Redis would "
                  "reject new replicas: correct them, or delete the Secret (`kubectl delete secret {0}`) and the "
                  "operator recreates it",
                  name)};
}

}  // namespace controllers
