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

}  // namespace core
