// One-shot timers of any length, for the few things that have none in common; connections use Deadlines. Owned by
// whoever waits; the loop's thread only.
#pragma once

#include <chrono>
#include <functional>
#include <utility>

#include <boost/intrusive/set.hpp>

#include "realtime-server/loop/deadlines.hpp"

namespace loop {

class Timers;

class Timer : public boost::intrusive::set_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
 public:
  /// `expired` may start the timer again, or destroy it.
  Timer(Timers& timers, std::function<void()> expired) : timers_{timers}, expired_{std::move(expired)} {}
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  /// Expires after `delay`, instead of when it was going to.
  void start(Clock::duration delay) { start_at(Clock::now() + delay); }
  void start_at(Clock::time_point due);
  void stop() {
    if (is_linked()) unlink();
  }

  friend bool operator<(const Timer& a, const Timer& b) { return a.due_ < b.due_; }

 private:
  friend class Timers;

  Timers& timers_;
  std::function<void()> expired_;
  Clock::time_point due_{};
};

/// The timers of a loop that are running.
class Timers {
 public:
  /// When the next one expires; Clock::time_point::max() if none is running.
  Clock::time_point next() const;
  /// Calls those that are due at `now`.
  void expire(Clock::time_point now);

 private:
  friend class Timer;
  boost::intrusive::multiset<Timer, boost::intrusive::constant_time_size<false>> running_;
};

}  // namespace loop
