// Durations as Go writes them ("300ms", "1m30s"), which is what Kubernetes' users know. Pure; safe on any thread.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace api {

/// Whole milliseconds, what is below them cut off; nothing if the text is no duration with units ms, s, m and h, or
/// longer than a year.
std::optional<std::chrono::milliseconds> parse_duration(std::string_view text);

/// The shortest way in one unit: "90s", "300ms".
std::string format_duration(std::chrono::milliseconds duration);

}  // namespace api
