#include "operator/runtime/time_limit.hpp"

#include <utility>

namespace runtime {

TimeLimit::TimeLimit(std::chrono::milliseconds limit)
    : limit_{limit}, thread_{[this](const std::stop_token& stop) { run(stop); }} {}

TimeLimit::Task::Task(TimeLimit& limit, const std::stop_token& outer)
    : limit_{limit}, with_outer_{outer, [this] { stop_.request_stop(); }} {
  const std::lock_guard lock{limit_.mutex_};
  due_ = Clock::now() + limit_.limit_;
  place_ = limit_.tasks_.insert(limit_.tasks_.end(), this);
  if (std::exchange(limit_.sleeps_, false)) limit_.changed_.notify_one();
}

TimeLimit::Task::~Task() {
  const std::lock_guard lock{limit_.mutex_};
  if (place_) limit_.tasks_.erase(*place_);
}

void TimeLimit::run(const std::stop_token& stop) {
  std::unique_lock lock{mutex_};
  while (!stop.stop_requested()) {
    if (tasks_.empty()) {
      sleeps_ = true;
      changed_.wait(lock, stop, [this] { return !sleeps_; });
      continue;
    }
    auto& first = *tasks_.front();
    if (const auto due = first.due_; due > Clock::now()) {
      // Not woken when that task ends: what comes later is due later.
      changed_.wait_until(lock, stop, due, [] { return false; });
      continue;
    }
    tasks_.pop_front();
    first.place_.reset();
    auto over = first.stop_;
    lock.unlock();
    over.request_stop();
    lock.lock();
  }
}

}  // namespace runtime
