#include "realtime-server/socketio/namespace.hpp"

#include <algorithm>
#include <utility>

namespace socketio {

Socket* Namespace::find(std::string_view sid) const {
  const auto id = engineio::SessionId::parse(sid);
  if (!id) return nullptr;
  const auto found = by_sid_.find(*id);
  return found == by_sid_.end() ? nullptr : found->second;
}

void Namespace::add(Socket& socket) {
  socket.index_ = static_cast<std::uint32_t>(sockets_.size());
  sockets_.push_back(&socket);
  by_sid_.emplace(socket.sid_, &socket);
}

void Namespace::remove(Socket& socket) {
  while (!socket.rooms_.empty()) leave_at(socket, socket.rooms_.size() - 1);
  sockets_[socket.index_] = sockets_.back();
  sockets_[socket.index_]->index_ = socket.index_;
  sockets_.pop_back();
  by_sid_.erase(socket.sid_);
}

bool Namespace::enter(Socket& socket, std::string_view name) {
  const auto is_in = [name](const auto& membership) { return membership.room->name == name; };
  if (std::any_of(socket.rooms_.begin(), socket.rooms_.end(), is_in)) return true;
  if (socket.rooms_.size() >= kMaxRooms) return false;
  auto found = rooms_.find(name);
  if (found == rooms_.end()) {
    found = rooms_.try_emplace(std::string{name}).first;
    found->second.name = found->first;
  }
  auto& room = found->second;
  socket.rooms_.push_back({&room, static_cast<std::uint32_t>(room.members.size())});
  room.members.push_back(&socket);
  return true;
}

void Namespace::leave(Socket& socket, std::string_view room) {
  const auto is_in = [room](const auto& membership) { return membership.room->name == room; };
  const auto found = std::find_if(socket.rooms_.begin(), socket.rooms_.end(), is_in);
  if (found != socket.rooms_.end()) leave_at(socket, static_cast<std::size_t>(found - socket.rooms_.begin()));
}

void Namespace::close(std::string_view name) {
  const auto found = rooms_.find(name);
  if (found == rooms_.end()) return;
  auto members = std::move(found->second.members);
  for (auto* socket : members) std::erase_if(socket->rooms_, [&](const auto& m) { return m.room == &found->second; });
  rooms_.erase(found);
}

/// The room's last member takes the place of the leaving one; an empty room is deleted.
void Namespace::leave_at(Socket& socket, std::size_t membership) {
  const auto [room, index] = socket.rooms_[membership];
  socket.rooms_[membership] = socket.rooms_.back();
  socket.rooms_.pop_back();
  auto* last = room->members.back();
  room->members[index] = last;
  room->members.pop_back();
  if (last != &socket) {
    const auto its =
        std::find_if(last->rooms_.begin(), last->rooms_.end(), [r = room](const auto& m) { return m.room == r; });
    its->index = index;
  }
  if (room->members.empty()) rooms_.erase(rooms_.find(room->name));
}

template <class Visit>
void Namespace::for_members(std::string_view name, Visit visit) {
  if (auto* socket = find(name)) visit(*socket);
  if (const auto found = rooms_.find(name); found != rooms_.end())
    for (auto* socket : found->second.members) visit(*socket);
}

std::size_t Namespace::deliver(const Emit& emit, Encoder& encoder, std::uint64_t ack_id) {
  if (sockets_.empty()) return 0;
  ++mark_;
  for (const auto room : emit.except) for_members(room, [this](Socket& socket) { socket.mark_ = mark_; });
  auto packet = encoder.event(emit, ack_id);
  std::size_t count = 0;
  const auto give = [&](Socket& socket) {
    if (socket.mark_ == mark_) return;
    socket.mark_ = mark_;
    if (ack_id != 0) socket.expect_ack(ack_id, emit.callback);
    packet.send_to(*socket.outlet_);
    ++count;
  };
  if (emit.rooms.empty()) {
    for (auto* socket : sockets_) give(*socket);
  } else {
    for (const auto room : emit.rooms) for_members(room, give);
  }
  return count;
}

}  // namespace socketio
