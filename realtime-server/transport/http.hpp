// Requests and answers as the server uses them: the result of Beast's parser, without its types. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "realtime-server/engineio/chunk.hpp"
#include "realtime-server/loop/endpoint.hpp"

namespace transport {

enum class Method : std::uint8_t { kGet, kHead, kPost, kOptions, kOther };

/// A request. The views are valid until it is answered.
struct Request {
  Method method = Method::kOther;
  std::string_view path;       ///< the target up to `?`
  std::string_view query;      ///< what follows it
  std::string_view host;       ///< whom the client asked for, a port included if it named one
  std::optional<bool> secure;  ///< whether the client speaks TLS, if a trusted proxy says so
  loop::IpAddress address;     ///< the client's
  std::optional<std::string_view> origin;
  std::string_view content_type;
  std::string_view cookies;          ///< the header Cookie
  std::string_view preflight_wants;  ///< Access-Control-Request-Headers
  std::string_view body;             ///< empty while only the head has arrived
  bool wants_websocket = false;      ///< Upgrade: websocket
  std::string_view websocket_key;
  std::string_view websocket_version;
  std::string_view subprotocol;  ///< the first that the client offers
};

/// An answer. The sender adds the length.
struct Answer {
  int status = 200;
  std::string_view content_type = "text/plain; charset=UTF-8";
  std::string body{};
  std::string headers{};                  ///< additional headers, each ended by CRLF
  bool close = false;                     ///< close the connection after it
  std::vector<engineio::Range> ranges{};  ///< the uncopied part of the body, after `body`
};

/// The reason phrase of a status (RFC 9110, section 15).
std::string_view phrase_of(int status);

/// The head of an answer, with the length of its body and additional headers, each ended by CRLF; a HEAD gets the same
/// and no body.
std::string head_of(const Answer& answer, std::string_view headers, bool keep_alive);

/// The Sec-WebSocket-Accept value for a client's key (RFC 6455, section 4.2.2), or nothing if the key is not Base64 of
/// 16 bytes.
std::optional<std::string> accept_key(std::string_view key);

}  // namespace transport
