// Tracks the memory of clients that have not yet read what was sent to them, and disconnects the largest holders when
// the total exceeds its bound. Owned by a shard; one loop thread only.
#pragma once

#include <cstddef>

#include <boost/intrusive/list.hpp>

#include "realtime-server/engineio/chunk.hpp"

namespace engineio {

/// An object with bytes that wait for a client. Removes itself from the list when it is destroyed.
class BacklogTag;
using BacklogHook = boost::intrusive::list_base_hook<boost::intrusive::tag<BacklogTag>,
                                                     boost::intrusive::link_mode<boost::intrusive::auto_unlink>>;
class Backlog : public BacklogHook {
 public:
  virtual ~Backlog() = default;
  /// The memory that it holds, in bytes, as SendQueue::memory reports it; 0: none.
  virtual std::size_t backlog() const = 0;
  /// Closes the client's connection as a slow consumer and frees its queue; may destroy this object.
  virtual void cut_off() = 0;
};

/// All objects with waiting bytes. A client that has read everything is not among them and is never disconnected.
class Backlogs {
 public:
  /// `bound` is in bytes of all chunks.
  explicit Backlogs(std::size_t bound) : bound_{bound} {}

  /// Call when something is left at the end of a turn.
  void add(Backlog& backlog) {
    if (!backlog.BacklogHook::is_linked()) waiting_.push_back(backlog);
  }
  /// If memory exceeds the bound, disconnects the clients with the largest backlogs until it does not.
  void relieve() {
    if (is_over()) cut_off_largest();
  }

 private:
  using List = boost::intrusive::list<Backlog, boost::intrusive::base_hook<BacklogHook>,
                                      boost::intrusive::constant_time_size<false>>;

  bool is_over() const { return Chunk::allocated() > bound_; }
  void cut_off_largest();

  std::size_t bound_;
  List waiting_;  ///< some of which may have sent everything meanwhile
};

}  // namespace engineio
