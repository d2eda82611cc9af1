// A rate limit: so many per second, and as many at once after a pause of a second. A value; one thread at a time.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>

#include "realtime-server/loop/deadlines.hpp"

namespace server {

class TokenBucket {
 public:
  /// 0: no limit.
  explicit TokenBucket(std::size_t per_second) : per_second_{static_cast<double>(per_second)}, tokens_{per_second_} {}

  /// Whether something may be taken at `now`, which never decreases.
  bool has(loop::Clock::time_point now) {
    if (per_second_ == 0) return true;
    const std::chrono::duration<double> elapsed = now - filled_at_;
    tokens_ = std::min(per_second_, tokens_ + elapsed.count() * per_second_);
    filled_at_ = now;
    return tokens_ >= 1;
  }
  /// May take more than there is: then the next must wait longer.
  void take(double count) { tokens_ -= count; }

 private:
  double per_second_;
  double tokens_;
  loop::Clock::time_point filled_at_{};  ///< long ago: the bucket is full
};

}  // namespace server
