// A delay that doubles with each failure in a row, with jitter so that many clients do not come back at once.
// Used by one thread.
#pragma once

#include <algorithm>
#include <chrono>
#include <random>

namespace runtime {

class Backoff {
 public:
  Backoff(std::chrono::milliseconds first, std::chrono::milliseconds last) : first_{first}, last_{last}, next_{first} {}

  /// The delay before the next try: between the current step and one and a half times it.
  std::chrono::milliseconds next() {
    const auto step = next_;
    next_ = std::min(last_, next_ * 2);
    return step + std::chrono::milliseconds{std::uniform_int_distribution<long>{0, step.count() / 2}(random_)};
  }
  /// All is well again.
  void reset() { next_ = first_; }

 private:
  std::chrono::milliseconds first_;
  std::chrono::milliseconds last_;
  std::chrono::milliseconds next_;
  std::minstd_rand random_{std::random_device{}()};
};

}  // namespace runtime
