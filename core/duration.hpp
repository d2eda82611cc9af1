// Durations as Go writes them ("300ms", "1m30s"), which manifests and configuration files use. Pure; safe on any
// thread.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace core {

/// A duration as Go writes it, made of hours, minutes, seconds and milliseconds: 1h, 1m30s, 1.5s, 300ms, 0. Nothing if
/// it is none, is negative, is no whole number of milliseconds, or exceeds 1000 hours.
std::optional<std::chrono::milliseconds> parse_duration(std::string_view text);

/// The shortest spelling that `parse_duration` reads: 90 s are 1m30s.
std::string format_duration(std::chrono::milliseconds duration);

}  // namespace core
