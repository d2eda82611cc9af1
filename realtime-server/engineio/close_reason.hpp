// Why a session or a connection closes: the single catalogue that code, metrics, logs and tests use. Pure.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace engineio {

enum class CloseReason : std::uint8_t {
  kTransportClose,  ///< the client closed the connection or disappeared
  kTransportError,  ///< the connection failed, or a poll was abandoned
  kClientClose,     ///< the client sent a close packet
  kPingTimeout,     ///< no pong came in time
  kParseError,      ///< a packet violates the protocol
  kProtocolError,   ///< a WebSocket frame violates RFC 6455
  kMessageTooBig,   ///< a WebSocket message exceeds maxPayload
  kInvalidUtf8,     ///< a text is not UTF-8
  kOverlapping,     ///< two GETs, two POSTs or two WebSockets at once
  kConnectTimeout,  ///< no CONNECT within connectTimeout
  kUpgradeTimeout,  ///< a probe without an upgrade in time; the session stays open
  kSlowConsumer,    ///< the send queue exceeded its limit, or was among the largest when memory ran short
  kDrain,           ///< the server moves its clients elsewhere
  kHeaderTimeout,   ///< a request's headers took too long
  kBodyTimeout,     ///< a request's body or a binary packet's next attachment took too long
  kAnswerTimeout,   ///< the client did not read the answer to its request in time
  kOverloaded,      ///< memory for what clients send ran short, and this one held the most
};

struct CloseReasonInfo {
  CloseReason reason;
  std::string_view name;         ///< the `reason` label of metrics
  std::uint16_t websocket_code;  ///< the status of the close frame (RFC 6455, section 7.4.1); 0: none is sent
};

/// Every reason, in the order of the enumeration.
inline constexpr std::array kCloseReasons{
    CloseReasonInfo{CloseReason::kTransportClose, "transport_close", 0},
    CloseReasonInfo{CloseReason::kTransportError, "transport_error", 0},
    CloseReasonInfo{CloseReason::kClientClose, "client_close", 1000},
    CloseReasonInfo{CloseReason::kPingTimeout, "ping_timeout", 1001},
    CloseReasonInfo{CloseReason::kParseError, "parse_error", 1002},
    CloseReasonInfo{CloseReason::kProtocolError, "protocol_error", 1002},
    CloseReasonInfo{CloseReason::kMessageTooBig, "message_too_big", 1009},
    CloseReasonInfo{CloseReason::kInvalidUtf8, "invalid_utf8", 1007},
    CloseReasonInfo{CloseReason::kOverlapping, "overlapping", 1002},
    CloseReasonInfo{CloseReason::kConnectTimeout, "connect_timeout", 1001},
    CloseReasonInfo{CloseReason::kUpgradeTimeout, "upgrade_timeout", 1001},
    CloseReasonInfo{CloseReason::kSlowConsumer, "slow_consumer", 0},
    CloseReasonInfo{CloseReason::kDrain, "drain", 1001},
    CloseReasonInfo{CloseReason::kHeaderTimeout, "header_timeout", 0},
    CloseReasonInfo{CloseReason::kBodyTimeout, "body_timeout", 0},
    CloseReasonInfo{CloseReason::kAnswerTimeout, "answer_timeout", 0},
    CloseReasonInfo{CloseReason::kOverloaded, "overloaded", 1013},
};

/// The catalogue's entry of a reason.
constexpr const CloseReasonInfo& info_of(CloseReason reason) {
  return kCloseReasons.at(static_cast<std::size_t>(reason));
}

}  // namespace engineio
