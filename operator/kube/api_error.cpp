#include <algorithm>
#include <cstdint>

#include <fmt/format.h>

#include "core/utf8.hpp"
#include "operator/kube/client.hpp"

namespace kube {
namespace {

using core::ErrorKind;

ErrorKind kind_of(long status, const std::string& reason) {
  switch (status) {
    case 400:
    case 422:
      return ErrorKind::kInvalidObject;
    case 401:
      return ErrorKind::kUnauthorized;
    case 403:
      return ErrorKind::kForbidden;
    case 404:
      return ErrorKind::kNotFound;
    case 409:
      return reason == "AlreadyExists" ? ErrorKind::kAlreadyExists : ErrorKind::kConflict;
    case 410:
      return ErrorKind::kGone;
    case 429:
      return ErrorKind::kTooManyRequests;
    case 504:
      return ErrorKind::kTimeout;
    default:
      return status >= 500 ? ErrorKind::kUnavailable : ErrorKind::kMalformed;
  }
}

}  // namespace

core::Error error_from(long status, std::string_view body, std::optional<std::chrono::milliseconds> retry_after) {
  static constexpr std::size_t kMaxQuoted = 512;
  static constexpr std::size_t kMaxMessage = 4096;  // a webhook says what it likes
  core::Error error;
  auto message = fmt::format("HTTP {}", status);
  std::string reason;
  if (const auto parsed = Object::parse(body)) {
    reason = value_at<std::string>(parsed->json(), {"reason"});
    message = fmt::format("{} (HTTP {})",
                          core::utf8_prefix(value_at<std::string>(parsed->json(), {"message"}), kMaxMessage), status);
    const auto seconds = value_at<std::int64_t>(parsed->json(), {"details", "retryAfterSeconds"});
    if (!retry_after) retry_after = std::chrono::seconds{std::clamp<std::int64_t>(seconds, 0, kMaxRetryAfter.count())};
  } else if (!body.empty()) {
    message = fmt::format("HTTP {}: {}", status, core::utf8_prefix(body, kMaxQuoted));
  }
  if (retry_after) retry_after = std::min<std::chrono::milliseconds>(*retry_after, kMaxRetryAfter);
  if (retry_after && retry_after->count() <= 0) retry_after.reset();  // when is for the back-off to say
  return {kind_of(status, reason), std::move(message), retry_after};
}

}  // namespace kube
