#include "operator/kube/quantity.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace kube {
namespace {

__extension__ typedef __int128 Wide;  // NOLINT(modernize-use-using): only a typedef may be marked as an extension

constexpr int kMilli = 3;  // decimal places of a milli-unit
constexpr Wide kLimit = static_cast<Wide>(1'000'000'000'000'000'000) * 1'000;
// Of what has more decimal places than count. A thousand times that still fits.
constexpr Wide kDigits = kLimit * 10'000'000'000'000;
constexpr int kMaxExponent = 99;

struct Suffix {
  std::string_view text;
  int binary;   // multiplies by 2^binary
  int decimal;  // multiplies by 10^decimal
};

constexpr std::array kSuffixes{Suffix{"", 0, 0},    Suffix{"Ki", 10, 0}, Suffix{"Mi", 20, 0}, Suffix{"Gi", 30, 0},
                               Suffix{"Ti", 40, 0}, Suffix{"Pi", 50, 0}, Suffix{"Ei", 60, 0}, Suffix{"n", 0, -9},
                               Suffix{"u", 0, -6},  Suffix{"m", 0, -3},  Suffix{"k", 0, 3},   Suffix{"M", 0, 6},
                               Suffix{"G", 0, 9},   Suffix{"T", 0, 12},  Suffix{"P", 0, 15},  Suffix{"E", 0, 18}};

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::optional<Suffix> parse_suffix(std::string_view text) {
  for (const auto& suffix : kSuffixes)
    if (suffix.text == text) return suffix;
  if (text.size() < 2 || (text[0] != 'e' && text[0] != 'E')) return std::nullopt;
  text.remove_prefix(text[1] == '+' ? 2 : 1);
  int exponent = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), exponent);
  if (error != std::errc{} || end != text.data() + text.size() || exponent < -kMaxExponent || exponent > kMaxExponent)
    return std::nullopt;
  return Suffix{"", 0, exponent};
}

std::string to_text(Wide value) {
  if (value == 0) return "0";
  std::string digits;
  for (Wide rest = value < 0 ? -value : value; rest > 0; rest /= 10)
    digits += static_cast<char>('0' + static_cast<int>(rest % 10));
  if (value < 0) digits += '-';
  std::reverse(digits.begin(), digits.end());
  return digits;
}

}  // namespace

std::optional<std::string> quantity_value(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  Wide value = 0;
  int places = 0;
  bool point = false;
  bool any = false;
  std::size_t at = 0;
  for (; at < text.size() && (is_digit(text[at]) || (text[at] == '.' && !point)); ++at) {
    if (text[at] == '.') {
      point = true;
      continue;
    }
    any = true;
    value = value * 10 + (text[at] - '0');
    if (point) ++places;
    if (value > kDigits) return std::nullopt;
  }
  const auto suffix = parse_suffix(text.substr(at));
  if (!any || !suffix) return std::nullopt;
  for (int i = 0; i < suffix->binary; i += 10) {
    value *= 1024;
    if (value > kDigits) return std::nullopt;
  }
  int shift = suffix->decimal + kMilli - places;
  for (; shift > 0 && value != 0; --shift) {
    value *= 10;
    if (value > kLimit) return std::nullopt;
  }
  for (; shift < 0; ++shift) value = (value + 9) / 10;
  if (value > kLimit) return std::nullopt;
  return to_text(negative ? -value : value);
}

}  // namespace kube
