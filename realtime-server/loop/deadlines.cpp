#include "realtime-server/loop/deadlines.hpp"

namespace loop {

void Deadlines::Queue::arm_from(Timed& timed, Clock::time_point begin) {
  timed.disarm();
  timed.due_ = begin + length_;
  waiting_.push_back(timed);
}

Clock::time_point Deadlines::next() const {
  auto next = Clock::time_point::max();
  for (const auto& queue : queues_)
    if (!queue.waiting_.empty()) next = std::min(next, queue.waiting_.front().due_);
  return next;
}

void Deadlines::expire(Clock::time_point now) {
  for (auto& queue : queues_) {
    while (!queue.waiting_.empty() && queue.waiting_.front().due_ <= now) {
      auto& timed = queue.waiting_.front();
      timed.disarm();
      timed.on_deadline();
    }
  }
}

}  // namespace loop
