// A client's membership of one namespace, which Socket.IO calls a socket. Owned by the client; registered in its
// namespace; one loop thread only.
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

/// The maximum number of pending acknowledgements of a socket; beyond it the oldest is dropped.
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
  /// The client that owns the socket.
  Connection& connection() { return *connection_; }
  /// Where to send to it. What its whole namespace got before is queued there.
  engineio::Outlet& outlet();
  /// The client changed its transport.
  void set_outlet(engineio::Outlet& outlet) { outlet_ = &outlet; }

  /// Stores who requested the acknowledgement `id` from this client.
  void expect_ack(std::uint64_t id, std::shared_ptr<const RemoteCallback> callback);
  /// Returns and removes who requested the acknowledgement that arrived. Null if nobody did, which is not an error.
  std::shared_ptr<const RemoteCallback> take_ack(std::string_view id);

 private:
  friend class Namespace;
  struct PendingAck {
    std::uint64_t id;
    std::shared_ptr<const RemoteCallback> callback;
  };
  /// This socket's position in a room's list of members.
  struct Membership {
    Room* room;
    std::uint32_t index;
  };

  engineio::Outlet* outlet_;
  Namespace* nsp_;
  Connection* connection_;
  std::uint64_t given_ = 0;  ///< how much of its namespace's log it has been given
  std::uint64_t mark_ = 0;   ///< the last emit sent to this socket, so that it gets none twice
  std::uint32_t index_ = 0;  ///< in the namespace's list
  engineio::SessionId sid_;
  std::vector<Membership> rooms_;
  std::vector<PendingAck> acks_;
};

}  // namespace socketio
