// What waits to be sent to one client: ready frames in shared chunks, as ranges that merge when they are adjacent. A
// frame says its own length and kind, so a polling answer takes packets out of the same ranges that a WebSocket sends
// as they are. A client that is behind gets copies of small frames, lest it keeps the chunks of all. Owned by a session
// or a WebSocket; one loop thread only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <sys/uio.h>

#include "realtime-server/engineio/chunk.hpp"

namespace engineio {

/// The bounds of every outbox of a process, and what all of them hold. Bytes that are shared count for each receiver.
struct OutboxLimits {
  std::size_t bytes = 4 << 20;            ///< of one outbox
  std::size_t entries = 16'384;           ///< ranges of one outbox; frames that are adjacent share one
  std::size_t process_bytes = 256 << 20;  ///< of all together
  std::size_t process_used = 0;
};

class Outbox {
 public:
  explicit Outbox(OutboxLimits& limits) : limits_{&limits} {}
  ~Outbox() { clear(); }
  Outbox(const Outbox&) = delete;
  Outbox& operator=(const Outbox&) = delete;

  /// Adds one frame. False if a bound is exceeded: then nothing was added, and the client is a slow consumer.
  bool push(const Range& frame);
  /// Adds everything that another outbox of the same limits holds, and empties that.
  void append(Outbox& other);

  bool empty() const { return bytes_ == 0; }
  std::size_t bytes() const { return bytes_; }
  std::size_t entries() const { return ranges_.size() - head_; }

  /// Fills `vectors` with the first ranges; gives how many it filled.
  std::size_t gather(std::span<iovec> vectors) const;
  /// Forgets the first `bytes` bytes, which were sent.
  void consume(std::size_t bytes);

  /// Takes up to `most` packets out, for a polling client: joined by U+001E, binary ones as `b` and Base64 (Engine.IO
  /// v4, "Payload encoding"). Only while nothing was consumed by bytes. Control frames are left out.
  std::string take_payload(std::size_t most);

  void clear();

 private:
  bool continues(const Range& range) const;
  Range copy(const Range& frame);
  void drop_first_range();

  OutboxLimits* limits_;
  std::vector<Range> ranges_;
  ChunkArena own_;          ///< for what is not left in the chunk of others
  std::uint32_t head_ = 0;  ///< ranges before it are sent
  std::size_t bytes_ = 0;
};

}  // namespace engineio
