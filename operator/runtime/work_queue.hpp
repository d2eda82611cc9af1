// The keys that wait for a reconcile. A key is in at most one of {queued, processing}; one that is added while it is
// processed is delivered exactly once more afterwards. Owned by a controller; locks, so safe on any thread.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <queue>
#include <stop_token>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/metrics.hpp"
#include "operator/kube/object.hpp"

namespace runtime {

/// kLow is for start-up and resync, so that what a user has just changed goes first.
enum class Priority { kHigh, kLow };

class WorkQueue {
 public:
  using Key = kube::ObjectKey;
  using Clock = std::chrono::steady_clock;

  /// The back-off of `retry`: doubled for each failure in a row, from the first to the last.
  static constexpr std::chrono::milliseconds kFirstBackoff{5};
  static constexpr std::chrono::milliseconds kLastBackoff{1'000'000};
  /// After so many urgent keys in a row one that is not goes first, so that none waits for ever.
  static constexpr int kUrgentInARow = 16;

  /// The delay after so many failures in a row before this one.
  static std::chrono::milliseconds backoff(int failures);

  /// `name` is the value of the metrics' label.
  WorkQueue(std::string name, core::Metrics& metrics);

  void add(const Key& key, Priority priority = Priority::kHigh);
  /// Adds the key once `delay` is over. Of two times the earlier stays, of two priorities the higher.
  void add_after(const Key& key, std::chrono::milliseconds delay, Priority priority = Priority::kLow);
  /// Adds the key that is being processed once more, as urgent as it is, after `delay` or, without it, after a back-off
  /// that grows with its failures since `forget`.
  void retry(const Key& key, std::optional<std::chrono::milliseconds> delay = std::nullopt);
  /// The key did well: its next back-off is the first again.
  void forget(const Key& key);

  /// Waits for a key and marks it as processing; nothing when `stop` is requested. The caller owes `done`.
  std::optional<Key> get(const std::stop_token& stop);
  void done(const Key& key);

  /// Brings the gauges that change with time alone up to date; called before metrics are shown.
  void update_gauges();

 private:
  struct Entry {
    Priority priority;
    Clock::time_point since;  // queued since, or processing since
    bool processing = false;
    std::optional<Priority> again{};  // added while it is processed
  };
  struct Due {
    Clock::time_point at;
    Priority priority;
  };
  struct Delayed {
    Clock::time_point at;
    Key key;
    bool operator>(const Delayed& other) const { return at > other.at; }
  };

  void enqueue(const Key& key, Priority priority);
  void move_due();
  std::optional<Key> take();
  void drop_stale();
  void show_depth();

  const core::Metrics::Labels labels_;
  core::Metrics& metrics_;
  std::mutex mutex_;
  std::condition_variable_any ready_;
  std::deque<Key> high_;
  std::deque<Key> low_;      // some of them have become urgent since: they are in high_ too, or were taken from there
  int urgent_in_a_row_ = 0;  // delivered while others waited
  std::size_t waiting_ = 0;  // keys that are ready and not being processed
  std::unordered_map<Key, Entry> entries_;
  std::unordered_map<Key, int> failures_;
  std::unordered_map<Key, Due> due_;
  std::priority_queue<Delayed, std::vector<Delayed>, std::greater<>> delayed_;
};

}  // namespace runtime
