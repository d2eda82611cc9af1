// The frames of RFC 6455, as far as the generator and the baseline need them: whole messages, no extensions.
#pragma once

#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

namespace bench {

inline constexpr std::uint8_t kText = 1;
inline constexpr std::uint8_t kClose = 8;
inline constexpr std::uint8_t kPing = 9;
inline constexpr std::uint8_t kPong = 10;
/// What decode() gives for bytes that start no frame that can be understood: fragments, extensions, absurd lengths.
inline constexpr std::uint8_t kBroken = 0xff;

struct Frame {
  std::uint8_t opcode = kBroken;
  std::string_view payload;
  std::size_t size = 0;  // of header and payload; 0: more bytes are needed
};

inline std::uint64_t big_endian(std::span<const char> bytes) {
  std::uint64_t value = 0;
  for (const char byte : bytes) value = value << 8 | static_cast<std::uint8_t>(byte);
  return value;
}

inline void unmask(std::span<char> payload, const char* key) {
  std::uint32_t half = 0;
  std::memcpy(&half, key, sizeof half);
  const std::uint64_t mask = std::uint64_t{half} << 32 | half;
  std::size_t at = 0;
  for (; at + sizeof mask <= payload.size(); at += sizeof mask) {
    std::uint64_t word = 0;
    std::memcpy(&word, payload.data() + at, sizeof word);
    word ^= mask;
    std::memcpy(payload.data() + at, &word, sizeof word);
  }
  for (; at < payload.size(); ++at) payload[at] = static_cast<char>(payload[at] ^ key[at % 4]);
}

/// The frame at the start of `bytes`; a masked payload is unmasked where it is.
inline Frame decode(std::span<char> bytes) {
  if (bytes.size() < 2) return {};
  const auto first = static_cast<std::uint8_t>(bytes[0]);
  const auto second = static_cast<std::uint8_t>(bytes[1]);
  if ((first & 0xf0) != 0x80) return {.size = bytes.size()};
  std::size_t header = 2;
  std::uint64_t length = second & 0x7f;
  if (length >= 126) {
    const std::size_t width = length == 126 ? 2 : 8;
    if (bytes.size() < header + width) return {};
    length = big_endian(bytes.subspan(header, width));
    header += width;
    if (length > 1 << 24) return {.size = bytes.size()};
  }
  const bool masked = (second & 0x80) != 0;
  const std::size_t key = header;
  if (masked) header += 4;
  const std::size_t size = header + static_cast<std::size_t>(length);
  if (bytes.size() < size) return {};
  const auto payload = bytes.subspan(header, static_cast<std::size_t>(length));
  if (masked) unmask(payload, bytes.data() + key);
  return {static_cast<std::uint8_t>(first & 0x0f), {payload.data(), payload.size()}, size};
}

/// Appends a frame; with a masking key, as a client has to send it.
inline void append_frame(std::string& out, std::uint8_t opcode, std::string_view payload, const char* key = nullptr) {
  const auto mask_bit = static_cast<std::uint8_t>(key != nullptr ? 0x80 : 0);
  out.push_back(static_cast<char>(0x80 | opcode));
  const std::size_t size = payload.size();
  if (size < 126) {
    out.push_back(static_cast<char>(mask_bit | size));
  } else {
    const int width = size <= 0xffff ? 2 : 8;
    out.push_back(static_cast<char>(mask_bit | (width == 2 ? 126 : 127)));
    for (int shift = (width - 1) * 8; shift >= 0; shift -= 8) out.push_back(static_cast<char>(size >> shift));
  }
  if (key != nullptr) out.append(key, 4);
  const std::size_t start = out.size();
  out.append(payload);
  if (key != nullptr) unmask({out.data() + start, size}, key);
}

// The handshake's key and the answer that RFC 6455 section 1.3 computes for it: one pair is as good as any other where
// no cache could be fooled.
inline constexpr std::string_view kHandshakeKey = "dGhlIHNhbXBsZSBub25jZQ==";
inline constexpr std::string_view kHandshakeAccept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

}  // namespace bench
