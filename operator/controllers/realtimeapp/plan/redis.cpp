#include "operator/controllers/realtimeapp/plan/redis.hpp"

#include <fmt/format.h>

#include "core/digest.hpp"
#include "operator/controllers/realtimeapp/observe/children.hpp"

namespace controllers {
namespace {

constexpr const char* kConfigDirectory = "/etc/realtime-operator";
constexpr const char* kDataDirectory = "/data";
constexpr int kRedisUser = 999;  // the redis user of the official image; any image works with it
constexpr int kTerminationGraceSeconds = 10;
/// RFC 3986 section 2.3.
constexpr const char* kUnreserved = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";

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
  container.resources = app.spec.redis.resources;
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
  set.pod.container = container(app, image);
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

kube::Object redis_secret_identity(const api::RealtimeApp& app) {
  return kube::encode(kube::types::kSecret, child_metadata(app, redis_name(app.key.name), api::kComponentRedis));
}

kube::Object redis_secret(const api::RealtimeApp& app, const std::string& password) {
  auto secret = redis_secret_identity(app);
  secret.json()["type"] = "Opaque";
  secret.json()["data"] = {
      {kPasswordKey, core::base64_encode(password)},
      {kUrlKey, core::base64_encode(fmt::format("redis://:{}@{}/0", password, redis_endpoint(app.key)))},
      {kRedisConfigKey, core::base64_encode(fmt::format("requirepass {}\n", password))}};
  return secret;
}

RedisCredentials read_redis_credentials(const kube::Object& secret) {
  const auto value = [&](const char* key) { return kube::value_at<std::string>(secret.json(), {"data", key}); };
  const auto text = [&](const char* key) { return core::base64_decode(value(key)).value_or(""); };
  RedisCredentials credentials;
  credentials.complete = !value(kPasswordKey).empty() && !value(kUrlKey).empty() && !value(kRedisConfigKey).empty();
  if (!credentials.complete) return credentials;
  credentials.digest = core::digest(value(kPasswordKey));
  const auto password = text(kPasswordKey);
  const bool plain = password.find_first_not_of(kUnreserved) == std::string::npos;  // in a URL as it is
  credentials.consistent = (!plain || text(kUrlKey).find(fmt::format(":{}@", password)) != std::string::npos) &&
                           text(kRedisConfigKey).find(fmt::format("requirepass {}", password)) != std::string::npos;
  return credentials;
}

}  // namespace controllers
