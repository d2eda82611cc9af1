// What the text of a YAML scalar means: its type by the core schema of YAML 1.2, JSON's spelling of it, durations as Go
// writes them; and how messages show texts. Used by the configuration's reader at start-up; pure.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace server {

enum class ScalarType { kNull, kBool, kNumber, kNotFinite, kText };

/// The type of a scalar without quotes (YAML 1.2, section 10.3.2).
ScalarType scalar_type(std::string_view plain);

/// A kNumber as JSON writes it, digit for digit: `+007` is 7, `.5` is 0.5, `0x1f` is 31. Nothing if it is larger than
/// JSON's readers take: beyond a double, or 64 bits in hexadecimal or octal.
std::optional<std::string> json_number(std::string_view plain);

/// A kNumber that is whole and not negative; nothing for others and those above 64 bits.
std::optional<std::uint64_t> whole_number(std::string_view plain);

/// A duration as Go writes it, made of hours, minutes, seconds and milliseconds: 1h, 1m30s, 1.5s, 300ms, 0. Nothing if
/// it is none, is negative, is no whole number of milliseconds, or exceeds 1000 hours.
std::optional<std::chrono::milliseconds> parse_duration(std::string_view text);

/// The shortest spelling that `parse_duration` reads: 90 s are 1m30s.
std::string format_duration(std::chrono::milliseconds duration);

/// UTF-8 text as a JSON string with its quotes.
std::string json_string(std::string_view text);

/// UTF-8 text for a message: in quotes, escaped, and cut after 60 characters.
std::string shown(std::string_view text);

}  // namespace server
