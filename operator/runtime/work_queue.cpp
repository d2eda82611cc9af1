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
  const auto found = places_.find(key);
  if (found != places_.end()) {
    if (found->second == Place::kProcessing) {
      found->second = Place::kProcessingAndAgain;
    } else if (found->second == Place::kLow && priority == Priority::kHigh) {
      low_.erase(std::find(low_.begin(), low_.end(), key));
      high_.push_back(key);
      found->second = Place::kHigh;
    }
    return;
  }
  (priority == Priority::kHigh ? high_ : low_).push_back(key);
  places_.emplace(key, priority == Priority::kHigh ? Place::kHigh : Place::kLow);
  since_[key] = Clock::now();
  metrics_.increment(metrics::kAdds, labels_);
  metrics_.set(metrics::kDepth, labels_, static_cast<double>(high_.size() + low_.size()));
  ready_.notify_one();
}

void WorkQueue::add_after(const Key& key, std::chrono::milliseconds delay) {
  const std::lock_guard lock{mutex_};
  const auto due = Clock::now() + delay;
  const auto [known, fresh] = due_.emplace(key, due);
  if (!fresh && known->second <= due) return;
  known->second = due;
  delayed_.push({due, key});
  ready_.notify_one();
}

std::chrono::milliseconds WorkQueue::backoff(int failures) {
  static constexpr int kSteps = 30;  // beyond them the doubled delay would overflow; it is the last long before
  return failures < kSteps ? std::min(kLastBackoff, kFirstBackoff * (1L << failures)) : kLastBackoff;
}

void WorkQueue::add_rate_limited(const Key& key) {
  std::chrono::milliseconds delay{};
  {
    const std::lock_guard lock{mutex_};
    delay = backoff(failures_[key]++);
    metrics_.increment(metrics::kRetries, labels_);
  }
  add_after(key, delay);
}

void WorkQueue::forget(const Key& key) {
  const std::lock_guard lock{mutex_};
  failures_.erase(key);
}

void WorkQueue::move_due() {
  const auto now = Clock::now();
  while (!delayed_.empty() && delayed_.top().due <= now) {
    const auto [due, key] = delayed_.top();
    delayed_.pop();
    const auto known = due_.find(key);
    // An entry that an earlier one replaced has another time than the one that is known.
    if (known == due_.end() || known->second != due) continue;
    due_.erase(known);
    enqueue(key, Priority::kHigh);
  }
}

std::optional<WorkQueue::Key> WorkQueue::take() {
  auto& from = high_.empty() ? low_ : high_;
  if (from.empty()) return std::nullopt;
  auto key = std::move(from.front());
  from.pop_front();
  places_[key] = Place::kProcessing;
  auto& since = since_[key];
  metrics_.observe(metrics::kQueueDuration, labels_, seconds_since(since));
  metrics_.set(metrics::kDepth, labels_, static_cast<double>(high_.size() + low_.size()));
  since = Clock::now();
  return key;
}

std::optional<WorkQueue::Key> WorkQueue::get(const std::stop_token& stop) {
  std::unique_lock lock{mutex_};
  while (!stop.stop_requested()) {
    move_due();
    if (auto key = take()) return key;
    const auto ready = [this] {
      return !high_.empty() || !low_.empty() || (!delayed_.empty() && delayed_.top().due <= Clock::now());
    };
    if (delayed_.empty()) {
      ready_.wait(lock, stop, [&] { return ready() || !delayed_.empty(); });
    } else {
      const auto due = delayed_.top().due;
      ready_.wait_until(lock, stop, due, [&] { return ready() || (!delayed_.empty() && delayed_.top().due < due); });
    }
  }
  return std::nullopt;
}

void WorkQueue::done(const Key& key) {
  const std::lock_guard lock{mutex_};
  const auto found = places_.find(key);
  if (found == places_.end()) return;
  metrics_.observe(metrics::kWorkDuration, labels_, seconds_since(since_[key]));
  const bool again = found->second == Place::kProcessingAndAgain;
  places_.erase(found);
  since_.erase(key);
  if (again) enqueue(key, Priority::kHigh);
}

std::size_t WorkQueue::depth() const {
  const std::lock_guard lock{mutex_};
  return high_.size() + low_.size();
}

void WorkQueue::update_gauges() {
  const std::lock_guard lock{mutex_};
  double unfinished = 0;
  double longest = 0;
  for (const auto& [key, place] : places_) {
    if (place != Place::kProcessing && place != Place::kProcessingAndAgain) continue;
    const double running = seconds_since(since_[key]);
    unfinished += running;
    longest = std::max(longest, running);
  }
  metrics_.set(metrics::kDepth, labels_, static_cast<double>(high_.size() + low_.size()));
  metrics_.set(metrics::kUnfinishedWork, labels_, unfinished);
  metrics_.set(metrics::kLongestRunning, labels_, longest);
}

}  // namespace runtime
