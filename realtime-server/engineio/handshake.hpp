// What a request to the Engine.IO path asks for, and the reasons to refuse it, in the order in which the reference
// server checks them (Engine.IO v4, "Handshake"). Pure.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "realtime-server/engineio/session_id.hpp"

namespace engineio {

enum class TransportName : std::uint8_t { kPolling, kWebSocket };

/// "polling" or "websocket".
std::string_view name_of(TransportName transport);

/// The query parameters that the server uses. Of a repeated parameter the last one counts.
struct Query {
  std::string_view eio;
  std::string_view transport;
  std::optional<std::string_view> sid;
  bool base64 = false;  ///< b64 is set and not 0

  /// Reads what follows the `?` of a target. Values are not unescaped: no valid value needs escapes.
  static Query parse(std::string_view text);
};

/// Why a request is refused; the values are the codes of the JSON body, in the order of the checks.
enum class Refusal : std::uint8_t {
  kUnknownTransport = 0,
  kUnknownSession = 1,
  kBadMethod = 2,
  kBadRequest = 3,
  kForbidden = 4,
  kUnsupportedProtocol = 5,
};

/// The HTTP status of a refusal: 403 for kForbidden, else 400.
int status_of(Refusal refusal);

/// The message that engine.io sends, for example "Session ID unknown".
std::string_view message_of(Refusal refusal);

/// The JSON body. For an unknown session it names the opaque owner if the id has the form that this server creates.
std::string body_of(Refusal refusal, std::optional<std::string_view> sid = std::nullopt);

/// Protocol settings that apply to every session.
struct Protocol {
  bool polling = true;
  bool websocket = true;
  std::chrono::milliseconds ping_interval{25'000};
  std::chrono::milliseconds ping_timeout{20'000};
  std::size_t max_payload = 1'000'000;  ///< bytes of a POST's body, and of a WebSocket message
};

/// The JSON of the open packet: exactly sid, upgrades, pingInterval, pingTimeout, maxPayload.
std::string open_json(const Protocol& protocol, const SessionId& sid, TransportName transport);

}  // namespace engineio
