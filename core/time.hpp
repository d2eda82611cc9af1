// Timestamps as Kubernetes writes them (RFC 3339, UTC). Pure; safe on any thread.
#pragma once

#include <chrono>
#include <optional>
#include <string>

namespace core {

using SystemTime = std::chrono::system_clock::time_point;

/// RFC 3339 with whole seconds, as metav1.Time: "2006-01-02T15:04:05Z".
std::string format_time(SystemTime time);

/// RFC 3339 with microseconds, as metav1.MicroTime: "2006-01-02T15:04:05.000000Z".
std::string format_micro_time(SystemTime time);

/// An RFC 3339 time, with or without fractions of a second, which are cut off, in UTC or with an offset. Times outside
/// the range of SystemTime (the years 1677 to 2262) become its first or last second. Nothing if it is not a time.
std::optional<SystemTime> parse_time(const std::string& text);

}  // namespace core
