#include "operator/controllers/realtimeapp/plan/server.hpp"

#include <chrono>
#include <utility>

#include <fmt/format.h>

#include "core/digest.hpp"
#include "operator/controllers/realtimeapp/observe/children.hpp"

namespace controllers {
namespace {

constexpr const char* kConfigurationFolder = "/etc/realtime-server";
constexpr std::size_t kNameDigits = 10;
constexpr int kServerUser = 65532;  // nonroot of the image; any id works
// Between the end of the drain and the kill: for the last frames to leave and the process to end.
constexpr int kSlackSeconds = 10;

kube::Container container(const api::ServerSpec& server, const std::string& image) {
  kube::Container container;
  container.name = "server";
  container.image = image;
  container.image_pull_policy = server.image_pull_policy;
  // The server takes 0.0.0.0 for every address, also of IPv6. Another spelling would restart every app.
  container.args = {"--config", fmt::format("{}/{}", kConfigurationFolder, kConfigurationKey), "--admin",
                    fmt::format("0.0.0.0:{}", kAdminPort)};
  container.ports = {{kHttpPort, kServerPort}, {kAdminPortName, kAdminPort}};
  container.resources = server.resources.get();
  container.mounts = {{kConfigurationVolume, kConfigurationFolder, true}};
  container.startup_probe = kube::Probe{"/healthz", kAdminPortName, 1, 2, 60};
  container.readiness_probe = kube::Probe{"/readyz", kAdminPortName, 2, 2, 2};
  // A replica that is only busy must live: its end would disconnect everyone on it.
  container.liveness_probe = kube::Probe{"/healthz", kAdminPortName, 10, 5, 6};
  container.read_only_root = true;
  return container;
}

}  // namespace

kube::ConfigMap server_config_map(const api::RealtimeApp& app, const api::ServerSpec& server) {
  auto text = api::server_configuration(server, app.spec.protocol, app.spec.drain, app.spec.redis.channel);
  auto name = fmt::format("{}-server-{}", app.key.name, core::digest(text).substr(0, kNameDigits));
  return {child_metadata(app, std::move(name), api::kComponentApp), {{kConfigurationKey, std::move(text)}}};
}

void fill_server_pod(const api::RealtimeApp& app, const std::string& image, const std::string& configuration,
                     kube::PodTemplate& pod) {
  pod.containers = {container(*app.spec.server, image)};
  pod.volumes = {{kConfigurationVolume, "", configuration}};
  pod.run_as = kServerUser;
  // No preStop: the server itself continues to serve until proxies have noticed that the pod goes.
  const auto drain = std::chrono::ceil<std::chrono::seconds>(app.spec.drain.deadline.value_or(api::kServerDrain));
  pod.termination_grace_seconds = static_cast<int>(drain.count()) + kSlackSeconds;
}

}  // namespace controllers
