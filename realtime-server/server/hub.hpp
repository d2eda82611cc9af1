// The Socket.IO side of a shard: namespaces, the declared rules, and the exchange with the other replicas. Owned
// by the shard; one loop thread only.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "realtime-server/adapter/adapter.hpp"
#include "realtime-server/engineio/close_reason.hpp"
#include "realtime-server/server/rule_filler.hpp"
#include "realtime-server/server/rules.hpp"
#include "realtime-server/socketio/connection.hpp"

namespace server {

class Hub final : public adapter::Inbox {
 public:
  /// `rules`, `ids`, `arena` and `list` outlive it; `list` flushes the outlets of all clients.
  Hub(const Rules& rules, engineio::SessionIds& ids, engineio::ChunkArena& arena, engineio::FlushList& list,
      std::size_t max_payload);

  /// Sets the connection to the other replicas; it must outlive every call.
  void set_adapter(adapter::Adapter& adapter) { adapter_ = &adapter; }

  /// Handles a message from a client. Returns a reason if the client must be closed for it.
  std::optional<engineio::CloseReason> on_message(socketio::Connection& connection, engineio::Outlet& outlet,
                                                  bool binary, std::string_view data);

  /// Sends what whole namespaces got in this turn; call at its end, before the outlets are flushed.
  void end_turn();

  /// Frees what containers have kept for more sockets and rooms than there are.
  void shrink();

  void on_emit(const socketio::Emit& emit) override;
  void on_disconnect(std::string_view nsp, std::string_view sid) override;
  void on_enter_room(std::string_view nsp, std::string_view sid, std::string_view room) override;
  void on_leave_room(std::string_view nsp, std::string_view sid, std::string_view room) override;
  void on_close_room(std::string_view nsp, std::string_view room) override;

  struct Counters {
    std::uint64_t delivered = 0;         ///< events sent to clients, counted for each client
    std::uint64_t connects = 0;          ///< accepted CONNECTs
    std::uint64_t refused_connects = 0;  ///< CONNECTs to unknown namespaces
    std::uint64_t dropped = 0;           ///< packets from clients that cannot be forwarded
    std::uint64_t refused_rooms = 0;     ///< rooms that a client could not enter because it is in the maximum number
  };
  const Counters& counters() const { return counters_; }

 private:
  struct Space {
    Space(const std::string& name, const NamespaceRules& of_namespace, engineio::FlushList& list)
        : rules{&of_namespace}, nsp{name, list} {}
    const NamespaceRules* rules;
    socketio::Namespace nsp;
  };

  Space* find(std::string_view nsp);
  void use(socketio::Namespace& nsp);
  socketio::Socket* find_socket(std::string_view nsp, std::string_view sid);
  bool on_packet(socketio::Connection& connection, engineio::Outlet& outlet, const socketio::Assembled& whole);
  bool on_connect(socketio::Connection& connection, engineio::Outlet& outlet, const socketio::Assembled& whole);
  void on_event(Space& space, socketio::Socket& socket, const socketio::Assembled& whole);
  void on_ack(socketio::Socket& socket, const socketio::Packet& packet);
  void run(const Action& action, socketio::Socket& socket, const socketio::Assembled& whole);
  void deliver(socketio::Namespace& nsp, const socketio::Emit& emit);

  std::map<std::string, Space, std::less<>> spaces_;
  engineio::SessionIds& ids_;
  /// Broadcasts are encoded separately from what a rule sends to one client, so that they are adjacent in memory and
  /// share a segment.
  engineio::ChunkArena broadcast_arena_;
  socketio::Encoder broadcast_encoder_{broadcast_arena_};
  socketio::Encoder encoder_;
  RuleFiller filler_;
  socketio::Packet scratch_;
  adapter::Adapter* adapter_ = nullptr;
  socketio::Namespace* used_ = nullptr;  ///< in this turn, last
  std::size_t max_payload_;
  std::uint64_t next_ack_id_ = 1;
  Counters counters_;
};

}  // namespace server
