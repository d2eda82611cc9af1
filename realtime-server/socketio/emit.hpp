// An event for clients, in the form that all parts of the server use to send, relay or receive it. Views only: valid
// for one call. Pure.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace socketio {

/// The process that requested the acknowledgement of an event that is delivered here. Raw JSON values, except for the
/// namespace; only the adapter interprets them.
struct RemoteCallback {
  std::string host;
  std::string sid;
  std::string nsp;
  std::string id;
};

/// An event for the clients of a namespace, or of some rooms of it, without those in `except`.
struct Emit {
  std::string_view nsp = "/";
  /// Names of rooms; each socket id is also a room. None: the whole namespace.
  std::span<const std::string_view> rooms{};
  std::span<const std::string_view> except{};  ///< rooms and socket ids to exclude
  std::string_view event{};                    ///< raw JSON: a string with quotes, or a number
  /// Pieces whose concatenation is the raw arguments, separated by commas; may be empty.
  std::span<const std::string_view> args{};
  /// Attachments, which the placeholders in the arguments number from 0; none: a text event.
  std::span<const std::string_view> attachments{};
  std::shared_ptr<const RemoteCallback> callback{};  ///< null: no acknowledgement requested
};

}  // namespace socketio
