// The state machine of one Engine.IO session (protocol v4), without I/O, packet contents or a clock: it receives events
// and returns what to do. Owned by the client it belongs to; one loop thread only.
#pragma once

#include <cstdint>

#include "realtime-server/engineio/close_reason.hpp"
#include "realtime-server/engineio/handshake.hpp"
#include "realtime-server/engineio/packet.hpp"

namespace engineio {

class Session {
 public:
  Session(const SessionId& id, TransportName transport)
      : id_{id}, phase_{transport == TransportName::kPolling ? Phase::kPolling : Phase::kWebSocket} {}

  const SessionId& id() const { return id_; }
  bool closed() const { return phase_ == Phase::kClosed; }
  /// The transport that requests must name: polling until the upgrade is complete.
  TransportName transport() const {
    return phase_ == Phase::kWebSocket ? TransportName::kWebSocket : TransportName::kPolling;
  }
  /// Whether packets may be sent now if the transport is ready: not between a probe and its upgrade.
  bool may_send() const { return phase_ == Phase::kPolling || phase_ == Phase::kWebSocket; }

  enum class OnPoll : std::uint8_t {
    kWait,      ///< answer it when there is something to send, with at most kPacketsPerPoll packets
    kNoop,      ///< answer it with `6` at once: an upgrade is under way
    kConflict,  ///< another poll waits: answer that one with `1`, this one with an empty 400, and close the session
  };
  /// A GET arrived; its session and transport were checked.
  OnPoll on_poll();
  /// The waiting poll was answered, or its connection closed.
  void poll_answered() { poll_waits_ = false; }

  /// The headers of a POST arrived. False if another POST is incomplete: then destroy that POST's connection, answer
  /// this one with 400, and close the session.
  bool on_post_begin();
  void on_post_end() { post_runs_ = false; }

  enum class OnPacket : std::uint8_t {
    kIgnore,
    kMessage,     ///< pass its data on
    kPong,        ///< the client is alive: ping again after pingInterval
    kClose,       ///< close with kClientClose; a waiting poll gets `6`
    kParseError,  ///< close with kParseError
  };
  /// A packet arrived over the session's transport.
  OnPacket on_packet(const Packet& packet);

  /// A WebSocket for this session arrived. False if it must be closed because there is one already.
  bool on_websocket();

  enum class OnProbe : std::uint8_t {
    kAnswer,   ///< send `3probe` on the WebSocket, and `6` to a waiting poll
    kUpgrade,  ///< the WebSocket is the transport from now on; a waiting poll gets `6`
    kRefuse,   ///< close the WebSocket; the session continues over polling
  };
  /// A packet arrived over that WebSocket before the upgrade (Engine.IO v4, "Upgrade").
  OnProbe on_probe_packet(const Packet& packet);
  /// That WebSocket closed before the upgrade.
  void on_probe_gone();

  void close() { phase_ = Phase::kClosed; }

 private:
  enum class Phase : std::uint8_t { kPolling, kProbed, kWebSocket, kClosed };

  SessionId id_;
  Phase phase_;
  bool poll_waits_ = false;
  bool post_runs_ = false;
  bool has_probe_ = false;  ///< a WebSocket that is not the transport yet
};

}  // namespace engineio
