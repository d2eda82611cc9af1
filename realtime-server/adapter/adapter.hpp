// How the replicas of an app communicate: every dialect is an Adapter, and the shard that holds the clients is its
// Inbox. Owned by the server; everything on the loop thread of the first shard.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "realtime-server/socketio/emit.hpp"

namespace adapter {

/// What other processes ask of this one. Views are valid during the call only. Unknown ids and rooms belong to other
/// processes and are not errors.
class Inbox {
 public:
  virtual ~Inbox() = default;
  virtual void on_emit(const socketio::Emit& emit) = 0;
  /// Disconnects one client from a namespace.
  virtual void on_disconnect(std::string_view nsp, std::string_view sid) = 0;
  virtual void on_enter_room(std::string_view nsp, std::string_view sid, std::string_view room) = 0;
  virtual void on_leave_room(std::string_view nsp, std::string_view sid, std::string_view room) = 0;
  virtual void on_close_room(std::string_view nsp, std::string_view room) = 0;
};

/// The state of the connection to the other replicas.
enum class State : std::uint8_t {
  kLocal,       ///< no backplane is configured: a single replica
  kConnecting,  ///< not subscribed yet: not ready
  kConnected,
  kNotReceiving,  ///< Redis answers but delivers no messages: not ready
  kDisconnected,  ///< Redis does not answer: ready, this replica continues to serve its clients
};

/// "local", "connecting", "connected", "not_receiving", "disconnected".
std::string_view name_of(State state);

/// Counts since the start.
struct Counters {
  std::uint64_t published = 0;
  std::uint64_t lost = 0;  ///< published without a connection, or never confirmed
  std::uint64_t received = 0;
  std::uint64_t refused = 0;  ///< invalid messages from other processes
};

class Adapter {
 public:
  virtual ~Adapter() = default;
  /// Publishes an event to all other replicas; this replica's clients have already received it.
  virtual void emit(const socketio::Emit& emit) = 0;
  /// Sends a client's acknowledgement to the process that requested it; `args` are raw JSON values.
  virtual void acknowledge(const socketio::RemoteCallback& callback, std::span<const std::string_view> args) = 0;
  virtual State state() const = 0;
  /// The backplane's current problem and how to fix it; empty if there is none.
  virtual std::string_view problem() const = 0;
  virtual Counters counters() const = 0;
  /// Disconnects from the backplane; nothing is received or sent afterwards.
  virtual void stop() = 0;
};

/// The adapter of a single replica.
class LocalAdapter final : public Adapter {
 public:
  void emit(const socketio::Emit&) override {}
  void acknowledge(const socketio::RemoteCallback&, std::span<const std::string_view>) override {}
  State state() const override { return State::kLocal; }
  std::string_view problem() const override { return {}; }
  Counters counters() const override { return {}; }
  void stop() override {}
};

}  // namespace adapter
