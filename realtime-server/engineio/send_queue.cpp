#include "realtime-server/engineio/send_queue.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "core/digest.hpp"
#include "realtime-server/engineio/packet.hpp"

namespace engineio {
namespace {

/// From this many ranges on, small frames are copied: each would otherwise keep alive a chunk that is mostly for other
/// clients, and one sendmsg accepts a limited number of ranges.
constexpr std::size_t kSharedSegments = 32;

}  // namespace

bool SendQueue::continues(const Range& range) const {
  return head_ < ranges_.size() && ranges_.back().chunk == range.chunk &&
         ranges_.back().offset + ranges_.back().length == range.offset;
}

/// The same bytes, copied into memory that only this queue uses.
Range SendQueue::copy(const Range& frame) {
  auto range = own_.take(frame.length);
  std::memcpy(range.chunk->data() + range.offset, frame.begin(), frame.length);
  return range;
}

void SendQueue::add(const Range& range) {
  if (continues(range))
    ranges_.back().length += range.length;
  else
    ranges_.push_back(range);
  bytes_ += range.length;
  limits_->total_used += range.length;
}

bool SendQueue::push(const Range& frame) {
  const bool copies = segments() >= kSharedSegments && !continues(frame) && ChunkArena::shares_chunk(frame.length);
  if (behind_ && bytes_ + frame.length > limits_->bytes) return false;
  const auto range = copies ? copy(frame) : frame;
  if (behind_ && segments() >= limits_->segments && !continues(range)) return false;
  add(range);
  return true;
}

std::size_t SendQueue::memory() const {
  std::size_t sum = 0;
  for (auto i = std::size_t{head_}; i < ranges_.size(); ++i) sum += 1 + ranges_[i].chunk->bytes_a_reference();
  return sum;
}

void SendQueue::append(SendQueue& other) {
  const auto first = other.ranges_.begin() + other.head_;
  ranges_.insert(ranges_.end(), std::make_move_iterator(first), std::make_move_iterator(other.ranges_.end()));
  bytes_ += std::exchange(other.bytes_, 0);
  other.clear();
}

std::size_t SendQueue::gather(std::span<iovec> vectors) const {
  const auto count = std::min(vectors.size(), ranges_.size() - head_);
  for (std::size_t i = 0; i < count; ++i) {
    const auto& range = ranges_[head_ + i];
    vectors[i] = {const_cast<char*>(range.begin()), range.length};
  }
  return count;
}

void SendQueue::consume(std::size_t bytes) {
  bytes_ -= bytes;
  limits_->total_used -= bytes;
  while (bytes > 0) {
    auto& range = ranges_[head_];
    const auto part = static_cast<std::uint32_t>(std::min<std::size_t>(bytes, range.length));
    range.offset += part;
    range.length -= part;
    bytes -= part;
    if (range.length == 0) drop_first_range();
  }
}

void SendQueue::drop_first_range() {
  ranges_[head_++].chunk.reset();
  if (head_ < ranges_.size()) {
    // A queue that never becomes empty must still free what it has sent.
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

/// Removes and returns the first frame.
std::pair<OwnFrame, Range> SendQueue::take_frame() {
  const auto& range = ranges_[head_];
  const auto frame = decode_own_frame({range.begin(), range.length});
  Range taken{range.chunk, range.offset, static_cast<std::uint32_t>(frame.size)};
  consume(frame.size);
  return {frame, std::move(taken)};
}

std::vector<Range> SendQueue::take_payload(std::size_t most, ChunkArena& arena) {
  std::vector<Range> payload;
  Range separator;
  for (std::size_t taken = 0; taken < most && !empty(); ++taken) {
    auto [frame, range] = take_frame();
    if (taken > 0) {
      if (!separator.chunk) {
        separator = arena.take(1);
        separator.chunk->data()[separator.offset] = '\x1e';
      }
      payload.push_back(separator);
    }
    const auto head = static_cast<std::uint32_t>(frame.size - frame.payload.size());
    payload.push_back({std::move(range.chunk), range.offset + head, range.length - head});
  }
  return payload;
}

void SendQueue::decode_base64(ChunkArena& arena) {
  SendQueue decoded{*limits_};
  while (!empty()) {
    const auto [frame, range] = take_frame();
    const auto bytes = frame.payload.starts_with('b') ? core::base64_decode(frame.payload.substr(1)) : std::nullopt;
    decoded.add(bytes ? encode_binary(arena, *bytes) : range);
  }
  append(decoded);
}

void SendQueue::clear() {
  limits_->total_used -= bytes_;
  std::vector<Range>{}.swap(ranges_);
  own_ = {};
  head_ = 0;
  bytes_ = 0;
}

}  // namespace engineio
