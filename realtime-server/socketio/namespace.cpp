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
  socket.given_ = log_end_;
  sockets_.push_back(&socket);
  by_sid_.emplace(socket.sid_, &socket);
}

void Namespace::remove(Socket& socket) {
  catch_up(socket);
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
  // Attachments differ by transport, and who must acknowledge is noted of each.
  if (emit.rooms.empty() && emit.attachments.empty() && ack_id == 0) return note(emit, encoder);
  for (const auto room : emit.except) for_members(room, [this](Socket& socket) { socket.mark_ = mark_; });
  auto packet = encoder.event(emit, ack_id);
  std::size_t count = 0;
  const auto give = [&](Socket& socket) {
    if (socket.mark_ == mark_) return;
    socket.mark_ = mark_;
    if (ack_id != 0) socket.expect_ack(ack_id, emit.callback);
    packet.send_to(socket.outlet());
    ++count;
  };
  if (emit.rooms.empty()) {
    for (auto* socket : sockets_) give(*socket);
  } else {
    for (const auto room : emit.rooms) for_members(room, give);
  }
  return count;
}

/// Notes an event that goes to all sockets but the excepted ones.
std::size_t Namespace::note(const Emit& emit, Encoder& encoder) {
  std::size_t excepted = 0;
  for (const auto room : emit.except) {
    for_members(room, [&](Socket& socket) {
      if (std::exchange(socket.mark_, mark_) == mark_) return;
      catch_up(socket);
      ++excepted;
    });
  }
  const auto count = sockets_.size() - excepted;
  if (count == 0) return 0;
  if (log_.empty()) list_.wake();
  const auto frame = encoder.event(emit).text();
  const bool continues =
      !log_.empty() && log_.back().chunk == frame.chunk && log_.back().offset + log_.back().length == frame.offset;
  if (continues)
    log_.back().length += frame.length;
  else
    log_.push_back(frame);
  log_end_ += frame.length;
  list_.count(count * frame.length);
  for (const auto room : emit.except) for_members(room, [this](Socket& socket) { socket.given_ = log_end_; });
  return count;
}

void Namespace::queue_log(Socket& socket) {
  auto skipped = std::max(std::exchange(socket.given_, log_end_), log_begin_) - log_begin_;
  for (const auto& range : log_) {
    const auto done = static_cast<std::uint32_t>(std::min<std::uint64_t>(skipped, range.length));
    skipped -= done;
    if (done < range.length) socket.outlet_->send({range.chunk, range.offset + done, range.length - done});
  }
}

void Namespace::catch_up_all() {
  if (log_.empty()) return;
  for (auto* socket : sockets_) queue_log(*socket);
  clear_log();
}

void Namespace::send() {
  if (log_.empty()) return;
  parts_.clear();
  for (const auto& range : log_) parts_.push_back({const_cast<char*>(range.begin()), range.length});
  const auto bytes = static_cast<std::size_t>(log_end_ - log_begin_);
  for (auto* socket : sockets_) {
    if (socket->given_ <= log_begin_)
      socket->outlet_->send_shared(log_, parts_, bytes);
    else
      queue_log(*socket);
  }
  clear_log();
}

void Namespace::shrink() {
  sockets_.shrink_to_fit();
  by_sid_.rehash(0);
  rooms_.rehash(0);
}

void Namespace::clear_log() {
  log_.clear();
  log_begin_ = log_end_;
}

}  // namespace socketio
