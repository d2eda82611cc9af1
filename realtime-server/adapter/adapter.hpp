// How a replica and the rest of its fleet talk: every dialect is an Adapter, and the shard that holds the clients is
// its Inbox. Owned by the server; everything on the loop thread of the first shard.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "realtime-server/socketio/emit.hpp"

namespace adapter {

/// What other processes of the fleet ask of this one. Views are valid during the call only. Ids and rooms that are not
/// known here belong to others and are no error.
class Inbox {
 public:
  virtual ~Inbox() = default;
  virtual void on_emit(const socketio::Emit& emit) = 0;
  /// Lets one client leave a namespace for good.
  virtual void on_disconnect(std::string_view nsp, std::string_view sid) = 0;
  virtual void on_enter_room(std::string_view nsp, std::string_view sid, std::string_view room) = 0;
  virtual void on_leave_room(std::string_view nsp, std::string_view sid, std::string_view room) = 0;
  virtual void on_close_room(std::string_view nsp, std::string_view room) = 0;
};

/// How well the fleet is reached.
enum class State : std::uint8_t {
  kLocal,       ///< there is no backplane: this replica is alone by choice
  kConnecting,  ///< never subscribed so far: not ready
  kConnected,
  kNotReceiving,  ///< Redis answers, but our subscription does not: not ready
  kDisconnected,  ///< Redis does not answer: ready, clients of this replica go on
};

/// "local", "connecting", "connected", "not_receiving", "disconnected".
std::string_view name_of(State state);

/// Counts since the start.
struct Counters {
  std::uint64_t published = 0;
  std::uint64_t lost = 0;  ///< published while nobody could take it, or never confirmed
  std::uint64_t received = 0;
  std::uint64_t refused = 0;  ///< messages of others that are not what the dialect allows
};

class Adapter {
 public:
  virtual ~Adapter() = default;
  /// Gives an event, which was delivered to the clients of this replica already, to all others.
  virtual void emit(const socketio::Emit& emit) = 0;
  /// Gives the acknowledgement of a client to the process that asked for it; `args` are raw JSON values.
  virtual void acknowledge(const socketio::RemoteCallback& callback, std::span<const std::string_view> args) = 0;
  virtual State state() const = 0;
  /// What is wrong with the backplane and what to change, or nothing.
  virtual std::string_view trouble() const = 0;
  virtual Counters counters() const = 0;
  /// Lets go of the backplane; nothing is heard or sent any more.
  virtual void stop() = 0;
};

/// A fleet of one.
class LocalAdapter final : public Adapter {
 public:
  void emit(const socketio::Emit&) override {}
  void acknowledge(const socketio::RemoteCallback&, std::span<const std::string_view>) override {}
  State state() const override { return State::kLocal; }
  std::string_view trouble() const override { return {}; }
  Counters counters() const override { return {}; }
  void stop() override {}
};

}  // namespace adapter
