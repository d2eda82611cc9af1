// An event on its way to clients: what every part of the server that sends, relays or receives one agrees on. Views
// only: it lives for one call. Pure.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace socketio {

/// Who, elsewhere in the fleet, wants the acknowledgement of an event that is delivered here. Raw JSON values, except
/// for the namespace; what they mean is the adapter's business.
struct RemoteCallback {
  std::string host;
  std::string sid;
  std::string nsp;
  std::string id;
};

/// An event for the clients of a namespace, or of some rooms of it, without those in `except`.
struct Emit {
  std::string_view nsp = "/";
  /// Names of rooms, among them socket ids, each of which is a room of its own; none: the whole namespace.
  std::span<const std::string_view> rooms{};
  std::span<const std::string_view> except{};  ///< rooms and socket ids that do not get it
  std::string_view event{};                    ///< raw JSON: a string with quotes, or a number
  /// Pieces whose concatenation is the raw arguments, separated by commas; may be empty.
  std::span<const std::string_view> args{};
  /// Binary data that the placeholders in the arguments count, from 0; none: it is a text event.
  std::span<const std::string_view> attachments{};
  std::shared_ptr<const RemoteCallback> callback{};  ///< null: no acknowledgement is asked for
};

}  // namespace socketio
