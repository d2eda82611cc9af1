// What a request to the Engine.IO path asks for, and the checks in the order in which the peers make them (Engine.IO
// v4, "Handshake"). Pure.
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

/// The parameters of a request that matter here. What stands twice counts once, the last of them.
struct Query {
  std::string_view eio;
  std::string_view transport;
  std::optional<std::string_view> sid;
  bool base64 = false;  ///< b64 is set and not 0

  /// Reads what follows the `?` of a target; values are taken as they stand, since none that is valid needs escapes.
  static Query parse(std::string_view text);
};

/// Why a request is refused: code and message of the JSON body, in the order of their checks.
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

/// The message that engine.io gives, for example "Session ID unknown".
std::string_view message_of(Refusal refusal);

/// The JSON body. A session that is unknown here is named with its owner, opaque, if the id has the form of ours.
std::string body_of(Refusal refusal, std::optional<std::string_view> sid = std::nullopt);

/// What the server has decided about sessions in general.
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
