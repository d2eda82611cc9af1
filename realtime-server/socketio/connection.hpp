// The Socket.IO state of one client: the packet that is being assembled and its sockets, one for each joined namespace.
// Owned by the client; one loop thread only.
#pragma once

#include <algorithm>
#include <memory>
#include <string_view>
#include <vector>

#include "realtime-server/socketio/assembler.hpp"
#include "realtime-server/socketio/namespace.hpp"

namespace socketio {

class Connection {
 public:
  Assembler& assembler() { return assembler_; }
  bool has_sockets() const { return !sockets_.empty(); }

  /// The socket in a namespace, or null.
  Socket* find(std::string_view nsp) const {
    const auto is_in = [nsp](const auto& socket) { return socket->nsp().name() == nsp; };
    const auto found = std::find_if(sockets_.begin(), sockets_.end(), is_in);
    return found == sockets_.end() ? nullptr : found->get();
  }

  /// Joins a namespace, which must not be joined yet.
  Socket& join(const engineio::SessionId& sid, Namespace& nsp, engineio::Outlet& outlet) {
    return *sockets_.emplace_back(std::make_unique<Socket>(sid, nsp, outlet, *this));
  }

  void leave(Socket& socket) {
    std::erase_if(sockets_, [&socket](const auto& mine) { return mine.get() == &socket; });
  }
  void leave_all() { sockets_.clear(); }

  /// The client's transport changed.
  void set_outlet(engineio::Outlet& outlet) {
    for (const auto& socket : sockets_) socket->set_outlet(outlet);
  }

 private:
  Assembler assembler_;
  std::vector<std::unique_ptr<Socket>> sockets_;
};

}  // namespace socketio
