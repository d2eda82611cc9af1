#include "core/duration.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>

#include <fmt/format.h>

namespace core {
namespace {

using std::chrono::milliseconds;
using namespace std::chrono_literals;

constexpr milliseconds kLongest = 1000h;

std::string_view take_digits(std::string_view& rest) {
  const auto digits = rest.substr(0, rest.find_first_not_of("0123456789"));
  rest.remove_prefix(digits.size());
  return digits;
}

struct Unit {
  std::string_view name;
  milliseconds length;
};
// The longest name first, as `m` begins `ms` too.
constexpr std::array<Unit, 4> kUnits{{{"ms", 1ms}, {"h", 1h}, {"m", 1min}, {"s", 1s}}};

/// Removes one part of a duration, for example `1.5s`, from the front of `rest`.
std::optional<milliseconds> take_part(std::string_view& rest) {
  const auto whole = take_digits(rest);
  std::string_view fraction;
  if (rest.starts_with('.')) {
    rest.remove_prefix(1);
    fraction = take_digits(rest);
  }
  if (whole.empty() && fraction.empty()) return std::nullopt;
  const auto* unit =
      std::find_if(kUnits.begin(), kUnits.end(), [&](const Unit& u) { return rest.starts_with(u.name); });
  if (unit == kUnits.end() || whole.size() > 12) return std::nullopt;
  rest.remove_prefix(unit->name.size());
  std::int64_t count = 0;
  std::from_chars(whole.data(), whole.data() + whole.size(), count);
  auto total = unit->length * count;
  // Each digit of the fraction is worth a tenth of the previous one; fractions of a millisecond are refused.
  auto worth = unit->length;
  for (const char digit : fraction) {
    if (worth.count() % 10 != 0 && digit != '0') return std::nullopt;
    worth /= 10;
    total += worth * (digit - '0');
  }
  return total;
}

}  // namespace

std::optional<milliseconds> parse_duration(std::string_view text) {
  if (text == "0") return 0ms;
  if (text.empty()) return std::nullopt;
  milliseconds total{};
  while (!text.empty()) {
    const auto part = take_part(text);
    if (!part || *part > kLongest) return std::nullopt;
    total += *part;
    if (total > kLongest) return std::nullopt;
  }
  return total;
}

std::string format_duration(milliseconds duration) {
  if (duration == 0ms) return "0";
  std::string text;
  for (const auto& unit : {kUnits[1], kUnits[2], kUnits[3], kUnits[0]}) {
    if (const auto count = duration / unit.length; count != 0) text += fmt::format("{}{}", count, unit.name);
    duration %= unit.length;
  }
  return text;
}

}  // namespace core
