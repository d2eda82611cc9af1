// The catalogue of this module's metrics, under the names that client-go gave them.
#pragma once

#include <array>

#include "core/metrics.hpp"

namespace kube::metrics {

/// Labels: code (HTTP status or "<error>"), method, host.
inline constexpr core::MetricInfo kRequests{core::MetricType::kCounter, "rest_client_requests_total",
                                            "Number of HTTP requests, partitioned by status code, method, and host."};

inline constexpr std::array kAll{kRequests};

}  // namespace kube::metrics
