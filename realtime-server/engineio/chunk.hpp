// Memory in which frames are encoded once and from which every receiver sends: chunks with a reference count, and
// ranges of them. Owned by the ranges and by the writer of frames; one loop thread only, the count is not atomic.
#pragma once

#include <cstddef>
#include <cstdint>

#include <boost/smart_ptr/intrusive_ptr.hpp>

namespace engineio {

/// A block of bytes that is filled once, front to back, and freed with its last range.
class Chunk {
 public:
  /// A new chunk for `capacity` bytes, without references yet.
  static Chunk* make(std::size_t capacity);

  char* data() { return reinterpret_cast<char*>(this + 1); }
  const char* data() const { return reinterpret_cast<const char*>(this + 1); }
  std::size_t size() const { return size_; }
  std::size_t free_bytes() const { return capacity_ - size_; }
  bool is_shared() const { return references_ > 1; }
  /// The memory that one reference accounts for: the chunk's size divided by the number of references.
  std::size_t bytes_a_reference() const { return (sizeof(Chunk) + capacity_) / references_; }

  /// Takes the next `bytes` bytes and returns their offset. The chunk must have enough room.
  char* take(std::size_t bytes);
  /// Makes the chunk empty again. Only while no other reference to it exists.
  void reuse() { size_ = 0; }

  /// Total bytes of all chunks in this process.
  static std::size_t allocated() { return allocated_; }

  friend void intrusive_ptr_add_ref(Chunk* chunk) { ++chunk->references_; }
  friend void intrusive_ptr_release(Chunk* chunk) {
    if (--chunk->references_ == 0) destroy(chunk);
  }

 private:
  explicit Chunk(std::size_t capacity) : capacity_{static_cast<std::uint32_t>(capacity)} {}
  static void destroy(Chunk* chunk);

  static inline std::size_t allocated_ = 0;  // of the one loop thread

  std::uint32_t references_ = 0;
  std::uint32_t capacity_;
  std::uint32_t size_ = 0;
};

using ChunkPtr = boost::intrusive_ptr<Chunk>;

/// Part of a chunk. It holds one frame, several, or a part of one; only its creator knows which.
struct Range {
  ChunkPtr chunk;
  std::uint32_t offset = 0;
  std::uint32_t length = 0;

  const char* begin() const { return chunk->data() + offset; }
};

/// Hands out memory for what is sent: small pieces one after another in a shared chunk, so that the ranges of a turn
/// are adjacent, large ones in chunks of their own.
class ChunkArena {
 public:
  static constexpr std::size_t kChunkBytes = 16'384 - 32;  // with malloc's and our header a power of two

  /// Whether a piece of this size shares a chunk with others.
  static constexpr bool shares_chunk(std::size_t bytes) { return bytes <= kChunkBytes / 4; }

  /// `bytes` bytes to fill, at most 4 GiB.
  Range take(std::size_t bytes);

 private:
  ChunkPtr current_;
};

}  // namespace engineio
