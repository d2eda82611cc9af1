#include "realtime-server/engineio/chunk.hpp"

#include <cassert>
#include <new>

namespace engineio {

Chunk* Chunk::make(std::size_t capacity) {
  void* memory = ::operator new(sizeof(Chunk) + capacity);
  allocated_ += sizeof(Chunk) + capacity;
  return new (memory) Chunk{capacity};
}

void Chunk::destroy(Chunk* chunk) {
  allocated_ -= sizeof(Chunk) + chunk->capacity_;
  chunk->~Chunk();
  ::operator delete(static_cast<void*>(chunk));
}

char* Chunk::take(std::size_t bytes) {
  assert(bytes <= free_bytes());
  char* taken = data() + size_;
  size_ += static_cast<std::uint32_t>(bytes);
  return taken;
}

Range ChunkArena::take(std::size_t bytes) {
  if (!shares_chunk(bytes)) {
    ChunkPtr own{Chunk::make(bytes)};
    own->take(bytes);
    return {std::move(own), 0, static_cast<std::uint32_t>(bytes)};
  }
  if (current_ && !current_->is_shared()) current_->reuse();
  if (!current_ || current_->free_bytes() < bytes) current_ = ChunkPtr{Chunk::make(kChunkBytes)};
  const auto offset = static_cast<std::uint32_t>(current_->size());
  current_->take(bytes);
  return {current_, offset, static_cast<std::uint32_t>(bytes)};
}

}  // namespace engineio
