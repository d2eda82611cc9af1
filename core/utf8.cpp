#include "core/utf8.hpp"

namespace core {

bool is_utf8(std::string_view text) {
  const char* p = text.data();
  const char* const end = p + text.size();
  while ((p = skip_ascii(p, end)) != end) {
    const auto sequence = utf8_sequence(p, end);
    if (!sequence.well_formed) return false;
    p += sequence.length;
  }
  return true;
}

std::string_view utf8_prefix(std::string_view text, std::size_t max_bytes) {
  if (text.size() <= max_bytes) return text;
  const char* p = text.data();
  const char* const end = p + text.size();
  const char* const last = p + max_bytes;
  while (p < last) {
    const auto length = utf8_sequence(p, end).length;
    if (last - p < static_cast<std::ptrdiff_t>(length)) break;
    p += length;
  }
  return text.substr(0, static_cast<std::size_t>(p - text.data()));
}

}  // namespace core
