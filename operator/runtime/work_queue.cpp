#include "operator/runtime/work_queue.hpp"

#include <algorithm>
#include <utility>

#include "operator/runtime/metrics.hpp"

namespace runtime {
namespace {

double seconds_since(WorkQueue::Clock::time_point start) {
  return std::chrono::duration<double>(WorkQueue::Clock::now() - start).count();
}

}  // namespace

WorkQueue::WorkQueue(std::string name, core::Metrics& metrics)
    : labels_{{"name", std::move(name)}}, metrics_{metrics} {}

void WorkQueue::add(const Key& key, Priority priority) {
  const std::lock_guard lock{mutex_};
  enqueue(key, priority);
}

void WorkQueue::enqueue(const Key& key, Priority priority) {
  const auto [found, fresh] = entries_.try_emplace(key, Entry{priority, Clock::now()});
  auto& entry = found->second;
  if (fresh) {
    (priority == Priority::kHigh ? high_ : low_).push_back(key);
    ++waiting_;
    metrics_.increment(metrics::kAdds, labels_);
    show_depth();
    ready_.notify_one();
  } else if (entry.processing) {
    entry.again = std::min(entry.again.value_or(priority), priority);
  } else if (priority < entry.priority) {
    high_.push_back(key);
    entry.priority = priority;
  }
}

void WorkQueue::add_after(const Key& key, std::chrono::milliseconds delay, Priority priority) {
  const std::lock_guard lock{mutex_};
  const Due wanted{Clock::now() + delay, priority};
  const auto [found, fresh] = due_.try_emplace(key, wanted);
  auto& due = found->second;
  due.priority = std::min(due.priority, priority);
  if (!fresh && due.at <= wanted.at) return;
  due.at = wanted.at;
  delayed_.push({due.at, key});
  ready_.notify_one();
}

std::chrono::milliseconds WorkQueue::backoff(int failures) {
  static constexpr int kSteps = 30;  // beyond them the doubled delay would overflow; it is the last long before
  return failures < kSteps ? std::min(kLastBackoff, kFirstBackoff * (1L << failures)) : kLastBackoff;
}

void WorkQueue::retry(const Key& key, std::optional<std::chrono::milliseconds> delay) {
  Priority priority = Priority::kHigh;
  {
    const std::lock_guard lock{mutex_};
    if (const auto found = entries_.find(key); found != entries_.end()) priority = found->second.priority;
    if (!delay) {
      delay = backoff(failures_[key]++);
      metrics_.increment(metrics::kRetries, labels_);
    }
  }
  add_after(key, *delay, priority);
}

void WorkQueue::forget(const Key& key) {
  const std::lock_guard lock{mutex_};
  failures_.erase(key);
}

void WorkQueue::move_due() {
  const auto now = Clock::now();
  while (!delayed_.empty() && delayed_.top().at <= now) {
    const auto [at, key] = delayed_.top();
    delayed_.pop();
    const auto known = due_.find(key);
    // An entry that an earlier one replaced has another time than the one that is known.
    if (known == due_.end() || known->second.at != at) continue;
    const auto priority = known->second.priority;
    due_.erase(known);
    enqueue(key, priority);
  }
}

void WorkQueue::show_depth() { metrics_.set(metrics::kDepth, labels_, static_cast<double>(waiting_)); }

void WorkQueue::drop_stale() {
  const auto waits = [this](const Key& key) {
    const auto found = entries_.find(key);
    return found != entries_.end() && !found->second.processing && found->second.priority == Priority::kLow;
  };
  while (!low_.empty() && !waits(low_.front())) low_.pop_front();
}

std::optional<WorkQueue::Key> WorkQueue::take() {
  drop_stale();
  if (high_.empty() && low_.empty()) return std::nullopt;
  const bool is_low = high_.empty() || (!low_.empty() && urgent_in_a_row_ >= kUrgentInARow);
  urgent_in_a_row_ = is_low || low_.empty() ? 0 : urgent_in_a_row_ + 1;
  auto& from = is_low ? low_ : high_;
  auto key = std::move(from.front());
  from.pop_front();
  auto& entry = entries_.at(key);
  --waiting_;
  metrics_.observe(metrics::kQueueDuration, labels_, seconds_since(entry.since));
  show_depth();
  entry.processing = true;
  entry.since = Clock::now();
  return key;
}

std::optional<WorkQueue::Key> WorkQueue::get(const std::stop_token& stop) {
  std::unique_lock lock{mutex_};
  while (!stop.stop_requested()) {
    move_due();
    if (auto key = take()) return key;
    const auto ready = [this] { return waiting_ > 0 || (!delayed_.empty() && delayed_.top().at <= Clock::now()); };
    if (delayed_.empty()) {
      ready_.wait(lock, stop, [&] { return ready() || !delayed_.empty(); });
    } else {
      const auto due = delayed_.top().at;
      ready_.wait_until(lock, stop, due, [&] { return ready() || (!delayed_.empty() && delayed_.top().at < due); });
    }
  }
  return std::nullopt;
}

void WorkQueue::done(const Key& key) {
  const std::lock_guard lock{mutex_};
  const auto found = entries_.find(key);
  if (found == entries_.end()) return;
  metrics_.observe(metrics::kWorkDuration, labels_, seconds_since(found->second.since));
  const auto again = found->second.again;
  entries_.erase(found);
  if (again) enqueue(key, *again);
}

void WorkQueue::update_gauges() {
  const std::lock_guard lock{mutex_};
  double unfinished = 0;
  double longest = 0;
  for (const auto& [key, entry] : entries_) {
    if (!entry.processing) continue;
    const double running = seconds_since(entry.since);
    unfinished += running;
    longest = std::max(longest, running);
  }
  show_depth();
  metrics_.set(metrics::kUnfinishedWork, labels_, unfinished);
  metrics_.set(metrics::kLongestRunning, labels_, longest);
}

}  // namespace runtime
