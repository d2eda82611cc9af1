// GETs of addresses inside the cluster that are not the API server's, such as a pod's metrics: no credentials, no
// proxy, no redirection, all of them at the same time and bounded. Stateless; safe on any thread, which it blocks.
#pragma once

#include <chrono>
#include <cstddef>
#include <stop_token>
#include <string>
#include <vector>

#include "core/result.hpp"

namespace kube {

struct FetchLimits {
  std::chrono::milliseconds timeout{2'000};  ///< of one GET, connecting included
  std::size_t max_bytes = 1U << 20U;         ///< of one body
  std::size_t at_once = 64;
};

/// The bodies of the 200s, in the order of `urls` ("http://HOST:PORT/PATH"). Fails for each on its own with
/// kUnavailable (another status too), kTimeout, kTooLarge, or kCancelled when `stop` is requested.
std::vector<core::Result<std::string>> fetch_all(const std::vector<std::string>& urls, const FetchLimits& limits,
                                                 const std::stop_token& stop);

}  // namespace kube
