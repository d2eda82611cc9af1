#include "operator/controllers/realtimeapp/plan/fleet.hpp"

#include <utility>

#include "core/affinity.hpp"
#include "operator/controllers/realtimeapp/observe/children.hpp"
#include "operator/controllers/realtimeapp/plan/exposure.hpp"
#include "operator/controllers/realtimeapp/plan/server.hpp"

namespace controllers {
namespace {

constexpr int kStartupSeconds = 120;
// Deletion leaves the endpoints while the pod still serves: proxies have this long to notice before the app is told.
constexpr int kPreStopSeconds = 5;
constexpr api::Milliseconds kOwnImageDrain{25'000};

std::vector<kube::EnvVar> environment(const api::RealtimeApp& app, const std::string& cookie) {
  std::vector<kube::EnvVar> env;
  env.push_back({.name = "PORT", .value = std::to_string(replica_port(app))});
  env.push_back({.name = "POD_NAME", .field_path = "metadata.name"});
  if (app.spec.redis.type == api::RedisType::kProvisioned)
    env.push_back({.name = "REDIS_URL", .secret_key = kube::KeyRef{redis_name(app.key.name), kUrlKey, std::nullopt}});
  // The server's default is the name that every app had once: such apps are not to be restarted.
  if (app.spec.server && cookie != core::kAffinityCookie) env.push_back({.name = "AFFINITY_COOKIE", .value = cookie});
  return env;
}

kube::Container own_container(const api::RealtimeApp& app) {
  const auto& spec = app.spec.app;
  kube::Container container;
  container.name = api::kComponentApp;
  container.image = spec.image;
  container.image_pull_policy = spec.image_pull_policy;
  container.command = spec.command;
  container.args = spec.args;
  container.ports = {{kHttpPort, spec.port}};
  container.env = spec.env;
  container.env_from = spec.env_from;
  container.resources = spec.resources.get();
  container.mounts = {{"tmp", "/tmp"}};
  // One handshake proves that the app speaks Engine.IO on $PORT; more of them would pile up sessions, so readiness only
  // connects.
  container.startup_probe =
      kube::Probe{app.spec.protocol.path.text() + "?EIO=4&transport=polling", kHttpPort, 1, 5, kStartupSeconds};
  container.readiness_probe = kube::Probe{"", kHttpPort, 5, 2, 2};
  container.pre_stop_sleep_seconds = kPreStopSeconds;
  return container;
}

/// The pod of an own image.
void fill_own_pod(const api::RealtimeApp& app, kube::PodTemplate& pod) {
  pod.containers = {own_container(app)};
  pod.volumes = {{"tmp"}};
  const auto drain = std::chrono::ceil<std::chrono::seconds>(app.spec.drain.deadline.value_or(kOwnImageDrain));
  pod.termination_grace_seconds = static_cast<int>(drain.count()) + kPreStopSeconds;
}

void annotate(kube::Labels& annotations, std::span<const Annotation> from) {
  for (const auto& [name, value] : from) annotations.insert_or_assign(std::string{name}, std::string{value});
}

}  // namespace

kube::ServiceAccount fleet_service_account(const api::RealtimeApp& app) {
  return {child_metadata(app, app.key.name, api::kComponentApp)};
}

kube::Deployment fleet_deployment(const api::RealtimeApp& app, const FleetInputs& inputs) {
  kube::Deployment deployment;
  deployment.metadata = child_metadata(app, app.key.name, api::kComponentApp);
  deployment.replicas = app.spec.replicas;
  deployment.selector = api::selector_labels(app.key.name, api::kComponentApp);
  auto& pod = deployment.pod;
  pod.labels = api::child_labels(app.key.name, api::kComponentApp);
  if (!inputs.credentials_digest.empty())
    pod.annotations.emplace(api::annotation::kRedisCredentials, inputs.credentials_digest);
  pod.service_account = app.key.name;
  pod.image_pull_secrets = pull_secrets(app);
  if (app.spec.server) {
    fill_server_pod(app, inputs.server_image, inputs.server_configuration, pod);
  } else {
    fill_own_pod(app, pod);
  }
  auto& env = pod.containers.front().env;
  const auto ours = environment(app, inputs.affinity_cookie);
  env.insert(env.begin(), ours.begin(), ours.end());
  pod.spread_over_nodes = deployment.selector;
  return deployment;
}

kube::Service fleet_service(const api::RealtimeApp& app, const AffinityRecipe* recipe, const std::string& cookie) {
  kube::Service service;
  service.metadata = child_metadata(app, app.key.name, api::kComponentApp);
  if (recipe != nullptr) {
    auto& annotations = service.metadata.annotations;
    const bool is_cross_site = same_site(app) == api::SameSite::kNone;
    annotate(annotations, recipe->on_service);
    if (is_cross_site || !app.spec.exposure.tls_secret_name.empty()) annotate(annotations, recipe->on_service_with_tls);
    if (!recipe->cookie_name.empty()) {
      annotations.insert_or_assign(std::string{recipe->cookie_name}, cookie);
      annotations.insert_or_assign(std::string{recipe->cookie_same_site}, is_cross_site ? "none" : "lax");
    }
  }
  service.selector = api::selector_labels(app.key.name, api::kComponentApp);
  service.ports = {{kHttpPort, kServicePort}};
  service.client_ip_affinity = true;
  return service;
}

kube::Service fleet_headless_service(const api::RealtimeApp& app) {
  kube::Service service;
  service.metadata = child_metadata(app, headless_name(app.key.name), api::kComponentApp);
  service.selector = api::selector_labels(app.key.name, api::kComponentApp);
  service.ports = {{kHttpPort, replica_port(app)}};
  if (app.spec.server) service.ports.push_back({kAdminPortName, kAdminPort});
  service.headless = true;
  return service;
}

kube::PodDisruptionBudget fleet_disruption_budget(const api::RealtimeApp& app) {
  return {child_metadata(app, app.key.name, api::kComponentApp),
          api::selector_labels(app.key.name, api::kComponentApp)};
}

kube::Ingress fleet_ingress(const api::RealtimeApp& app) {
  kube::Ingress ingress;
  ingress.metadata = child_metadata(app, app.key.name, api::kComponentApp);
  for (const auto& [name, value] : app.spec.exposure.annotations) ingress.metadata.annotations.emplace(name, value);
  ingress.class_name = app.spec.exposure.class_name;
  ingress.host = app.spec.exposure.host;
  // The same prefix to Kubernetes, but not to each controller: clients may leave out the slash, as the app does.
  ingress.paths = app.spec.exposure.paths;
  for (auto& path : ingress.paths)
    if (path == app.spec.protocol.path.text() + "/") path.pop_back();
  ingress.service_name = app.key.name;
  ingress.service_port = kHttpPort;
  ingress.tls_secret = app.spec.exposure.tls_secret_name;
  return ingress;
}

}  // namespace controllers
