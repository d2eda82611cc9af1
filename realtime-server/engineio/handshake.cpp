#include "realtime-server/engineio/handshake.hpp"

#include <array>

#include <fmt/format.h>

namespace engineio {
namespace {

constexpr std::array<std::string_view, 6> kMessages{
    "Transport unknown", "Session ID unknown", "Bad handshake method",
    "Bad request",       "Forbidden",          "Unsupported protocol version"};

}  // namespace

std::string_view name_of(TransportName transport) {
  return transport == TransportName::kPolling ? "polling" : "websocket";
}

Query Query::parse(std::string_view text) {
  Query query;
  while (!text.empty()) {
    const auto end = text.find('&');
    const auto pair = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    const auto equals = pair.find('=');
    const auto name = pair.substr(0, equals);
    const auto value = equals == std::string_view::npos ? std::string_view{} : pair.substr(equals + 1);
    if (name == "EIO")
      query.eio = value;
    else if (name == "transport")
      query.transport = value;
    else if (name == "sid")
      query.sid = value;
    else if (name == "b64")
      query.base64 = !value.empty() && value != "0";
  }
  return query;
}

int status_of(Refusal refusal) { return refusal == Refusal::kForbidden ? 403 : 400; }

std::string_view message_of(Refusal refusal) { return kMessages.at(static_cast<std::size_t>(refusal)); }

std::string body_of(Refusal refusal, std::optional<std::string_view> sid) {
  const auto code = static_cast<int>(refusal);
  const auto id = refusal == Refusal::kUnknownSession && sid ? SessionId::parse(*sid) : std::nullopt;
  if (!id) return fmt::format(R"({{"code":{},"message":"{}"}})", code, message_of(refusal));
  const auto owner = owner_text(*id);
  return fmt::format(R"({{"code":{},"message":"{}","owner":"{}"}})", code, message_of(refusal),
                     std::string_view{owner.data(), owner.size()});
}

std::string open_json(const Protocol& protocol, const SessionId& sid, TransportName transport) {
  const bool upgradable = transport == TransportName::kPolling && protocol.websocket;
  return fmt::format(R"({{"sid":"{}","upgrades":[{}],"pingInterval":{},"pingTimeout":{},"maxPayload":{}}})", sid.text(),
                     upgradable ? R"("websocket")" : "", protocol.ping_interval.count(), protocol.ping_timeout.count(),
                     protocol.max_payload);
}

}  // namespace engineio
