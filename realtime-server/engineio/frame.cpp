#include "realtime-server/engineio/frame.hpp"

#include <algorithm>
#include <cstring>

#include "core/utf8.hpp"

namespace engineio {
namespace {

std::uint64_t big_endian(std::span<const unsigned char> bytes) {
  std::uint64_t value = 0;
  for (const auto byte : bytes) value = value << 8U | byte;
  return value;
}

Incoming failure(CloseReason reason) { return {Incoming::Kind::kError, {}, reason}; }

/// Statuses that a close frame may carry (RFC 6455, section 7.4).
bool is_valid_status(std::uint64_t status) {
  return (status >= 1000 && status <= 1014 && status != 1004 && status != 1005 && status != 1006) ||
         (status >= 3000 && status <= 4999);
}

}  // namespace

char* write_frame_header(char* at, Opcode opcode, std::size_t payload) {
  const auto put = [&at](std::size_t byte) { *at++ = static_cast<char>(byte); };
  put(0x80U | static_cast<unsigned>(opcode));
  if (payload < 126) {
    put(payload);
    return at;
  }
  const int bytes = payload < 65'536 ? 2 : 8;
  put(bytes == 2 ? 126 : 127);
  for (int i = bytes - 1; i >= 0; --i) put(payload >> (8U * static_cast<unsigned>(i)) & 0xffU);
  return at;
}

OwnFrame decode_own_frame(std::string_view bytes) {
  const auto* raw = reinterpret_cast<const unsigned char*>(bytes.data());
  const std::size_t length = raw[1];
  const auto opcode = static_cast<Opcode>(raw[0] & 0x0fU);
  if (length < 126) return {opcode, bytes.substr(2, length), length + 2};
  const std::size_t size_bytes = length == 126 ? 2 : 8;
  const auto payload = static_cast<std::size_t>(big_endian({raw + 2, size_bytes}));
  return {opcode, bytes.substr(2 + size_bytes, payload), 2 + size_bytes + payload};
}

FrameReader::Parts& FrameReader::parts() {
  if (!parts_) parts_ = std::make_unique<Parts>();
  return *parts_;
}

void FrameReader::release() {
  if (!release_parts_) return;
  release_parts_ = false;
  // A control frame may arrive in the middle of a message.
  std::string{}.swap(is_control() ? parts_->control : parts_->message);
  if (parts_->message.empty() && parts_->control.empty()) parts_.reset();
}

Incoming FrameReader::next(std::span<char>& bytes) {
  release();
  while (true) {
    if (!in_payload_) {
      if (!take_header(bytes)) return {};
      if (const auto begun = begin_frame(); begun.kind != Incoming::Kind::kNothing) return begun;
    }
    const auto taken = take_payload(bytes);
    if (taken.kind != Incoming::Kind::kNothing || in_payload_) return taken;
  }
}

/// Collects the header's bytes; true when it is whole.
bool FrameReader::take_header(std::span<char>& bytes) {
  const auto needed = [this]() -> std::size_t {
    if (header_size_ < 2) return 2;
    const unsigned length = header_[1] & 0x7fU;
    return 2U + (length == 126 ? 2U : length == 127 ? 8U : 0U) + ((header_[1] & 0x80U) != 0 ? 4U : 0U);
  };
  while (header_size_ < needed()) {
    const auto count = std::min(needed() - header_size_, bytes.size());
    if (count == 0) return false;
    std::memcpy(header_.data() + header_size_, bytes.data(), count);
    header_size_ = static_cast<std::uint8_t>(header_size_ + count);
    bytes = bytes.subspan(count);
  }
  return true;
}

/// Checks a whole header (RFC 6455, sections 5.2 and 5.4).
Incoming FrameReader::begin_frame() {
  const unsigned first = header_[0];
  const unsigned short_length = header_[1] & 0x7fU;
  opcode_ = static_cast<Opcode>(first & 0x0fU);
  final_ = (first & 0x80U) != 0;
  const auto code = first & 0x0fU;
  if ((first & 0x70U) != 0 || (code > 2 && code < 8) || code > 10) return failure(CloseReason::kProtocolError);
  if ((header_[1] & 0x80U) == 0) return failure(CloseReason::kProtocolError);  // clients must mask (section 5.1)
  if (is_control() && (!final_ || short_length > 125)) return failure(CloseReason::kProtocolError);
  const bool continues = opcode_ == Opcode::kContinuation;
  if (!is_control() && continues == (message_ == Opcode::kContinuation)) return failure(CloseReason::kProtocolError);

  const std::size_t size_bytes = short_length == 126 ? 2 : short_length == 127 ? 8 : 0;
  left_ = size_bytes == 0 ? short_length : big_endian({header_.data() + 2, size_bytes});
  // The length must use the shortest encoding, with its top bit clear.
  if ((size_bytes == 2 && left_ < 126) || (size_bytes == 8 && (left_ < 65'536 || (left_ >> 63U) != 0)))
    return failure(CloseReason::kProtocolError);
  const std::uint64_t before = continues && parts_ ? parts_->message.size() : 0;
  if (!is_control() && left_ + before > most_) return failure(CloseReason::kMessageTooBig);
  std::memcpy(mask_.data(), header_.data() + 2 + size_bytes, mask_.size());
  if (!is_control() && !continues && !final_) message_ = opcode_;
  header_size_ = 0;
  mask_offset_ = 0;
  in_payload_ = true;
  return {};
}

Incoming FrameReader::take_payload(std::span<char>& bytes) {
  const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size()));
  const auto part = bytes.first(count);
  unmask(part);
  bytes = bytes.subspan(count);
  left_ -= count;
  const std::string_view text{part.data(), part.size()};
  in_payload_ = left_ > 0;
  const bool whole = !in_payload_ && (is_control() || final_);
  auto* earlier = !parts_ ? nullptr : is_control() ? &parts_->control : &parts_->message;
  if (whole && (earlier == nullptr || earlier->empty())) return finished(text);
  if (!whole && text.empty()) return {};
  auto& collected = is_control() ? parts().control : parts().message;
  collected += text;
  if (!whole) return {};
  release_parts_ = true;
  return finished(collected);
}

Incoming FrameReader::finished(std::string_view payload) {
  switch (opcode_) {
    case Opcode::kPing:
      return {Incoming::Kind::kPing, payload};
    case Opcode::kPong:
      return {Incoming::Kind::kPong, payload};
    case Opcode::kClose: {
      const auto* raw = reinterpret_cast<const unsigned char*>(payload.data());
      if (payload.size() == 1 || (payload.size() > 1 && !is_valid_status(big_endian({raw, 2}))))
        return failure(CloseReason::kProtocolError);
      if (payload.size() > 2 && !core::is_utf8(payload.substr(2))) return failure(CloseReason::kInvalidUtf8);
      return {Incoming::Kind::kClose, payload};
    }
    default:
      break;
  }
  const auto kind = opcode_ == Opcode::kContinuation ? message_ : opcode_;
  if (opcode_ == Opcode::kContinuation) message_ = Opcode::kContinuation;
  return {kind == Opcode::kText ? Incoming::Kind::kText : Incoming::Kind::kBinary, payload};
}

/// Eight bytes at a time; the mask is repeated from where the frame's last part ended (section 5.3).
void FrameReader::unmask(std::span<char> bytes) {
  std::array<unsigned char, 8> turned{};
  for (std::size_t i = 0; i < turned.size(); ++i) turned[i] = mask_[(mask_offset_ + i) & 3U];
  std::uint64_t mask = 0;
  std::memcpy(&mask, turned.data(), sizeof mask);
  std::size_t at = 0;
  for (; at + 8 <= bytes.size(); at += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data() + at, sizeof word);
    word ^= mask;
    std::memcpy(bytes.data() + at, &word, sizeof word);
  }
  for (; at < bytes.size(); ++at)
    bytes[at] = static_cast<char>(static_cast<unsigned char>(bytes[at]) ^ turned[at & 7U]);
  mask_offset_ = static_cast<std::uint32_t>((mask_offset_ + bytes.size()) & 3U);
}

}  // namespace engineio
