#include "realtime-server/server/hub.hpp"

#include <utility>

#include "core/log.hpp"
#include "realtime-server/socketio/json_string.hpp"

namespace server {

using engineio::CloseReason;
using socketio::Assembled;
using socketio::PacketError;
using socketio::PacketType;

namespace {

std::optional<CloseReason> reason_of(PacketError error) {
  switch (error) {
    case PacketError::kNone:
      return std::nullopt;
    case PacketError::kInvalidUtf8:
      return CloseReason::kInvalidUtf8;
    case PacketError::kTooLarge:
      return CloseReason::kMessageTooBig;
    default:
      return CloseReason::kParseError;
  }
}

}  // namespace

Hub::Hub(const Rules& rules, engineio::SessionIds& ids, engineio::ChunkArena& arena, engineio::FlushList& list,
         std::size_t max_payload)
    : ids_{ids}, encoder_{arena}, max_payload_{max_payload} {
  for (const auto& [name, of_namespace] : rules) spaces_.try_emplace(name, name, of_namespace, list);
}

/// A client in several namespaces gets what they send in the order in which it was sent.
void Hub::use(socketio::Namespace& nsp) {
  if (used_ == &nsp) return;
  if (used_ != nullptr) used_->catch_up_all();
  used_ = &nsp;
}

void Hub::end_turn() {
  if (auto* used = std::exchange(used_, nullptr)) used->send();
}

void Hub::shrink() {
  for (auto& [name, space] : spaces_) space.nsp.shrink();
  scratch_ = {};
}

Hub::Space* Hub::find(std::string_view nsp) {
  const auto found = spaces_.find(nsp);
  return found == spaces_.end() ? nullptr : &found->second;
}

socketio::Socket* Hub::find_socket(std::string_view nsp, std::string_view sid) {
  auto* space = find(nsp);
  return space == nullptr ? nullptr : space->nsp.find(sid);
}

std::optional<CloseReason> Hub::on_message(socketio::Connection& connection, engineio::Outlet& outlet, bool binary,
                                           std::string_view data) {
  auto& assembler = connection.assembler();
  const auto whole = binary ? assembler.on_binary(data, max_payload_) : assembler.on_text(data, scratch_, max_payload_);
  if (whole.packet == nullptr) return reason_of(whole.error);
  const bool accepted = on_packet(connection, outlet, whole);
  if (binary) assembler.release();
  return accepted ? std::nullopt : std::optional{CloseReason::kParseError};
}

/// False if the connection must be closed because of the packet.
bool Hub::on_packet(socketio::Connection& connection, engineio::Outlet& outlet, const Assembled& whole) {
  const auto& packet = *whole.packet;
  if (packet.type == PacketType::kConnect) return on_connect(connection, outlet, whole);
  auto* socket = connection.find(packet.nsp);
  if (socket == nullptr) return false;
  use(socket->nsp());
  if (packet.type == PacketType::kDisconnect)
    connection.leave(*socket);
  else if (packet.is_event())
    on_event(*find(packet.nsp), *socket, whole);
  else
    on_ack(*socket, packet);
  return true;
}

bool Hub::on_connect(socketio::Connection& connection, engineio::Outlet& outlet, const Assembled& whole) {
  const auto nsp = whole.packet->nsp;
  auto* space = find(nsp);
  if (space == nullptr) {
    ++counters_.refused_connects;
    encoder_.connect_error(nsp, "Invalid namespace").send_to(outlet);
    return true;
  }
  if (connection.find(nsp) != nullptr) return false;
  ++counters_.connects;
  use(space->nsp);
  auto& socket = connection.join(ids_.next(), space->nsp, outlet);
  encoder_.connected(nsp, socket.sid().text()).send_to(outlet);
  for (const auto& action : space->rules->on_connect) run(action, socket, whole);
  return true;
}

void Hub::on_event(Space& space, socketio::Socket& socket, const Assembled& whole) {
  const auto raw = whole.packet->event;
  if (!raw.starts_with('"')) return;  // rules name events by strings
  const auto& events = space.rules->events;
  const auto found = raw.find('\\') == std::string_view::npos ? events.find(raw.substr(1, raw.size() - 2))
                                                              : events.find(socketio::unescape(raw));
  if (found == events.end()) return;
  for (const auto& action : found->second) run(action, socket, whole);
}

void Hub::on_ack(socketio::Socket& socket, const socketio::Packet& packet) {
  const auto callback = socket.take_ack(packet.id);
  if (callback == nullptr) return;
  // The dialects carry JSON only.
  if (packet.type == PacketType::kBinaryAck) {
    if (core::is_worth_a_line(++counters_.dropped))
      core::log(core::LogLevel::kWarning, "binary acknowledgements cannot be sent to another process and are dropped",
                {{"sid", socket.sid().text()}, {"dropped", static_cast<std::int64_t>(counters_.dropped)}});
    return;
  }
  adapter_->acknowledge(*callback, packet.args);
}

void Hub::run(const Action& action, socketio::Socket& socket, const Assembled& whole) {
  if (action.type == ActionType::kAcknowledge && whole.packet->id.empty()) return;
  const auto filled = filler_.fill(action.args, whole);
  const socketio::Emit emit{
      .nsp = socket.nsp().name(), .event = action.event, .args = filled.args, .attachments = filled.attachments};
  switch (action.type) {
    case ActionType::kAcknowledge:
      encoder_.acknowledgement(emit.nsp, whole.packet->id, filled.args, filled.attachments).send_to(socket.outlet());
      ++counters_.delivered;
      break;
    case ActionType::kEmit:
      encoder_.event(emit).send_to(socket.outlet());
      ++counters_.delivered;
      break;
    case ActionType::kBroadcast:
      deliver(socket.nsp(), emit);
      adapter_->emit(emit);
      break;
  }
}

void Hub::deliver(socketio::Namespace& nsp, const socketio::Emit& emit) {
  use(nsp);
  const auto ack_id = emit.callback ? next_ack_id_++ : 0;
  counters_.delivered += nsp.deliver(emit, broadcast_encoder_, ack_id);
}

void Hub::on_emit(const socketio::Emit& emit) {
  if (auto* space = find(emit.nsp)) deliver(space->nsp, emit);
}

void Hub::on_disconnect(std::string_view nsp, std::string_view sid) {
  auto* socket = find_socket(nsp, sid);
  if (socket == nullptr) return;
  use(socket->nsp());
  encoder_.disconnected(nsp).send_to(socket->outlet());
  socket->connection().leave(*socket);
}

void Hub::on_enter_room(std::string_view nsp, std::string_view sid, std::string_view room) {
  auto* socket = find_socket(nsp, sid);
  if (socket == nullptr || socket->nsp().enter(*socket, room) || !core::is_worth_a_line(++counters_.refused_rooms))
    return;
  core::log(core::LogLevel::kWarning, "a client is in 1000 rooms, the maximum, and cannot enter another",
            {{"sid", sid}, {"refused", static_cast<std::int64_t>(counters_.refused_rooms)}});
}

void Hub::on_leave_room(std::string_view nsp, std::string_view sid, std::string_view room) {
  if (auto* socket = find_socket(nsp, sid)) socket->nsp().leave(*socket, room);
}

void Hub::on_close_room(std::string_view nsp, std::string_view room) {
  if (auto* space = find(nsp)) space->nsp.close(room);
}

}  // namespace server
