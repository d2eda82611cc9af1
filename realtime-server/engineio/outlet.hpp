// Where frames for one client go: its send queue, and the list of clients to flush at the end of the turn. The first
// frame of a turn adds a client to the list, so that all frames of a turn are sent in one write. Frames that all
// clients of a namespace get are sent from where they are. Owned by the client; one loop thread only.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <span>
#include <utility>
#include <vector>

#include "realtime-server/engineio/memory_holders.hpp"
#include "realtime-server/engineio/send_queue.hpp"

namespace engineio {

class Outlet;

/// The clients that have something to send. Owned by a shard.
class FlushList {
 public:
  /// `schedule` is called when the first outlet of a turn is added. It must cause flush_all() to run after all handlers
  /// that are already queued.
  explicit FlushList(std::function<void()> schedule) : schedule_{std::move(schedule)} {}

  void add(Outlet& outlet) {
    if (waiting_.empty()) schedule_();
    waiting_.push_back(&outlet);
  }
  /// Causes flush_all() though nothing is on the list: the caller has something to send itself.
  void wake() { schedule_(); }
  /// Counts what was queued for a client: bytes, or what it costs as bytes.
  void count(std::size_t bytes) { bytes_ += bytes; }
  /// The count since the start; shared bytes count for each client.
  std::uint64_t bytes() const { return bytes_; }
  /// Removes an outlet that is about to be destroyed.
  void remove(Outlet& outlet);
  /// Flushes every outlet on the list. Frames added meanwhile belong to the next turn.
  void flush_all();

 private:
  std::function<void()> schedule_;
  std::vector<Outlet*> waiting_;
  std::uint64_t bytes_ = 0;
  std::vector<Outlet*> flushing_;  ///< null where an outlet was destroyed meanwhile
};

class Outlet : public Holder<ToSend> {
 public:
  /// As what a small frame counts in a turn: queueing it takes as long as copying so many bytes.
  static constexpr std::uint32_t kLeastCost = 512;

  /// `base64`: the client wants binary data as Base64 text over any transport.
  Outlet(SendQueueLimits& limits, FlushList& list, bool base64) : send_queue_{limits}, list_{&list}, base64_{base64} {}
  ~Outlet() override {
    if (listed_) list_->remove(*this);
  }
  Outlet(const Outlet&) = delete;
  Outlet& operator=(const Outlet&) = delete;

  /// Adds a frame. If the send queue is full the outlet is marked as overflowed and accepts no more; its next flush
  /// closes the client.
  void send(const Range& frame) {
    if (overflowed_ || ended_) return;
    if (!listed_) {
      listed_ = true;
      list_->add(*this);
      send_queue_.begin_turn();
    }
    list_->count(std::max(frame.length, kLeastCost));
    overflowed_ = !send_queue_.push(frame);
  }

  /// Adds the frames of a turn that others get too: `parts` are their bytes, `bytes` in all. They are sent at once if
  /// the client waits for nothing else.
  void send_shared(std::span<const Range> frames, std::span<const iovec> parts, std::size_t bytes);

  /// Takes over the queue of another outlet of the same client, and whether it has overflowed.
  void take_over(Outlet& other) {
    send_queue_.append(other.send_queue_);
    overflowed_ |= other.overflowed_;
  }

  /// Accepts no more frames; queued ones may still be sent.
  void end() { ended_ = true; }

  /// Sends what is queued, at the end of a turn; closes the client if the queue has overflowed.
  virtual void flush() = 0;

  std::size_t held(ToSend) const override { return send_queue_.memory(); }

  SendQueue& send_queue() { return send_queue_; }
  bool overflowed() const { return overflowed_; }
  bool base64() const { return base64_; }

 protected:
  /// Sends what the client accepts of these bytes now, for a queue that is empty; returns how many. 0: none, for
  /// whatever reason.
  virtual std::size_t send_now(std::span<const iovec> parts) = 0;

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
