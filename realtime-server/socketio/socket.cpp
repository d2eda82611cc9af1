#include "realtime-server/socketio/socket.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

#include "realtime-server/socketio/namespace.hpp"

namespace socketio {

Socket::Socket(const engineio::SessionId& sid, Namespace& nsp, engineio::Outlet& outlet, Connection& connection)
    : outlet_{&outlet}, nsp_{&nsp}, connection_{&connection}, sid_{sid} {
  nsp.add(*this);
}

Socket::~Socket() { nsp_->remove(*this); }

engineio::Outlet& Socket::outlet() {
  nsp_->catch_up(*this);
  return *outlet_;
}

void Socket::expect_ack(std::uint64_t id, std::shared_ptr<const RemoteCallback> callback) {
  if (acks_.size() >= kMaxPendingAcks) acks_.erase(acks_.begin());
  acks_.push_back({id, std::move(callback)});
}

std::shared_ptr<const RemoteCallback> Socket::take_ack(std::string_view id) {
  std::uint64_t number = 0;
  std::from_chars(id.data(), id.data() + id.size(), number);
  const auto found = std::find_if(acks_.begin(), acks_.end(), [number](const auto& ack) { return ack.id == number; });
  if (found == acks_.end()) return nullptr;
  auto callback = std::move(found->callback);
  acks_.erase(found);
  if (acks_.empty()) acks_.shrink_to_fit();
  return callback;
}

}  // namespace socketio
