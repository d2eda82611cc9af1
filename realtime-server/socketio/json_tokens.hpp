// The scalars of JSON: each function takes the begin of a token, checks it and returns its end, or records the fault
// and returns null. Only for json_cursor.cpp; pure, any thread.
#pragma once

#include <cstddef>
#include <string_view>

#include "core/utf8.hpp"
#include "realtime-server/socketio/json_bytes.hpp"
#include "realtime-server/socketio/json_cursor.hpp"

namespace socketio {

/// Records the fault and returns null, for the caller to return.
inline const char* refused(JsonFault& fault, JsonError error, const char* at) {
  fault = {error, at};
  return nullptr;
}

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }

constexpr bool is_hex_digit(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

/// An escape; p is its backslash. A \u may encode half of a surrogate pair: RFC 8259, section 8.2, leaves that to the
/// parser, and JSON.parse accepts it.
inline const char* skip_escape(const char* p, const char* end, JsonFault& fault) {
  if (++p == end) return refused(fault, JsonError::kUnexpectedEnd, p);
  switch (*p) {
    case '"':
    case '\\':
    case '/':
    case 'b':
    case 'f':
    case 'n':
    case 'r':
    case 't':
      return p + 1;
    case 'u':
      break;
    default:
      return refused(fault, JsonError::kBadEscape, p);
  }
  for (int i = 0; i < 4; ++i) {
    if (++p == end) return refused(fault, JsonError::kUnexpectedEnd, p);
    if (!is_hex_digit(*p)) return refused(fault, JsonError::kBadEscape, p);
  }
  return p + 1;
}

/// Characters outside ASCII; p is the first byte of one.
inline const char* skip_not_ascii(const char* p, const char* end, JsonFault& fault) {
  do {
    const auto sequence = core::utf8_sequence(p, end);
    if (!sequence.well_formed) return refused(fault, JsonError::kBadUtf8, p);
    p += sequence.length;
  } while (p != end && static_cast<unsigned char>(*p) >= 0x80);
  return p;
}

/// A string; p is its opening quote.
inline const char* skip_string(const char* p, const char* end, JsonFault& fault) {
  ++p;
  while (p != nullptr) {
    p = skip_plain(p, end);
    if (p == end) return refused(fault, JsonError::kUnexpectedEnd, p);
    if (*p == '"') return p + 1;
    if (*p == '\\')
      p = skip_escape(p, end, fault);
    else if (static_cast<unsigned char>(*p) >= 0x80)
      p = skip_not_ascii(p, end, fault);
    else
      return refused(fault, JsonError::kControlCharacter, p);
  }
  return nullptr;
}

/// One digit or more.
inline const char* skip_digits(const char* p, const char* end, JsonFault& fault) {
  if (p == end) return refused(fault, JsonError::kUnexpectedEnd, p);
  if (!is_digit(*p)) return refused(fault, JsonError::kBadNumber, p);
  while (p != end && is_digit(*p)) ++p;
  return p;
}

/// A number (RFC 8259, section 6); p is its sign or first digit.
inline const char* skip_number(const char* p, const char* end, JsonFault& fault) {
  if (*p == '-') ++p;
  const char* const digits = p;
  p = skip_digits(p, end, fault);
  if (p == nullptr) return nullptr;
  if (*digits == '0' && p - digits > 1) return refused(fault, JsonError::kBadNumber, digits + 1);
  if (p != end && *p == '.') {
    p = skip_digits(p + 1, end, fault);
    if (p == nullptr) return nullptr;
  }
  if (p != end && (*p == 'e' || *p == 'E')) {
    ++p;
    if (p != end && (*p == '+' || *p == '-')) ++p;
    p = skip_digits(p, end, fault);
  }
  return p;
}

/// Exactly `word`; p is its first byte.
inline const char* skip_word(const char* p, const char* end, std::string_view word, JsonFault& fault) {
  const auto left = static_cast<std::size_t>(end - p);
  if (left >= word.size() && std::string_view{p, word.size()} == word) return p + word.size();
  std::size_t same = 0;
  while (same < left && p[same] == word[same]) ++same;
  return refused(fault, same == left ? JsonError::kUnexpectedEnd : JsonError::kUnexpectedByte, p + same);
}

}  // namespace socketio
