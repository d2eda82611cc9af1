// What waits to be sent to one client: ready frames in shared chunks, as ranges that merge when they are adjacent. A
// frame says its own length and kind, so a polling answer takes packets out of the same ranges that a WebSocket sends
// as they are. A client that is behind gets copies of small frames, lest it keeps the chunks of all. Owned by a session
// or a WebSocket; one loop thread only.
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

/// The bounds of every send queue of a process.
struct SendQueueLimits {
  std::size_t bytes = 4 << 20;          ///< of one send queue whose client is behind
  std::size_t segments = 16'384;        ///< ranges of one whose client is behind; adjacent frames share one
  std::size_t total_bytes = 256 << 20;  ///< of all chunks, whoever refers to them; see Backlogs
  std::size_t total_used = 0;           ///< bytes that wait in all send queues, shared ones for each receiver
};

class SendQueue {
 public:
  explicit SendQueue(SendQueueLimits& limits) : limits_{&limits} {}
  ~SendQueue() { clear(); }
  SendQueue(const SendQueue&) = delete;
  SendQueue& operator=(const SendQueue&) = delete;

  /// From now on what is in it counts as left behind by earlier turns: its client had a chance to take it.
  void begin_turn() { behind_ = !empty(); }
  /// Adds one frame. False if a bound is exceeded: then nothing was added, and the client is a slow consumer. What one
  /// turn brings to a client that was not behind is no sign of that, however much it is.
  bool push(const Range& frame);
  /// Adds what its maker has bounded.
  void add(const Range& range);
  /// Adds everything that another send queue of the same limits holds, and empties that.
  void append(SendQueue& other);

  bool empty() const { return bytes_ == 0; }
  std::size_t bytes() const { return bytes_; }
  /// The memory that it keeps, or its part where others keep it too; not 0 unless it is empty.
  std::size_t memory() const;
  std::size_t segments() const { return ranges_.size() - head_; }

  /// Fills `vectors` with the first ranges; gives how many it filled.
  std::size_t gather(std::span<iovec> vectors) const;
  /// Forgets the first `bytes` bytes, which were sent.
  void consume(std::size_t bytes);

  /// Takes up to `most` packets out, for a polling client: the same bytes without the heads of the frames, joined by
  /// U+001E (Engine.IO v4, "Payload encoding"). Only of text frames, and while nothing was consumed by bytes.
  std::vector<Range> take_payload(std::size_t most, ChunkArena& arena);
  /// Turns binary data that wait as Base64 for a poll into binary frames, for a WebSocket. As for take_payload.
  void decode_base64(ChunkArena& arena);

  void clear();

 private:
  bool continues(const Range& range) const;
  Range copy(const Range& frame);
  std::pair<OwnFrame, Range> take_frame();
  void drop_first_range();

  SendQueueLimits* limits_;
  std::vector<Range> ranges_;
  ChunkArena own_;          ///< for what is not left in the chunk of others
  std::uint32_t head_ = 0;  ///< ranges before it are sent
  bool behind_ = false;     ///< something is of an earlier turn
  std::size_t bytes_ = 0;
};

}  // namespace engineio
