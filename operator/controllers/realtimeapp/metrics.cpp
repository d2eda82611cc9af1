#include "operator/controllers/realtimeapp/metrics.hpp"

#include <optional>
#include <vector>

#include "operator/api/v1alpha1/conditions.hpp"

namespace controllers::metrics {
namespace {

using Samples = std::vector<core::Metrics::Sample>;

/// A sample for each app of which `figure` knows one.
template <class Figure>
Samples samples_of(const Caches& caches, Figure figure) {
  Samples samples;
  caches.apps.visit([&](const kube::ObjectKey& key, const api::DecodedApp& decoded) {
    if (const std::optional<double> value = figure(decoded.app.status))
      samples.push_back({{{"namespace", key.name_space}, {"name", key.name}}, *value});
  });
  return samples;
}

std::optional<double> readiness(const api::RealtimeAppStatus& status) {
  const auto* ready = status.condition(api::condition::kReady);
  return ready != nullptr && ready->status == "True" ? 1 : 0;
}

std::optional<double> connections(const api::RealtimeAppStatus& status) {
  if (!status.connections) return std::nullopt;
  return static_cast<double>(*status.connections);
}

}  // namespace

void show(core::Metrics& metrics, const Caches& caches) {
  metrics.show(kReady, [&caches] { return samples_of(caches, readiness); });
  metrics.show(kConnections, [&caches] { return samples_of(caches, connections); });
}

}  // namespace controllers::metrics
