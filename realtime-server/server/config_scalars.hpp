// Interprets YAML scalars: their type by the core schema of YAML 1.2, and their form in JSON. Also formats text for
// messages. Used by the configuration's reader at start-up; pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/duration.hpp"

namespace server {

using core::format_duration;
using core::parse_duration;

enum class ScalarType { kNull, kBool, kNumber, kNotFinite, kText };

/// The type of a scalar without quotes (YAML 1.2, section 10.3.2).
ScalarType scalar_type(std::string_view plain);

/// A kNumber as JSON writes it, digit for digit: `+007` is 7, `.5` is 0.5, `0x1f` is 31. Nothing if it is larger than
/// JSON parsers accept: beyond a double, or 64 bits in hexadecimal or octal.
std::optional<std::string> json_number(std::string_view plain);

/// A kNumber that is whole and not negative; nothing for others and those above 64 bits.
std::optional<std::uint64_t> whole_number(std::string_view plain);

/// UTF-8 text as a JSON string with its quotes.
std::string json_string(std::string_view text);

/// UTF-8 text for a message: in quotes, escaped, and cut after 60 characters.
std::string shown(std::string_view text);

}  // namespace server
