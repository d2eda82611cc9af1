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

std::string utf8_prefix(std::string_view text, std::size_t max_bytes) {
  static constexpr std::string_view kReplacement = "\xef\xbf\xbd";  // U+FFFD
  std::string prefix;
  const char* p = text.data();
  const char* const end = p + text.size();
  while (p != end) {
    const auto sequence = utf8_sequence(p, end);
    const auto piece = sequence.well_formed ? std::string_view{p, sequence.length} : kReplacement;
    if (piece.size() > max_bytes - prefix.size()) break;
    prefix += piece;
    p += sequence.length;
  }
  return prefix;
}

}  // namespace core
