// Expected failures as values. Every Error has a kind, and retry policy switches on the kind; exceptions mean bugs or
// failed start-up. Used by every room, owned by none, safe on any thread.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <tl/expected.hpp>

namespace core {

/// What kind of failure this is. `error_kind_name` has the word for logs and metrics.
enum class ErrorKind {
  kInvalidInput,     ///< a flag, file or manifest is wrong; the message names the place and the mend
  kUnauthorized,     ///< 401: the credentials are not accepted
  kForbidden,        ///< 403: the credentials are accepted, the action is not allowed
  kNotFound,         ///< 404
  kAlreadyExists,    ///< 409, reason AlreadyExists: a create met an object of that name
  kConflict,         ///< 409 otherwise: read again and retry
  kGone,             ///< 410: the resource version is too old; list again
  kInvalidObject,    ///< 422 or 400: the server refuses the object; a retry of the same will fail too
  kTooManyRequests,  ///< 429: slow down, see Error::retry_after
  kUnavailable,      ///< 5xx, or the connection failed
  kTimeout,          ///< nothing came in time
  kMalformed,        ///< the peer's answer is not what the protocol allows
  kTooLarge,         ///< an answer or file exceeds its bound
  kCancelled,        ///< the caller asked to stop
  kInternal,         ///< a bug of ours, caught at a boundary
};

/// The kind's name as it appears in logs and in the `kind` label of metrics, for example "not_found".
std::string_view error_kind_name(ErrorKind kind);

/// A failure: what kind, in words, and, if the peer said so, how long to wait before the next try.
struct Error {
  ErrorKind kind = ErrorKind::kInternal;
  std::string message;
  std::optional<std::chrono::milliseconds> retry_after = std::nullopt;
};

template <class T>
using Result = tl::expected<T, Error>;

/// Shorthand for returning a failure from a function that gives a Result.
inline tl::unexpected<Error> fail(ErrorKind kind, std::string message) {
  return tl::unexpected<Error>(Error{kind, std::move(message)});
}

/// Passes an error on, with what was being done put before its message.
inline tl::unexpected<Error> fail(Error error, std::string_view doing) {
  error.message = std::string{doing} + ": " + error.message;
  return tl::unexpected<Error>(std::move(error));
}

}  // namespace core
