#include "operator/api/v1alpha1/duration.hpp"

#include <array>
#include <charconv>

#include <fmt/format.h>

namespace api {
namespace {

using std::chrono::milliseconds;

constexpr double kYear = 365.0 * 24 * 3'600'000;

struct Unit {
  std::string_view name;
  double milliseconds;
};
// A unit stands before the one that its name begins with.
constexpr std::array kUnits{Unit{"ms", 1}, Unit{"s", 1'000}, Unit{"m", 60'000}, Unit{"h", 3'600'000}};

/// Takes digits with at most one point among them; nothing if there is no digit.
std::optional<double> take_number(std::string_view& text) {
  const auto length = std::min(text.find_first_not_of("0123456789."), text.size());
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + length, number, std::chars_format::fixed);
  if (error != std::errc{} || end != text.data() + length) return std::nullopt;
  text.remove_prefix(length);
  return number;
}

std::optional<double> take_unit(std::string_view& text) {
  for (const auto& unit : kUnits) {
    if (!text.starts_with(unit.name)) continue;
    text.remove_prefix(unit.name.size());
    return unit.milliseconds;
  }
  return std::nullopt;
}

}  // namespace

std::optional<milliseconds> parse_duration(std::string_view text) {
  if (text.empty()) return std::nullopt;
  double sum = 0;
  while (!text.empty()) {
    const auto number = take_number(text);
    if (!number) return std::nullopt;
    const auto unit = take_unit(text);
    if (!unit) return std::nullopt;
    sum += *number * *unit;
  }
  if (sum > kYear) return std::nullopt;
  return milliseconds{static_cast<milliseconds::rep>(sum)};
}

std::string format_duration(milliseconds duration) {
  const auto count = duration.count();
  return count % 1'000 == 0 ? fmt::format("{}s", count / 1'000) : fmt::format("{}ms", count);
}

}  // namespace api
