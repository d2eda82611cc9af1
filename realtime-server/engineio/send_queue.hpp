// What waits to be sent to one client: complete frames in shared chunks, as ranges; adjacent ranges merge into one
// segment. A frame contains its own length and kind, so polling answers extract packets from the same ranges that a
// WebSocket sends unchanged. A client that keeps much more memory than it has bytes gets copies instead. Owned by a
// session or a WebSocket; one loop thread only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include <sys/uio.h>

#include "realtime-server/engineio/chunk.hpp"
#include "realtime-server/engineio/frame.hpp"

namespace engineio {

/// The limits of every send queue of a process, and what all of them use.
struct SendQueueLimits {
  std::size_t bytes = 4 << 20;          ///< of one slow client's send queue
  std::size_t segments = 16'384;        ///< ranges in a slow client's queue; adjacent frames share one
  std::size_t total_bytes = 256 << 20;  ///< of memory in the process; see is_over
  std::size_t total_used = 0;           ///< bytes in all send queues; shared bytes count for each client
  std::size_t segment_bytes = 0;        ///< memory of the lists of ranges, but for those that every client keeps

  /// The memory of all send queues: chunks, in which shared bytes count once, and the lists.
  std::size_t memory() const { return Chunk::allocated() + segment_bytes; }
  bool is_over() const { return memory() > total_bytes; }
  /// Whether less than an eighth of the bound is free.
  bool is_nearly_over() const { return memory() > total_bytes - total_bytes / 8; }
};

class SendQueue {
 public:
  explicit SendQueue(SendQueueLimits& limits) : limits_{&limits} {}
  ~SendQueue() { clear(); }
  SendQueue(const SendQueue&) = delete;
  SendQueue& operator=(const SendQueue&) = delete;

  /// Marks the current content as left over from earlier turns: the client had a chance to read it.
  void begin_turn() { behind_ = !empty(); }
  /// Adds one frame, or several that are adjacent. Returns false and adds nothing if a limit is exceeded: the client is
  /// a slow consumer. Frames from one turn never count against a client that had caught up.
  bool push(const Range& frames);
  /// Adds a range without checking the limits.
  void add(const Range& range);
  /// Moves everything out of another send queue with the same limits into this one.
  void append(SendQueue& other);

  bool empty() const { return bytes_ == 0; }
  std::size_t bytes() const { return bytes_; }
  /// The memory that it holds; for shared chunks, its share. 0 only if the queue is empty.
  std::size_t memory() const;
  std::size_t segments() const { return ranges_.size() - head_; }

  /// Fills `vectors` with the first ranges and returns how many it filled.
  std::size_t gather(std::span<iovec> vectors) const;
  /// Removes the first `bytes` bytes, which were sent.
  void consume(std::size_t bytes);

  /// Removes up to `most` packets for a polling client: the same bytes without frame headers, joined by U+001E
  /// (Engine.IO v4, "Payload encoding"). Requires text frames only, and that consume() was never called.
  std::vector<Range> take_payload(std::size_t most, ChunkArena& arena);
  /// Converts queued Base64 data into binary frames, for a WebSocket. Same requirements as take_payload.
  void decode_base64(ChunkArena& arena);

  void clear();

 private:
  bool continues(const Range& range) const;
  void compact();
  std::pair<OwnFrame, Range> take_frame();
  void drop_first_range();
  void count_list(std::size_t capacity_before);

  SendQueueLimits* limits_;
  std::vector<Range> ranges_;
  std::uint32_t head_ = 0;        ///< ranges before it were sent
  std::uint32_t compact_at_ = 0;  ///< so many segments are a reason to look at the memory; 0: kFirstLook
  bool behind_ = false;           ///< something is left from an earlier turn
  std::size_t bytes_ = 0;
};

}  // namespace engineio
