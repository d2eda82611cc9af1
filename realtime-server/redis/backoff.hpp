// How long to wait before the next try: a bound that doubles with each consecutive failure, with full jitter, so that
// replicas do not reconnect all at once. Used by one thread.
#pragma once

#include <algorithm>
#include <chrono>
#include <random>

namespace redis {

class Backoff {
 public:
  Backoff(std::chrono::milliseconds first, std::chrono::milliseconds last)
      : first_{first}, last_{last}, bound_{first} {}

  /// The delay before the next try: uniformly distributed between zero and the current bound.
  std::chrono::milliseconds next() {
    const auto bound = bound_;
    bound_ = std::min(last_, bound_ * 2);
    return std::chrono::milliseconds{std::uniform_int_distribution<long>{0, bound.count()}(random_)};
  }
  /// Call after the connection has been healthy for a while.
  void reset() { bound_ = first_; }

 private:
  std::chrono::milliseconds first_;
  std::chrono::milliseconds last_;
  std::chrono::milliseconds bound_;
  std::minstd_rand random_{std::random_device{}()};
};

}  // namespace redis
