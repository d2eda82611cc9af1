// Deadlines of many connections on one timer. Each kind of deadline has a constant length, so its queue is always
// sorted: arming and disarming change a few pointers and allocate nothing. Owned by a shard; one loop thread only.
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
  explicit Deadlines(boost::asio::io_context& loop) : timer_{loop} {}

  /// All deadlines of one length.
  class Queue {
   public:
    Queue(Deadlines& deadlines, Clock::duration length) : deadlines_{deadlines}, length_{length} {}
    /// Starts or restarts the deadline of `timed`, from now.
    void arm(Timed& timed) { arm_from(timed, Clock::now()); }
    /// Restarts it from the deadline that has just passed, so that delays do not accumulate. At least half of its
    /// length is left even if the loop is later than that: clients must not be closed because the loop stalled.
    void arm_after(Timed& timed) { arm_from(timed, std::max(timed.due_, Clock::now() - length_ / 2)); }

   private:
    friend class Deadlines;
    void arm_from(Timed& timed, Clock::time_point begin);

    Deadlines& deadlines_;
    Clock::duration length_;
    boost::intrusive::list<Timed, boost::intrusive::constant_time_size<false>> waiting_;
  };

  /// A queue; it lives as long as this object.
  Queue& queue(Clock::duration length) { return queues_.emplace_back(*this, length); }

  /// Cancels the timer, so that the loop can stop.
  void stop();

 private:
  void wake_at(Clock::time_point due);
  void expire();

  boost::asio::steady_timer timer_;
  std::list<Queue> queues_;
  Clock::time_point wake_ = Clock::time_point::max();
  bool stopped_ = false;
};

}  // namespace transport
