// A client's membership of one namespace: what Socket.IO calls a socket. Owned by the client; known to its namespace;
// one loop thread only.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "realtime-server/engineio/outlet.hpp"
#include "realtime-server/engineio/session_id.hpp"
#include "realtime-server/socketio/emit.hpp"

namespace socketio {

class Connection;
class Namespace;
struct Room;

/// Most acknowledgements that one socket may owe; the oldest is forgotten when there are more.
inline constexpr std::size_t kMaxPendingAcks = 256;

class Socket {
 public:
  /// Enters the namespace.
  Socket(const engineio::SessionId& sid, Namespace& nsp, engineio::Outlet& outlet, Connection& connection);
  /// Leaves the namespace and all rooms.
  ~Socket();
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  const engineio::SessionId& sid() const { return sid_; }
  Namespace& nsp() const { return *nsp_; }
  /// Whose socket it is.
  Connection& connection() { return *connection_; }
  engineio::Outlet& outlet() { return *outlet_; }
  /// Its client has changed its transport.
  void set_outlet(engineio::Outlet& outlet) { outlet_ = &outlet; }

  /// Remembers who wants the acknowledgement `id` of this client.
  void expect_ack(std::uint64_t id, std::shared_ptr<const RemoteCallback> callback);
  /// The acknowledgement has come: who wants it. Null if nobody does, which is no error.
  std::shared_ptr<const RemoteCallback> take_ack(std::string_view id);

 private:
  friend class Namespace;
  struct PendingAck {
    std::uint64_t id;
    std::shared_ptr<const RemoteCallback> callback;
  };
  /// Where this socket stands in a room's list of members.
  struct Membership {
    Room* room;
    std::uint32_t index;
  };

  engineio::Outlet* outlet_;
  Namespace* nsp_;
  Connection* connection_;
  std::uint64_t mark_ = 0;   ///< the last emit that passed here, so that nobody gets one twice
  std::uint32_t index_ = 0;  ///< in the namespace's list
  engineio::SessionId sid_;
  std::vector<Membership> rooms_;
  std::vector<PendingAck> acks_;
};

}  // namespace socketio
