// Ends what takes longer than a limit: one thread that requests a stop of each task whose time is over. A task that
// does not look at its stop token runs on. Owned by a controller; locks, so safe on any thread.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <list>
#include <mutex>
#include <optional>
#include <stop_token>
#include <thread>

namespace runtime {

class TimeLimit {
 public:
  explicit TimeLimit(std::chrono::milliseconds limit);

  std::chrono::milliseconds limit() const { return limit_; }

  /// A task under the limit, from here to its destruction, which is before the limit's. `token` is stopped at the limit
  /// and when `outer` is.
  class Task {
   public:
    Task(TimeLimit& limit, const std::stop_token& outer);
    ~Task();
    Task(const Task&) = delete;
    Task& operator=(const Task&) = delete;

    std::stop_token token() const { return stop_.get_token(); }

   private:
    friend class TimeLimit;

    TimeLimit& limit_;
    std::chrono::steady_clock::time_point due_;
    std::optional<std::list<Task*>::iterator> place_;  // until it is over
    std::stop_source stop_;
    std::stop_callback<std::function<void()>> with_outer_;
  };

 private:
  using Clock = std::chrono::steady_clock;

  void run(const std::stop_token& stop);

  const std::chrono::milliseconds limit_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::list<Task*> tasks_;  // the first is due first, as the limit is the same for all
  bool sleeps_ = false;     // the thread, until there is a task
  std::jthread thread_;
};

}  // namespace runtime
