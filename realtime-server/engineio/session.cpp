#include "realtime-server/engineio/session.hpp"

namespace engineio {

Session::OnPoll Session::on_poll() {
  if (phase_ == Phase::kProbed) return OnPoll::kNoop;
  if (poll_waits_) return OnPoll::kConflict;
  poll_waits_ = true;
  return OnPoll::kWait;
}

bool Session::on_post_begin() {
  if (post_runs_) return false;
  post_runs_ = true;
  return true;
}

Session::OnPacket Session::on_packet(const Packet& packet) {
  switch (packet.type) {
    case PacketType::kMessage:
      return OnPacket::kMessage;
    case PacketType::kPong:
      return OnPacket::kPong;
    case PacketType::kClose:
      return OnPacket::kClose;
    case PacketType::kPing:  // in this version of the protocol the server pings
      return OnPacket::kParseError;
    case PacketType::kOpen:
    case PacketType::kUpgrade:
    case PacketType::kNoop:
      break;
  }
  return OnPacket::kIgnore;
}

bool Session::on_websocket() {
  if (phase_ != Phase::kPolling || has_probe_) return false;
  has_probe_ = true;
  return true;
}

Session::OnProbe Session::on_probe_packet(const Packet& packet) {
  if (phase_ == Phase::kPolling && packet.type == PacketType::kPing && packet.data == "probe") {
    phase_ = Phase::kProbed;
    return OnProbe::kAnswer;
  }
  if (phase_ == Phase::kProbed && packet.type == PacketType::kUpgrade) {
    phase_ = Phase::kWebSocket;
    has_probe_ = false;
    return OnProbe::kUpgrade;
  }
  return OnProbe::kRefuse;
}

void Session::on_probe_gone() {
  has_probe_ = false;
  if (phase_ == Phase::kProbed) phase_ = Phase::kPolling;
}

}  // namespace engineio
