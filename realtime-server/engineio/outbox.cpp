#include "realtime-server/engineio/outbox.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "core/digest.hpp"
#include "realtime-server/engineio/frame.hpp"

namespace engineio {
namespace {

/// From so many ranges on, which only a client that is behind has, small frames are copied: each would keep a chunk in
/// which nearly everything is for others.
constexpr std::size_t kSharedEntries = 32;

}  // namespace

bool Outbox::continues(const Range& range) const {
  return head_ < ranges_.size() && ranges_.back().chunk == range.chunk &&
         ranges_.back().offset + ranges_.back().length == range.offset;
}

/// The same bytes in memory of this outbox alone.
Range Outbox::copy(const Range& frame) {
  auto range = own_.take(frame.length);
  std::memcpy(range.chunk->data() + range.offset, frame.begin(), frame.length);
  return range;
}

bool Outbox::push(const Range& frame) {
  const std::size_t length = frame.length;
  if (bytes_ + length > limits_->bytes || limits_->process_used + length > limits_->process_bytes) return false;
  const bool copies = entries() >= kSharedEntries && !continues(frame) && ChunkArena::shares_chunk(length);
  const auto range = copies ? copy(frame) : frame;
  if (continues(range)) {
    ranges_.back().length += range.length;
  } else if (entries() < limits_->entries) {
    ranges_.push_back(range);
  } else {
    return false;
  }
  bytes_ += length;
  limits_->process_used += length;
  return true;
}

void Outbox::append(Outbox& other) {
  const auto first = other.ranges_.begin() + other.head_;
  ranges_.insert(ranges_.end(), std::make_move_iterator(first), std::make_move_iterator(other.ranges_.end()));
  bytes_ += std::exchange(other.bytes_, 0);
  other.clear();
}

std::size_t Outbox::gather(std::span<iovec> vectors) const {
  const auto count = std::min(vectors.size(), ranges_.size() - head_);
  for (std::size_t i = 0; i < count; ++i) {
    const auto& range = ranges_[head_ + i];
    vectors[i] = {const_cast<char*>(range.begin()), range.length};
  }
  return count;
}

void Outbox::consume(std::size_t bytes) {
  bytes_ -= bytes;
  limits_->process_used -= bytes;
  while (bytes > 0) {
    auto& range = ranges_[head_];
    const auto part = static_cast<std::uint32_t>(std::min<std::size_t>(bytes, range.length));
    range.offset += part;
    range.length -= part;
    bytes -= part;
    if (range.length == 0) drop_first_range();
  }
}

void Outbox::drop_first_range() {
  ranges_[head_++].chunk.reset();
  if (head_ < ranges_.size()) {
    // A queue that never quite empties must not keep what it has sent.
    if (head_ >= 64 && head_ >= ranges_.size() / 2) {
      ranges_.erase(ranges_.begin(), ranges_.begin() + head_);
      head_ = 0;
    }
    return;
  }
  ranges_.clear();
  head_ = 0;
  own_ = {};
  if (ranges_.capacity() > 2) std::vector<Range>{}.swap(ranges_);
}

std::string Outbox::take_payload(std::size_t most) {
  std::string payload;
  for (std::size_t taken = 0; taken < most && !empty();) {
    const auto& range = ranges_[head_];
    const auto frame = decode_own_frame({range.begin(), range.length});
    if (frame.opcode == Opcode::kText || frame.opcode == Opcode::kBinary) {
      if (taken++ > 0) payload += '\x1e';
      if (frame.opcode == Opcode::kText)
        payload += frame.payload;
      else
        payload.append("b").append(core::base64_encode(frame.payload));
    }
    consume(frame.size);
  }
  return payload;
}

void Outbox::clear() {
  limits_->process_used -= bytes_;
  std::vector<Range>{}.swap(ranges_);
  own_ = {};
  head_ = 0;
  bytes_ = 0;
}

}  // namespace engineio
