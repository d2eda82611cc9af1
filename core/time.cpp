#include "core/time.hpp"

#include <algorithm>
#include <cctype>
#include <ctime>

#include <fmt/chrono.h>
#include <fmt/format.h>

namespace core {

std::string format_time(SystemTime time) {
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}Z", fmt::gmtime(std::chrono::system_clock::to_time_t(time)));
}

std::string format_micro_time(SystemTime time) {
  const auto whole = std::chrono::floor<std::chrono::seconds>(time);
  const auto micros = std::chrono::duration_cast<std::chrono::microseconds>(time - whole).count();
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:06}Z", fmt::gmtime(std::chrono::system_clock::to_time_t(whole)), micros);
}

std::optional<SystemTime> parse_time(const std::string& text) {
  std::tm parts{};
  const char* rest = strptime(text.c_str(), "%Y-%m-%dT%H:%M:%S", &parts);
  if (rest == nullptr) return std::nullopt;
  if (*rest == '.')
    for (++rest; std::isdigit(static_cast<unsigned char>(*rest)) != 0;) ++rest;
  const char* end = strptime(rest, "%z", &parts);
  if (end == nullptr || *end != '\0') return std::nullopt;
  const auto offset = parts.tm_gmtoff;  // which timegm sets to zero
  const std::chrono::sys_seconds seconds{std::chrono::seconds{timegm(&parts) - offset}};
  static constexpr auto kFirst = std::chrono::ceil<std::chrono::seconds>(SystemTime::min());
  static constexpr auto kLast = std::chrono::floor<std::chrono::seconds>(SystemTime::max());
  return std::clamp(seconds, kFirst, kLast);
}

}  // namespace core
