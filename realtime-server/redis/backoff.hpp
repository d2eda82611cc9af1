// How long to wait before the next try: a bound that doubles with each failure in a row, and full jitter below it, so
// that a fleet does not come back at once. Used by one thread.
#pragma once

#include <algorithm>
#include <chrono>
#include <random>

namespace redis {

class Backoff {
 public:
  Backoff(std::chrono::milliseconds first, std::chrono::milliseconds last)
      : first_{first}, last_{last}, bound_{first} {}

  /// The delay before the next try: evenly spread between nothing and the current bound.
  std::chrono::milliseconds next() {
    const auto bound = bound_;
    bound_ = std::min(last_, bound_ * 2);
    return std::chrono::milliseconds{std::uniform_int_distribution<long>{0, bound.count()}(random_)};
  }
  /// All was well for a while.
  void reset() { bound_ = first_; }

 private:
  std::chrono::milliseconds first_;
  std::chrono::milliseconds last_;
  std::chrono::milliseconds bound_;
  std::minstd_rand random_{std::random_device{}()};
};

}  // namespace redis
