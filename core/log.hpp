// Structured logs: one JSON object a line on standard error, with time, level, message and the caller's fields.
// Safe on any thread. `configure_logs` is called once by main before the first line.
#pragma once

#include <bit>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <variant>

#include "core/result.hpp"

namespace core {

enum class LogLevel { kDebug, kInfo, kWarning, kError };

/// One field of a log line. The name is lowerCamelCase, as in the logs of Kubernetes' own components.
struct LogField {
  std::string_view name;
  std::variant<std::string_view, std::int64_t, double> value;
};

/// Sets the lowest level that is printed: "debug", "info", "warning" or "error"; anything else is kInvalidInput.
Result<void> configure_logs(std::string_view level);

/// Whether lines of this level are printed: for those that cost something to put together.
bool logs(LogLevel level);

/// Whether to log the `count`th event of a kind that seldom comes alone: the first, then at increasing intervals.
constexpr bool is_worth_a_line(std::uint64_t count) { return std::has_single_bit(count); }

/// Writes one line. Bytes that are not UTF-8 are replaced, so that a line is always valid JSON.
void log(LogLevel level, std::string_view message, std::initializer_list<LogField> fields = {});

}  // namespace core
