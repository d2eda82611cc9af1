// Durations as Go writes them ("300ms", "1m30s"), which manifests and configuration files use. Pure; safe on any
// thread.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace core {

/// A duration as Go writes it, made of hours, minutes, seconds and milliseconds: 1h, 1m30s, 1.5s, 300ms, 0. Nothing if
/// it is invalid, negative, not a whole number of milliseconds, or exceeds 1000 hours.
std::optional<std::chrono::milliseconds> parse_duration(std::string_view text);

/// The shortest text that `parse_duration` reads as this duration, for example 1m30s for 90 s.
std::string format_duration(std::chrono::milliseconds duration);

}  // namespace core
