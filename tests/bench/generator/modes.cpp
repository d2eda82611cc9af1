#include "tests/bench/generator/modes.hpp"

#include <algorithm>

#include <unistd.h>

#include "tests/bench/generator/loop.hpp"

namespace bench {

Delivered nothing_delivered(const Crowd& crowd, std::int64_t expected) {
  Delivered result;
  result.expected = result.in_all = result.faults.missing = expected;
  result.lost = crowd.lost();
  result.why = "of " + std::to_string(crowd.size()) + " connections " + std::to_string(crowd.joined()) + " joined; " +
               crowd.why();
  return result;
}

Latencies percentiles(std::vector<std::int64_t>& values) {
  if (values.empty()) return {};
  std::sort(values.begin(), values.end());
  const auto at = [&](double share) {
    const auto rank = static_cast<std::size_t>(share * static_cast<double>(values.size()));
    return static_cast<double>(values[std::min(rank, values.size() - 1)]) / 1000.0;
  };
  return {at(0.5), at(0.99), at(0.999), static_cast<double>(values.back()) / 1000.0};
}

void conclude(Delivered& result, const Crowd& crowd, std::vector<std::int64_t>& latencies) {
  result.deliveries = static_cast<std::int64_t>(latencies.size());
  result.lost = crowd.lost();
  result.why = crowd.why();
  result.latency = percentiles(latencies);
}

Cost spent(const Target& target) { return {now_ns(), cpu_time(target.processes), cpu_time({getpid()})}; }

Cost operator-(const Cost& now, const Cost& then) {
  return {now.wall - then.wall, now.server - then.server, now.generator - then.generator};
}

}  // namespace bench
