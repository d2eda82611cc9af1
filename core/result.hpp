// Expected failures as values. Every Error has a kind, and retry policy switches on the kind; exceptions mean bugs or
// failed start-up. Used by every module, owned by none, safe on any thread.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <tl/expected.hpp>

namespace core {

/// The kind of a failure. `error_kind_name` returns its name for logs and metrics.
enum class ErrorKind {
  kInvalidInput,     ///< a flag, file or manifest is invalid; the message says where and how to fix it
  kUnauthorized,     ///< 401: the credentials are not accepted
  kForbidden,        ///< 403: the credentials are accepted, the action is not allowed
  kNotFound,         ///< 404
  kAlreadyExists,    ///< 409, reason AlreadyExists: an object with that name exists
  kConflict,         ///< 409 otherwise: read again and retry
  kGone,             ///< 410: the resource version is too old; list again
  kInvalidObject,    ///< 422 or 400: the server refuses the object; a retry would fail too
  kTooManyRequests,  ///< 429: slow down, see Error::retry_after
  kUnavailable,      ///< 5xx, or the connection failed
  kTimeout,          ///< no answer in time
  kMalformed,        ///< the server's answer violates the protocol
  kTooLarge,         ///< an answer or file exceeds its limit
  kCancelled,        ///< the caller asked to stop
  kInternal,         ///< a bug in this program, caught at a boundary
};

/// The kind's name as it appears in logs and in the `kind` label of metrics, for example "not_found".
std::string_view error_kind_name(ErrorKind kind);

/// A failure: its kind, a message and, if the server said so, how long to wait before the next attempt.
struct Error {
  ErrorKind kind = ErrorKind::kInternal;
  std::string message;
  std::optional<std::chrono::milliseconds> retry_after = std::nullopt;
};

template <class T>
using Result = tl::expected<T, Error>;

/// Shorthand for returning a failure from a function that returns a Result.
inline tl::unexpected<Error> fail(ErrorKind kind, std::string message) {
  return tl::unexpected<Error>(Error{kind, std::move(message)});
}

/// Passes an error on, with the operation that failed before its message.
inline tl::unexpected<Error> fail(Error error, std::string_view doing) {
  error.message = std::string{doing} + ": " + error.message;
  return tl::unexpected<Error>(std::move(error));
}

}  // namespace core
