// The catalogue of the metrics of RealtimeApps, read from their statuses in the cache, so that an instance that stands
// by tells the same as the one that leads.
#pragma once

#include <array>

#include "core/metrics.hpp"
#include "operator/controllers/realtimeapp/observe/caches.hpp"

namespace controllers::metrics {

using core::MetricInfo;
using core::MetricType;

/// Labels of both: namespace, name (of the RealtimeApp).
inline constexpr MetricInfo kReady{MetricType::kGauge, "realtimeapp_ready",
                                   "Whether the condition Ready of the RealtimeApp is True."};
inline constexpr MetricInfo kConnections{
    MetricType::kGauge, "realtimeapp_connections",
    "Open client connections over the ready replicas, as in the status; absent where they cannot be measured."};

inline constexpr std::array kAll{kReady, kConnections};

/// Shows them from then on; `caches` outlives `metrics`' last exposition.
void show(core::Metrics& metrics, const Caches& caches);

}  // namespace controllers::metrics
