#include "realtime-server/transport/deadlines.hpp"

namespace transport {

void Deadlines::Queue::arm_from(Timed& timed, Clock::time_point begin) {
  timed.disarm();
  timed.due_ = begin + length_;
  waiting_.push_back(timed);
  deadlines_.wake_at(timed.due_);
}

void Deadlines::wake_at(Clock::time_point due) {
  if (due >= wake_ || stopped_) return;
  wake_ = due;
  timer_.expires_at(due);
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) expire();
  });
}

void Deadlines::expire() {
  const auto now = Clock::now();
  wake_ = Clock::time_point::max();
  for (auto& queue : queues_) {
    while (!queue.waiting_.empty() && queue.waiting_.front().due_ <= now) {
      auto& timed = queue.waiting_.front();
      timed.disarm();
      timed.on_deadline();
    }
  }
  for (auto& queue : queues_)
    if (!queue.waiting_.empty()) wake_at(queue.waiting_.front().due_);
}

void Deadlines::stop() {
  stopped_ = true;
  timer_.cancel();
}

}  // namespace transport
