// Serves clients in turns: whoever has sent something waits in one line, and each gets an equal share of what a turn
// may cost, in packets and in the bytes that they cause to be sent to others. What is left goes on in the next turn,
// after everyone else's. A turn also ends when the memory of all send queues exceeds its bound, and what is received is
// kept within its own bound after each client. Owned by a shard; one loop thread only.
#pragma once

#include <cstddef>
#include <cstdint>

#include <boost/intrusive/list.hpp>

#include "realtime-server/engineio/outlet.hpp"
#include "realtime-server/loop/loop.hpp"

namespace transport {

/// What one client may still use of the current turn.
class Share {
 public:
  Share(const engineio::FlushList& sent, const engineio::SendQueueLimits& memory, std::size_t packets,
        std::uint64_t bytes)
      : sent_{sent}, memory_{memory}, end_{sent.bytes() + bytes}, packets_{packets} {}

  /// Call before each packet or request. False: the rest must wait for the next turn. The first one always may.
  bool take() {
    if (packets_ == 0 || (taken_ && (sent_.bytes() >= end_ || memory_.is_over()))) return false;
    --packets_;
    return taken_ = true;
  }

 private:
  const engineio::FlushList& sent_;
  const engineio::SendQueueLimits& memory_;
  std::uint64_t end_;
  std::size_t packets_;
  bool taken_ = false;
};

/// A connection with something to read or to process.
class Served : public boost::intrusive::list_base_hook<boost::intrusive::tag<Served>,
                                                       boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
 public:
  virtual ~Served() = default;
  /// Reads or processes what `share` allows, and waits in line again if something is left. May destroy this object.
  virtual void serve(Share& share) = 0;
};

class RunQueue {
 public:
  /// What a turn may cost: about a millisecond for small packets, and as much again for what they send.
  static constexpr std::size_t kPacketsPerTurn = 1'024;
  static constexpr std::uint64_t kBytesPerTurn = std::uint64_t{64} << 20U;

  RunQueue(loop::Loop& loop, engineio::FlushList& sent, const engineio::SendQueueLimits& memory,
           engineio::ReceivedMemory& received)
      : loop_{loop}, sent_{sent}, memory_{memory}, received_{received}, serve_{loop::Stage::kServe, [this] {
                                                                                 serve_all();
                                                                               }} {}

  /// Puts it at the end of the line, unless it stands there already.
  void add(Served& served) {
    if (static_cast<Hook&>(served).is_linked()) return;
    waiting_.push_back(served);
    loop_.schedule(serve_);
  }

  /// How many bytes one connection may read at once, so that all together do not read more than a turn can process.
  std::size_t read_size() const { return read_size_; }

 private:
  using Hook = boost::intrusive::list_base_hook<boost::intrusive::tag<Served>,
                                                boost::intrusive::link_mode<boost::intrusive::auto_unlink>>;

  void serve_all();

  loop::Loop& loop_;
  engineio::FlushList& sent_;
  const engineio::SendQueueLimits& memory_;
  engineio::ReceivedMemory& received_;
  boost::intrusive::list<Served, boost::intrusive::base_hook<Hook>, boost::intrusive::constant_time_size<false>>
      waiting_;
  loop::Deferred serve_;
  std::size_t read_size_ = 65'536;
};

}  // namespace transport
