// Where frames for one client go: its send queue, and the list of those who have something to send at the end of the
// turn. The first frame of a turn puts a client on the list, so that all frames of a turn leave in one write. Owned by
// the client; one loop thread only.
#pragma once

#include <functional>
#include <utility>
#include <vector>

#include "realtime-server/engineio/backlog.hpp"
#include "realtime-server/engineio/send_queue.hpp"

namespace engineio {

class Outlet;

/// The clients that have something to send. Owned by a shard.
class FlushList {
 public:
  /// `schedule` is called when the first outlet of a turn is added; it has to cause a call of flush_all() after what is
  /// already waiting to run.
  explicit FlushList(std::function<void()> schedule) : schedule_{std::move(schedule)} {}

  void add(Outlet& outlet) {
    if (waiting_.empty()) schedule_();
    waiting_.push_back(&outlet);
  }
  /// Forgets an outlet that is about to die.
  void remove(Outlet& outlet);
  /// Flushes everybody on the list. What they add meanwhile is of the next turn.
  void flush_all();

 private:
  std::function<void()> schedule_;
  std::vector<Outlet*> waiting_;
  std::vector<Outlet*> flushing_;  ///< null where an outlet died meanwhile
};

class Outlet : public Backlog {
 public:
  /// `base64`: the client wants binary data as Base64 text, whatever the transport.
  Outlet(SendQueueLimits& limits, FlushList& list, bool base64) : send_queue_{limits}, list_{&list}, base64_{base64} {}
  ~Outlet() override {
    if (listed_) list_->remove(*this);
  }
  Outlet(const Outlet&) = delete;
  Outlet& operator=(const Outlet&) = delete;

  /// Adds a frame. If the send queue is full the outlet is marked as overflowed and takes no more; whoever flushes it
  /// closes it.
  void send(const Range& frame) {
    if (overflowed_ || ended_) return;
    if (!listed_) {
      listed_ = true;
      list_->add(*this);
      send_queue_.begin_turn();
    }
    overflowed_ = !send_queue_.push(frame);
  }

  /// Takes over what waits at another outlet of the same client, and that it has overflowed.
  void take_over(Outlet& other) {
    send_queue_.append(other.send_queue_);
    overflowed_ |= other.overflowed_;
  }

  /// Takes nothing more; what waits may still leave.
  void end() { ended_ = true; }

  /// Lets what waits leave, at the end of a turn; closes the client if it has overflowed.
  virtual void flush() = 0;

  std::size_t backlog() const override { return send_queue_.memory(); }

  SendQueue& send_queue() { return send_queue_; }
  bool overflowed() const { return overflowed_; }
  bool base64() const { return base64_; }

 private:
  friend class FlushList;

  SendQueue send_queue_;
  FlushList* list_;
  bool listed_ = false;
  bool overflowed_ = false;
  bool ended_ = false;
  bool base64_;
};

}  // namespace engineio
