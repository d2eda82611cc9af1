// Who keeps memory because a peer has not taken yet what was sent to it, and whom it is taken from when there is too
// much. Owned by a shard; one loop thread only.
#pragma once

#include <cstddef>

#include <boost/intrusive/list.hpp>

#include "realtime-server/engineio/chunk.hpp"

namespace engineio {

/// Something with bytes that wait for a peer. Forgotten when it dies.
class BacklogTag;
using BacklogHook = boost::intrusive::list_base_hook<boost::intrusive::tag<BacklogTag>,
                                                     boost::intrusive::link_mode<boost::intrusive::auto_unlink>>;
class Backlog : public BacklogHook {
 public:
  virtual ~Backlog() = default;
  /// The memory that it keeps, in bytes, as SendQueue::memory says it; 0: none.
  virtual std::size_t backlog() const = 0;
  /// Ends the peer's connection as a slow consumer and frees what waits; may destroy this.
  virtual void cut_off() = 0;
};

/// All of them. Who has taken everything is not among them, and never cut off.
class Backlogs {
 public:
  /// `bound` is in bytes of all chunks.
  explicit Backlogs(std::size_t bound) : bound_{bound} {}

  /// At the end of a turn something was left.
  void add(Backlog& backlog) {
    if (!backlog.BacklogHook::is_linked()) waiting_.push_back(backlog);
  }
  /// If memory is over the bound: cuts off those with most until it is not.
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
