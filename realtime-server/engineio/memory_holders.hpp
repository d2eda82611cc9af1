// Keeps the memory that clients hold within a bound, in either direction: what waits to be sent to them, and what they
// have sent that waits for its rest or its turn. Above the bound, those that hold most are disconnected until it is
// kept. Owned by a shard; one loop thread only.
#pragma once

#include <algorithm>
#include <cstddef>

#include <boost/intrusive/list.hpp>

namespace engineio {

/// The directions, as the server sees them.
struct ToSend {};
struct Received {};

template <class Direction>
using HolderHook = boost::intrusive::list_base_hook<boost::intrusive::tag<Direction>,
                                                    boost::intrusive::link_mode<boost::intrusive::auto_unlink>>;

/// An object that may hold such memory. Removes itself from the list when it is destroyed.
template <class Direction>
class Holder : public HolderHook<Direction> {
 public:
  virtual ~Holder() = default;
  /// The memory that it holds, in bytes; of shared memory, its share. 0: none.
  virtual std::size_t held(Direction) const = 0;
  /// Disconnects the client and frees that memory; may destroy this object.
  virtual void cut_off(Direction) = 0;
};

/// All objects with such memory. A client that holds none is not among them and is never disconnected.
template <class Direction>
class Holders {
 public:
  /// Call when something is held.
  void add(Holder<Direction>& holder) {
    if (!holder.HolderHook<Direction>::is_linked()) holders_.push_back(holder);
  }

  /// While `is_over()`, disconnects: holders of more than half of what the largest holds first, then of more than a
  /// quarter, and so on. Keeping them sorted would cost clients that hold little. As a look at all of them costs much,
  /// the caller asks for some room at once.
  template <class IsOver>
  void relieve(IsOver is_over) {
    std::size_t most = 0;
    for (const auto& holder : holders_) most = std::max(most, holder.held(Direction{}));
    while (most > 0 && is_over()) {
      most /= 2;
      List all;
      all.swap(holders_);
      while (!all.empty()) {
        auto& holder = all.front();
        all.pop_front();
        const auto held = holder.held(Direction{});
        if (held > most && is_over())
          holder.cut_off(Direction{});
        else if (held > 0)
          holders_.push_back(holder);
      }
    }
  }

 private:
  using List = boost::intrusive::list<Holder<Direction>, boost::intrusive::base_hook<HolderHook<Direction>>,
                                      boost::intrusive::constant_time_size<false>>;
  List holders_;  ///< some of which may hold nothing any more
};

class Receiver;

/// What all clients have sent that waits for its rest or its turn.
class ReceivedMemory {
 public:
  /// `bound` is in bytes.
  explicit ReceivedMemory(std::size_t bound) : bound_{bound} {}

  std::size_t used() const { return used_; }
  bool is_over() const { return used_ > bound_; }
  /// Disconnects those that hold most, if the bound is exceeded, until an eighth of it is free. May destroy any of
  /// them.
  void relieve() {
    if (is_over()) holders_.relieve([this] { return used_ > bound_ - bound_ / 8; });
  }

 private:
  friend class Receiver;
  std::size_t bound_;
  std::size_t used_ = 0;
  Holders<Received> holders_;
};

/// One that holds some of it.
class Receiver : public Holder<Received> {
 public:
  explicit Receiver(ReceivedMemory& memory) : memory_{memory} {}
  ~Receiver() override { hold(0); }
  Receiver(const Receiver&) = delete;
  Receiver& operator=(const Receiver&) = delete;

  std::size_t held(Received) const override { return held_; }

 protected:
  /// Call when it holds more or less than before: `bytes` now.
  void hold(std::size_t bytes) {
    if (bytes == held_) return;
    memory_.used_ += bytes - held_;
    held_ = bytes;
    if (bytes > 0) memory_.holders_.add(*this);
  }

 private:
  ReceivedMemory& memory_;
  std::size_t held_ = 0;
};

}  // namespace engineio
