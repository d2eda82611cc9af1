#include "realtime-server/socketio/json_string.hpp"

#include <charconv>
#include <cstdint>
#include <system_error>

#include "core/utf8.hpp"
#include "realtime-server/socketio/json_bytes.hpp"

namespace socketio {
namespace {

constexpr std::string_view kReplacement = "\xef\xbf\xbd";
constexpr std::uint32_t kReplacementPoint = 0xfffd;

void append_utf8(std::string& out, std::uint32_t point) {
  if (point < 0x80) {
    out += static_cast<char>(point);
    return;
  }
  if (point < 0x800) {
    out += static_cast<char>(0xc0U | point >> 6U);
  } else {
    if (point < 0x10000) {
      out += static_cast<char>(0xe0U | point >> 12U);
    } else {
      out += static_cast<char>(0xf0U | point >> 18U);
      out += static_cast<char>(0x80U | (point >> 12U & 0x3fU));
    }
    out += static_cast<char>(0x80U | (point >> 6U & 0x3fU));
  }
  out += static_cast<char>(0x80U | (point & 0x3fU));
}

// Not a code unit.
constexpr std::uint32_t kNoUnit = UINT32_MAX;

// The code unit that an escape `\uXXXX` at the head of `text` names, or kNoUnit.
std::uint32_t code_unit(std::string_view text) {
  std::uint32_t unit = 0;
  if (text.size() < 6 || text[0] != '\\' || text[1] != 'u') return kNoUnit;
  const char* const last = text.data() + 6;
  const auto [after, error] = std::from_chars(text.data() + 2, last, unit, 16);
  return error == std::errc{} && after == last ? unit : kNoUnit;
}

constexpr bool is_high_surrogate(std::uint32_t unit) { return unit >= 0xd800 && unit < 0xdc00; }

constexpr bool is_low_surrogate(std::uint32_t unit) { return unit >= 0xdc00 && unit < 0xe000; }

// Appends the character of the \u escape at the front of `text`, together with a second one if both form a surrogate
// pair (RFC 8259, section 7). Returns how many bytes it read.
std::size_t append_unicode_escape(std::string& out, std::string_view text) {
  const auto unit = code_unit(text);
  if (is_high_surrogate(unit)) {
    const auto second = code_unit(text.substr(6));
    if (is_low_surrogate(second)) {
      append_utf8(out, 0x10000 + ((unit - 0xd800) << 10U) + (second - 0xdc00));
      return 12;
    }
  }
  const bool is_character = unit != kNoUnit && !is_high_surrogate(unit) && !is_low_surrogate(unit);
  append_utf8(out, is_character ? unit : kReplacementPoint);
  return 6;
}

// The character of a two-byte escape; `"`, `\` and `/` mean themselves.
constexpr char escaped(char letter) {
  switch (letter) {
    case 'b':
      return '\b';
    case 'f':
      return '\f';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    default:
      return letter;
  }
}

void append_escape(std::string& out, char c) {
  static constexpr std::string_view kHexDigits = "0123456789abcdef";
  out += '\\';
  switch (c) {
    case '\b':
      out += 'b';
      return;
    case '\f':
      out += 'f';
      return;
    case '\n':
      out += 'n';
      return;
    case '\r':
      out += 'r';
      return;
    case '\t':
      out += 't';
      return;
    case '"':
    case '\\':
      out += c;
      return;
    default:
      out += "u00";
      out += kHexDigits[static_cast<unsigned char>(c) >> 4U];
      out += kHexDigits[static_cast<unsigned char>(c) & 0x0fU];
  }
}

}  // namespace

std::string unescape(std::string_view raw) {
  if (raw.size() < 2 || raw.front() != '"') return {};
  raw = raw.substr(1, raw.size() - 2);
  std::string text;
  text.reserve(raw.size());
  for (;;) {
    const auto backslash = raw.find('\\');
    text += raw.substr(0, backslash);
    if (backslash == std::string_view::npos) return text;
    raw.remove_prefix(backslash);
    std::size_t taken = 2;
    if (raw[1] == 'u')
      taken = append_unicode_escape(text, raw);
    else
      text += escaped(raw[1]);
    raw.remove_prefix(taken);
  }
}

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  const char* p = text.data();
  const char* const end = p + text.size();
  const char* copied = p;  // everything before it is in `out`
  const auto flush = [&] { out.append(copied, p); };
  while ((p = skip_plain(p, end)) != end) {
    if (static_cast<unsigned char>(*p) < 0x80) {
      flush();
      append_escape(out, *p);
      copied = ++p;
      continue;
    }
    const auto sequence = core::utf8_sequence(p, end);
    if (!sequence.well_formed) {
      flush();
      out += kReplacement;
      copied = p + sequence.length;
    }
    p += sequence.length;
  }
  flush();
  out += '"';
}

}  // namespace socketio
