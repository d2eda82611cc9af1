// UTF-8: single sequences, inline for parsers, and whole texts. Pure; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace core {

/// The first byte in [p, end) that is not ASCII, or `end`.
inline const char* skip_ascii(const char* p, const char* end) {
  for (; end - p >= 8; p += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, p, sizeof word);
    if ((word & 0x8080808080808080) != 0) break;
  }
  while (p != end && static_cast<unsigned char>(*p) < 0x80) ++p;
  return p;
}

/// What begins at a byte: a well-formed sequence of `length` bytes, or that many invalid bytes.
struct Utf8Sequence {
  unsigned length;
  bool well_formed;
};

/// The sequence at p < end (Unicode, table 3-7). For an ill-formed one, the length of the maximal subpart that decoders
/// replace by one U+FFFD.
inline Utf8Sequence utf8_sequence(const char* p, const char* end) {
  const auto byte = [p](std::ptrdiff_t i) { return static_cast<unsigned char>(p[i]); };
  const unsigned lead = byte(0);
  if (lead < 0x80) return {1, true};
  if (lead < 0xc2 || lead > 0xf4) return {1, false};
  const unsigned length = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  // The second byte's range excludes overlong forms, surrogates and everything beyond U+10FFFF.
  const unsigned least = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
  const unsigned most = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
  if (end - p < 2 || byte(1) < least || byte(1) > most) return {1, false};
  for (unsigned i = 2; i < length; ++i)
    if (end - p <= static_cast<std::ptrdiff_t>(i) || (byte(i) & 0xc0U) != 0x80) return {i, false};
  return {length, true};
}

/// Whether the whole text is UTF-8.
bool is_utf8(std::string_view text);

/// The beginning of the text in at most `max_bytes` bytes of UTF-8, cut between characters. What is no UTF-8 is
/// replaced as decoders do, by U+FFFD for each maximal subpart.
std::string utf8_prefix(std::string_view text, std::size_t max_bytes);

}  // namespace core
