#include "realtime-server/server/config_scalars.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace server {
namespace {

constexpr std::size_t kShownCharacters = 60;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Takes the digits at the front of `rest`.
std::string_view take_digits(std::string_view& rest) {
  const auto count = static_cast<std::size_t>(std::find_if_not(rest.begin(), rest.end(), is_digit) - rest.begin());
  const auto digits = rest.substr(0, count);
  rest.remove_prefix(count);
  return digits;
}

bool take(std::string_view& rest, std::string_view any_of) {
  if (rest.empty() || any_of.find(rest.front()) == std::string_view::npos) return false;
  rest.remove_prefix(1);
  return true;
}

bool any_of(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), text) != words.end();
}

/// `[-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )?`, in pieces.
struct Decimal {
  bool negative = false;
  std::string_view whole;
  std::string_view fraction;
  bool has_exponent = false;
  bool negative_exponent = false;
  std::string_view exponent;
};

std::optional<Decimal> read_decimal(std::string_view text) {
  Decimal number;
  number.negative = text.starts_with('-');
  take(text, "+-");
  number.whole = take_digits(text);
  if (take(text, ".")) number.fraction = take_digits(text);
  if (number.whole.empty() && number.fraction.empty()) return std::nullopt;
  if (take(text, "eE")) {
    number.has_exponent = true;
    number.negative_exponent = text.starts_with('-');
    take(text, "+-");
    number.exponent = take_digits(text);
    if (number.exponent.empty()) return std::nullopt;
  }
  if (!text.empty()) return std::nullopt;
  return number;
}

/// The base and the digits of `0o17` and `0x1F`.
std::optional<std::pair<int, std::string_view>> read_based(std::string_view text) {
  if (text.size() < 3 || text[0] != '0' || (text[1] != 'x' && text[1] != 'o')) return std::nullopt;
  const bool is_hexadecimal = text[1] == 'x';
  const auto digits = text.substr(2);
  if (digits.find_first_not_of(is_hexadecimal ? "0123456789abcdefABCDEF" : "01234567") != std::string_view::npos)
    return std::nullopt;
  return std::pair{is_hexadecimal ? 16 : 8, digits};
}

std::optional<std::uint64_t> to_unsigned(std::string_view digits, int base) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
  if (error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  return value;
}

}  // namespace

ScalarType scalar_type(std::string_view plain) {
  if (any_of(plain, {"", "~", "null", "Null", "NULL"})) return ScalarType::kNull;
  if (any_of(plain, {"true", "True", "TRUE", "false", "False", "FALSE"})) return ScalarType::kBool;
  auto unsigned_part = plain;
  take(unsigned_part, "+-");
  if (any_of(unsigned_part, {".inf", ".Inf", ".INF"}) || any_of(plain, {".nan", ".NaN", ".NAN"}))
    return ScalarType::kNotFinite;
  return read_decimal(plain) || read_based(plain) ? ScalarType::kNumber : ScalarType::kText;
}

std::optional<std::string> json_number(std::string_view plain) {
  if (const auto based = read_based(plain)) {
    const auto value = to_unsigned(based->second, based->first);
    return value ? std::optional{std::to_string(*value)} : std::nullopt;
  }
  const auto number = read_decimal(plain);
  if (!number) return std::nullopt;
  const auto first = std::min(number->whole.find_first_not_of('0'), number->whole.size());
  std::string json = number->negative ? "-" : "";
  json += first == number->whole.size() ? "0" : number->whole.substr(first);
  if (!number->fraction.empty()) json.append(".").append(number->fraction);
  if (number->has_exponent) json.append("e").append(number->negative_exponent ? "-" : "").append(number->exponent);
  if (!std::isfinite(std::strtod(json.c_str(), nullptr))) return std::nullopt;
  return json;
}

std::optional<std::uint64_t> whole_number(std::string_view plain) {
  const auto json = json_number(plain);
  return json ? to_unsigned(*json, 10) : std::nullopt;
}

std::string json_string(std::string_view text) { return nlohmann::json(text).dump(); }

std::string shown(std::string_view text) {
  std::size_t characters = 0;
  std::size_t end = 0;
  for (; end < text.size(); ++end) {
    const bool begins_character = (static_cast<unsigned char>(text[end]) & 0xC0U) != 0x80U;
    if (begins_character && ++characters > kShownCharacters) break;
  }
  return json_string(text.substr(0, end)) + (end < text.size() ? "…" : "");
}

}  // namespace server
