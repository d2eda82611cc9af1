#include "realtime-server/server/config_text.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include <fmt/format.h>

#include "core/utf8.hpp"

namespace server {
namespace {

unsigned byte_at(std::string_view text, std::size_t at) { return static_cast<unsigned char>(text[at]); }

bool begins_character(char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 && c != '\t' && c != '\n' && c != '\r'; }

/// The value of `\uXXXX` at the front of the text.
std::optional<unsigned> escaped_unit(std::string_view text) {
  if (text.size() < 6 || !text.starts_with("\\u")) return std::nullopt;
  unsigned unit = 0;
  const auto* const end = text.data() + 6;
  return std::from_chars(text.data() + 2, end, unit, 16).ptr == end ? std::optional{unit} : std::nullopt;
}

/// The character that two surrogates at the front of the text encode.
std::optional<unsigned> escaped_pair(std::string_view text) {
  const auto high = escaped_unit(text);
  if (!high || *high < 0xD800 || *high > 0xDBFF) return std::nullopt;
  const auto low = escaped_unit(text.substr(6));
  if (!low || *low < 0xDC00 || *low > 0xDFFF) return std::nullopt;
  return 0x10000 + ((*high - 0xD800) << 10U) + (*low - 0xDC00);
}

}  // namespace

ConfigText::ConfigText(std::string_view text, std::string_view file) : file_{file} {
  const auto first = text.find_first_not_of(" \t\r\n");
  if (first != std::string_view::npos && text[first] == '{') {
    join_surrogates(text);
  } else {
    yaml_ = text;
  }
}

// JSON escapes characters beyond U+FFFF as two surrogates, which yaml-cpp refuses; it reads \U and eight digits.
void ConfigText::join_surrogates(std::string_view text) {
  yaml_.reserve(text.size());
  while (!text.empty()) {
    std::size_t taken = 1;
    if (const auto character = escaped_pair(text)) {
      yaml_ += fmt::format("\\U{:08X}", *character);
      shortened_.push_back(yaml_.size());
      taken = 12;
    } else {
      taken = text.starts_with('\\') ? std::min<std::size_t>(2, text.size()) : 1;
      yaml_ += text.substr(0, taken);
    }
    text.remove_prefix(taken);
  }
}

core::Result<ConfigText> ConfigText::check(std::string_view text, std::string_view file) {
  if (text.size() > kMaxConfigBytes)
    return core::fail(core::ErrorKind::kInvalidInput,
                      fmt::format("{}: is larger than {} bytes", file, kMaxConfigBytes));
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  Place place;
  for (std::size_t at = 0; at < text.size();) {
    const auto character = core::utf8_sequence(text.data() + at, text.data() + text.size());
    if (!character.well_formed || is_control(text[at]))
      return ConfigText{text.substr(0, at), file}.fail(
          place, fmt::format("the byte 0x{:02x}, which is not UTF-8 text", byte_at(text, at)));
    place.column += static_cast<int>(character.length);
    if (text[at] == '\n') place = {place.line + 1, 0};
    at += character.length;
  }
  return ConfigText{text, file};
}

std::string ConfigText::described(const Place& place) const {
  std::size_t begin = 0;
  for (int line = 0; line < place.line && begin < yaml_.size(); ++line)
    begin = std::min(yaml_.find('\n', begin), yaml_.size() - 1) + 1;
  const auto end = std::min(begin + static_cast<std::size_t>(place.column), yaml_.size());
  const auto characters = std::count_if(yaml_.begin() + static_cast<std::ptrdiff_t>(begin),
                                        yaml_.begin() + static_cast<std::ptrdiff_t>(end), begins_character);
  const auto missing =
      std::count_if(shortened_.begin(), shortened_.end(), [&](std::size_t at) { return at > begin && at <= end; });
  return fmt::format("{}:{}:{}", file_, place.line + 1, characters + 2 * missing + 1);
}

tl::unexpected<core::Error> ConfigText::fail(const Place& place, std::string_view problem) const {
  return core::fail(core::ErrorKind::kInvalidInput, fmt::format("{}: {}", described(place), problem));
}

}  // namespace server
