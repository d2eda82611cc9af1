// The messages of python-socketio's and Flask-SocketIO's message queue (JSON, since python-socketio 5.14), as text.
// Incoming messages are validated completely, in one pass, before they take effect. Pure except for a reader's scratch
// memory.
#pragma once

#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "realtime-server/adapter/adapter.hpp"
#include "realtime-server/socketio/json_cursor.hpp"

namespace adapter {

/// Encodes an event for the queue. `host` is this process's name in it: letters and digits.
std::string encode_emit(std::string_view host, const socketio::Emit& emit);

/// Encodes the acknowledgement of an event that another host emitted.
std::string encode_callback(const socketio::RemoteCallback& callback, std::span<const std::string_view> args);

/// What happened to a message.
enum class Taken : std::uint8_t {
  kTaken,    ///< passed to the inbox
  kOwn,      ///< sent by this process
  kIgnored,  ///< for another process, or with an unknown method
  kRefused,  ///< invalid: not JSON, a member missing or wrong, or NaN
};

/// Reads messages and passes them to the inbox. Owned by a dialect; one loop thread only.
class PythonReader {
 public:
  explicit PythonReader(std::string_view host);

  Taken read(std::string_view message, Inbox& inbox);

 private:
  /// The raw values of a message's members; empty: absent.
  struct Members {
    std::string_view method, event, data, binary, nsp, room, skip_sid, callback, host, sid;
  };

  bool take_members(std::string_view message, Members& members);
  Taken take_emit(const Members& members, Inbox& inbox);
  bool take_data(const Members& members);
  bool take_binary(std::string_view data);
  bool take_names(std::string_view raw, std::vector<std::string_view>& names, bool& has_null);
  std::string_view name_of(std::string_view raw);

  std::string own_prefix_;
  std::string own_host_;          ///< as a JSON string
  std::deque<std::string> kept_;  ///< strings that had to be unescaped or decoded
  std::vector<std::string_view> rooms_;
  std::vector<std::string_view> except_;
  std::vector<std::string_view> args_;
  std::vector<std::string_view> attachments_;
  std::vector<socketio::Placeholder> placeholders_;
};

}  // namespace adapter
