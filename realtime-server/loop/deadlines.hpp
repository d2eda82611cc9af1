// Deadlines of many connections. Each kind of deadline has a constant length, so its queue is always sorted: arming and
// disarming change a few pointers and allocate nothing. Owned by a loop; its thread only.
#pragma once

#include <algorithm>
#include <chrono>
#include <list>

#include <boost/intrusive/list.hpp>

namespace loop {

using Clock = std::chrono::steady_clock;

/// Something that waits for at most one deadline at a time. Disarmed on destruction.
class Timed : public boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
 public:
  virtual ~Timed() = default;
  /// The deadline has passed; it is already disarmed.
  virtual void on_deadline() = 0;

  void disarm() {
    if (is_linked()) unlink();
  }

 private:
  friend class Deadlines;
  Clock::time_point due_{};
};

class Deadlines {
 public:
  /// All deadlines of one length.
  class Queue {
   public:
    explicit Queue(Clock::duration length) : length_{length} {}
    /// Starts or restarts the deadline of `timed`, from now.
    void arm(Timed& timed) { arm_from(timed, Clock::now()); }
    /// What has waited longest; null: nothing waits.
    Timed* oldest() { return waiting_.empty() ? nullptr : &waiting_.front(); }
    /// What has waited longest, if it was armed at least `age` before `now`; else null.
    Timed* oldest(Clock::duration age, Clock::time_point now) {
      auto* timed = oldest();
      return timed != nullptr && timed->due_ - length_ + age <= now ? timed : nullptr;
    }
    /// Restarts it from the deadline that has just passed, so that delays do not accumulate. At least half of its
    /// length is left even if the loop is later than that: clients must not be closed because the loop stalled.
    void arm_after(Timed& timed) { arm_from(timed, std::max(timed.due_, Clock::now() - length_ / 2)); }

   private:
    friend class Deadlines;
    void arm_from(Timed& timed, Clock::time_point begin);

    Clock::duration length_;
    boost::intrusive::list<Timed, boost::intrusive::constant_time_size<false>> waiting_;
  };

  /// A queue; it lives as long as this object.
  Queue& queue(Clock::duration length) { return queues_.emplace_back(length); }

  /// When the next deadline passes; Clock::time_point::max() if none is armed.
  Clock::time_point next() const;
  /// Calls those whose deadline is not after `now`.
  void expire(Clock::time_point now);

 private:
  std::list<Queue> queues_;
};

}  // namespace loop
