// Scans the bytes of JSON text, many at a time, for those that need a closer look. Inline; pure, any thread.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace socketio {

/// Whether a byte of a string is a complete, literal character: no quote, backslash, control character or part of a
/// longer UTF-8 sequence.
constexpr bool is_plain(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte >= 0x20 && byte < 0x80 && byte != '"' && byte != '\\';
}

/// The first byte in [p, end) that is not plain, or `end`; eight bytes at a time on any machine.
inline const char* skip_plain_portable(const char* p, const char* end) {
  constexpr std::uint64_t kOnes = 0x0101010101010101;
  constexpr std::uint64_t kHigh = kOnes * 0x80;
  // Sets the high bit of bytes less than `limit`. A borrow may also set it in the byte after such a byte, which does no
  // harm here.
  const auto below = [](std::uint64_t word, std::uint64_t limit) { return (word - kOnes * limit) & ~word; };
  for (; end - p >= 8; p += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, p, sizeof word);
    const auto stops = below(word, 0x20) | below(word ^ (kOnes * '"'), 1) | below(word ^ (kOnes * '\\'), 1) | word;
    if ((stops & kHigh) != 0) break;
  }
  while (p != end && is_plain(*p)) ++p;
  return p;
}

#ifdef __SSE2__

/// One bit for each of the sixteen bytes at `p` that is not plain.
inline unsigned stops_among_16(const char* p) {
  const __m128i block = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
  // As signed values, bytes from 0x80 are also less than 0x20.
  const __m128i low = _mm_cmplt_epi8(block, _mm_set1_epi8(0x20));
  const __m128i quote = _mm_cmpeq_epi8(block, _mm_set1_epi8('"'));
  const __m128i backslash = _mm_cmpeq_epi8(block, _mm_set1_epi8('\\'));
  return static_cast<unsigned>(_mm_movemask_epi8(_mm_or_si128(low, _mm_or_si128(quote, backslash))));
}

/// The same, sixteen bytes at a time.
inline const char* skip_plain(const char* p, const char* end) {
  for (; end - p >= 16; p += 16)
    if (const auto stops = stops_among_16(p)) return p + std::countr_zero(stops);
  return skip_plain_portable(p, end);
}

#else

inline const char* skip_plain(const char* p, const char* end) { return skip_plain_portable(p, end); }

#endif

/// The first byte in [p, end) that is no white space of RFC 8259, or `end`.
inline const char* skip_space(const char* p, const char* end) {
  while (p != end && (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t')) ++p;
  return p;
}

}  // namespace socketio
