// Deadlines of many connections on one timer. Each kind of deadline has a constant length, so a queue of them is in
// order by itself: arming and disarming cost a few pointers and no memory. Owned by a shard; one loop thread only.
#pragma once

#include <algorithm>
#include <chrono>
#include <functional>
#include <list>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/intrusive/list.hpp>

namespace transport {

using Clock = std::chrono::steady_clock;

/// Something that waits for a deadline, for at most one at a time. Disarmed when it dies.
class Timed : public boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
 public:
  virtual ~Timed() = default;
  /// The deadline has passed; it is disarmed already.
  virtual void on_deadline() = 0;

  void disarm() {
    if (is_linked()) unlink();
  }
  bool is_armed() const { return is_linked(); }

 private:
  friend class Deadlines;
  Clock::time_point due_{};
};

class Deadlines {
 public:
  explicit Deadlines(boost::asio::io_context& loop) : timer_{loop} {}

  /// All deadlines of one length.
  class Queue {
   public:
    Queue(Deadlines& deadlines, Clock::duration length) : deadlines_{deadlines}, length_{length} {}
    /// Starts the deadline of `timed` now, or anew.
    void arm(Timed& timed) { arm_from(timed, Clock::now()); }
    /// Starts it at the deadline that has just passed, so that lateness does not add up. Half of its length is left
    /// even if the loop is later than that: a stall is not to be laid to the peers' charge.
    void arm_after(Timed& timed) { arm_from(timed, std::max(timed.due_, Clock::now() - length_ / 2)); }

   private:
    friend class Deadlines;
    void arm_from(Timed& timed, Clock::time_point begin);

    Deadlines& deadlines_;
    Clock::duration length_;
    boost::intrusive::list<Timed, boost::intrusive::constant_time_size<false>> waiting_;
  };

  /// A queue, which lives as long as this object.
  Queue& queue(Clock::duration length) { return queues_.emplace_back(*this, length); }

  /// How late the timer fired the last time: the lag of the loop.
  Clock::duration last_lag() const { return last_lag_; }
  /// Cancels the timer, so that the loop can end.
  void stop();

 private:
  void wake_at(Clock::time_point due);
  void expire();

  boost::asio::steady_timer timer_;
  std::list<Queue> queues_;
  Clock::time_point wake_ = Clock::time_point::max();
  Clock::duration last_lag_{};
  bool stopped_ = false;
};

}  // namespace transport
