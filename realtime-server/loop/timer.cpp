#include "realtime-server/loop/timer.hpp"

namespace loop {

void Timer::start_at(Clock::time_point due) {
  stop();
  due_ = due;
  timers_.running_.insert(*this);
}

Clock::time_point Timers::next() const { return running_.empty() ? Clock::time_point::max() : running_.begin()->due_; }

void Timers::expire(Clock::time_point now) {
  while (!running_.empty() && running_.begin()->due_ <= now) {
    auto& timer = *running_.begin();
    timer.stop();
    // A copy: it may destroy the timer.
    const auto expired = timer.expired_;
    expired();
  }
}

}  // namespace loop
