#include "realtime-server/engineio/send_queue.hpp"

#include <algorithm>
#include <cstring>
#include <iterator>
#include <utility>

#include "core/digest.hpp"
#include "realtime-server/engineio/packet.hpp"

namespace engineio {
namespace {

/// With so many segments a client may keep many chunks alive that are mostly for others.
constexpr std::uint32_t kFirstLook = 64;
/// Copies are made when they save this share of the memory.
constexpr std::size_t kWorth = 2;
/// What is copied is freed in pieces of about this size.
constexpr std::size_t kPieceBytes = 65'536;
/// A list of so many is part of what a session costs.
constexpr std::size_t kKeptRanges = 2;

}  // namespace

bool SendQueue::continues(const Range& range) const {
  return head_ < ranges_.size() && ranges_.back().chunk == range.chunk &&
         ranges_.back().offset + ranges_.back().length == range.offset;
}

void SendQueue::count_list(std::size_t capacity_before) {
  const auto counted = [](std::size_t capacity) { return capacity > kKeptRanges ? capacity * sizeof(Range) : 0; };
  limits_->segment_bytes += counted(ranges_.capacity()) - counted(capacity_before);
}

void SendQueue::add(const Range& range) {
  if (continues(range)) {
    ranges_.back().length += range.length;
  } else {
    const auto before = ranges_.capacity();
    ranges_.push_back(range);
    if (ranges_.capacity() != before) count_list(before);
  }
  bytes_ += range.length;
  limits_->total_used += range.length;
}

bool SendQueue::push(const Range& frames) {
  if (behind_) {
    if (bytes_ + frames.length > limits_->bytes) return false;
    if (segments() >= limits_->segments && !continues(frames)) return false;
  }
  add(frames);
  if (segments() >= std::max(compact_at_, kFirstLook)) compact();
  return true;
}

std::size_t SendQueue::memory() const {
  if (empty()) return 0;
  auto sum = ranges_.capacity() * sizeof(Range);
  for (auto i = std::size_t{head_}; i < ranges_.size(); ++i) sum += 1 + ranges_[i].chunk->bytes_a_reference();
  return sum;
}

/// Copies everything if that saves memory: of chunks that are for this client alone, the rest stays allocated. Those
/// that many clients wait for are cheaper. Looks again when there are twice as many segments.
void SendQueue::compact() {
  if (memory() > kWorth * bytes_) {
    auto left = bytes_;
    std::vector<Range> ranges;
    for (auto i = std::size_t{head_}; i < ranges_.size(); ++i) {
      const auto& range = ranges_[i];
      if (ranges.empty() || ranges.back().chunk->free_bytes() < range.length) {
        const auto size = std::max<std::size_t>(range.length, std::min(left, kPieceBytes));
        ranges.push_back({ChunkPtr{Chunk::make(size)}, 0, 0});
      }
      std::memcpy(ranges.back().chunk->take(range.length), range.begin(), range.length);
      ranges.back().length += range.length;
      left -= range.length;
    }
    const auto before = ranges_.capacity();
    ranges_.swap(ranges);
    head_ = 0;
    count_list(before);
  }
  compact_at_ = static_cast<std::uint32_t>(2 * segments());
}

void SendQueue::append(SendQueue& other) {
  const auto before = ranges_.capacity();
  const auto first = other.ranges_.begin() + other.head_;
  ranges_.insert(ranges_.end(), std::make_move_iterator(first), std::make_move_iterator(other.ranges_.end()));
  count_list(before);
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
  if (ranges_.capacity() > kKeptRanges) clear();
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
  const auto before = ranges_.capacity();
  std::vector<Range>{}.swap(ranges_);
  count_list(before);
  head_ = 0;
  compact_at_ = 0;
  bytes_ = 0;
}

}  // namespace engineio
