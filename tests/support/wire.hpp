// A WebSocket over a real connection, with an owner that remembers and a peer.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "realtime-server/engineio/packet.hpp"
#include "realtime-server/transport/web_socket.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/frames.hpp"
#include "tests/support/loopback.hpp"

namespace wires {

using engineio::CloseReason;
using engineio::Opcode;
using frames::Own;
using loopback::Peer;
using transport::WebSocket;
using transport::WebSocketPtr;

struct Wire final : transport::WebSocketOwner {
  explicit Wire(const transport::Limits& limits = {}, const engineio::SendQueueLimits& send_queues = {}, int buffer = 0)
      : loop{limits, send_queues} {
    auto [ours, theirs] = loop.connect(buffer);
    peer = std::make_unique<Peer>(loop, std::move(theirs));
    socket = new WebSocket{loop.context, std::move(ours), *this, false};
  }

  /// Does the handshake; the peer reads from then on, or reads no more than that.
  void open(bool reads = true) {
    socket->start("KEY=", "");
    if (reads) {
      peer->read();
      REQUIRE(until([&] { return peer->received().ends_with("\r\n\r\n"); }));
      peer->take();
    }
    loop.settle();
  }

  bool until(const std::function<bool()>& is_so) { return loop.until(is_so); }
  std::vector<Own> got() const { return frames::own_in(peer->received()); }
  bool gets(const std::vector<Own>& expected) {
    return until([&] { return got() == expected; });
  }
  void send(WebSocket& to, std::string_view data) {
    to.send(engineio::encode_text(loop.context.arena, engineio::PacketType::kMessage, std::array{data}));
  }
  void send(std::string_view data) { send(*socket, data); }
  /// Runs something in a turn of its own.
  void in_a_turn(std::function<void()> action) {
    loop.loop.mailbox().post(std::move(action));
    loop.settle();
  }
  /// Takes messages again.
  void resume() {
    takes = true;
    socket->resume();
  }
  bool nothing_left() {
    return until([&] { return loop.context.counters.connections == 0; }) && loop.send_queues.total_used == 0;
  }

  void on_message(WebSocket& from, bool binary, std::string_view bytes) override {
    messages.push_back({binary ? Opcode::kBinary : Opcode::kText, std::string{bytes}});
    if (on_message_of) on_message_of(from, bytes);
  }
  transport::Takes takes_messages() override { return takes ? transport::Takes::kNow : transport::Takes::kWhenResumed; }
  void on_closed(WebSocket&, CloseReason reason) override {
    closed.push_back(reason);
    if (on_closed_of) on_closed_of();
  }

  bool takes = true;
  std::vector<Own> messages;
  std::vector<CloseReason> closed;
  std::function<void(WebSocket&, std::string_view)> on_message_of;
  std::function<void()> on_closed_of;
  loopback::Loop loop;
  std::unique_ptr<Peer> peer;
  WebSocketPtr socket;
};

/// A text packet of ours.
inline Own text_of(const std::string& data) { return {Opcode::kText, "4" + data}; }
inline Own close_of(unsigned status) {
  return {Opcode::kClose, {static_cast<char>(status >> 8U), static_cast<char>(status & 0xffU)}};
}

inline transport::Limits short_timeouts() {
  transport::Limits limits;
  limits.close_timeout = std::chrono::milliseconds{50};
  limits.upgrade_timeout = std::chrono::milliseconds{50};
  return limits;
}

}  // namespace wires
