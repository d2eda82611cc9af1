#include "realtime-server/server/shard.hpp"

#include <utility>

#include <fmt/format.h>

#include "core/log.hpp"
#include "realtime-server/server/going_away.hpp"
#include "realtime-server/server/page.hpp"

namespace server {

using engineio::CloseReason;
using engineio::Query;
using engineio::Refusal;
using engineio::TransportName;
using transport::HttpConnection;
using transport::Method;
using transport::Request;

namespace {

/// So many connections may be open beyond the limit, for the answers that refuse them.
constexpr std::size_t kRefusedInWords = 1'000;
/// For the head of a request, when connections are scarce.
constexpr std::chrono::seconds kTimeToSpeak{1};

transport::Limits limits_of(const Config& config) {
  transport::Limits limits;
  limits.header_timeout = config.limits.header_timeout;
  limits.body_timeout = config.limits.body_timeout;
  limits.idle_timeout = config.limits.idle_timeout;
  limits.upgrade_timeout = config.protocol.upgrade_timeout;
  limits.header_bytes = config.limits.header_bytes;
  limits.received_bytes = config.limits.total_receive_bytes;
  limits.max_payload = config.protocol.max_payload;
  limits.connections = config.limits.max_connections;
  return limits;
}

engineio::SendQueueLimits send_queue_limits_of(const Config& config) {
  return {config.limits.send_queue_bytes, config.limits.send_queue_segments, config.limits.total_send_queue_bytes};
}

/// A client that offers subprotocols gives up if none is selected: browsers and ws do. The server speaks Engine.IO
/// whatever they are, as engine.io does (RFC 6455, section 4.2.2).
std::string subprotocol_header(const Request& request) {
  return request.subprotocol.empty() ? std::string{}
                                     : fmt::format("Sec-WebSocket-Protocol: {}\r\n", request.subprotocol);
}

engineio::Protocol protocol_of(const Config& config) {
  return {config.protocol.transports.polling, config.protocol.transports.websocket, config.protocol.ping_interval,
          config.protocol.ping_timeout, config.protocol.max_payload};
}

}  // namespace

Shard::Shard(const Config& config, const Identity& identity, std::uint8_t index)
    : config_{config},
      end_turn_{loop::Stage::kSend, [this] { end_turn(); }},
      send_queue_limits_{send_queue_limits_of(config)},
      flush_list_{[this] { loop_.schedule(end_turn_); }},
      context_{loop_, limits_of(config), send_queue_limits_, flush_list_},
      ids_{{engineio::replica_number(identity.replica), index}},
      hub_{config.namespaces, ids_, context_.arena, flush_list_, config.protocol.max_payload},
      environment_{context_,
                   hub_,
                   *this,
                   protocol_of(config),
                   fmt::format("Realtime-Replica: {}\r\n", identity.replica),
                   identity.affinity_cookie,
                   loop_.deadlines().queue(config.protocol.ping_interval),
                   loop_.deadlines().queue(config.protocol.ping_timeout),
                   loop_.deadlines().queue(config.protocol.connect_timeout),
                   loop_.deadlines().queue(config.protocol.ping_interval + config.protocol.ping_timeout),
                   config.limits.messages_per_second,
                   config.limits.bytes_per_second,
                   {}},
      origins_{config.allowed_origins, config.allow_credentials},
      admission_{config.limits},
      listener_{loop_, [this](loop::Descriptor socket, const loop::Endpoint& peer) {
                  on_accept(std::move(socket), peer.address);
                }} {
  context_.trusted_proxies = transport::TrustedProxies{config.trusted_proxies};
  if (!config.demo_page) return;
  page_ = page(config.protocol.path);
  page_headers_ = fmt::format(
      "Content-Security-Policy: {}\r\nX-Content-Type-Options: nosniff\r\nCache-Control: no-cache\r\n", page_policy());
}

Shard::~Shard() { clients_.clear(); }

/// Above the limit, connections that are silent before their first request make room, or else those that wait for
/// another one; without any, some more are accepted so that their requests can be refused in words.
void Shard::on_accept(loop::Descriptor socket, const loop::IpAddress& peer) {
  if (context_.counters.connections >= context_.limits.connections) {
    auto* spare = context_.header_deadlines.oldest(kTimeToSpeak, loop::Clock::now());
    if (spare == nullptr) spare = context_.idle_deadlines.oldest();
    if (spare != nullptr) {
      spare->disarm();
      spare->on_deadline();
    } else if (context_.counters.connections >= context_.limits.connections + kRefusedInWords) {
      ++counts_.of(ConnectOutcome::kTooMany);
      return;
    }
  }
  const transport::HttpConnectionPtr made{new HttpConnection{context_, *this, std::move(socket), peer}};
  made->start();
}

/// Sends everything that was queued in this turn, and destroys the clients that it closed.
void Shard::end_turn() {
  hub_.end_turn();
  flush_list_.flush_all();
  if (send_queue_limits_.is_over())
    context_.waiting_to_send.relieve([this] { return send_queue_limits_.is_nearly_over(); });
  closed_.clear();
}

void Shard::set_adapter(adapter::Adapter& adapter) {
  adapter_ = &adapter;
  hub_.set_adapter(adapter);
}

bool Shard::is_engine_path(std::string_view path) const {
  const std::string_view own = config_.protocol.path;
  return path == own || path == own.substr(0, own.size() - 1);
}

/// Runs the checks in the order of engine.io.
std::optional<Refusal> Shard::check(const Request& request, Admitted& admitted) {
  const auto& query = admitted.query = Query::parse(request.query);
  const bool polling = query.transport == "polling" && environment_.protocol.polling;
  const bool websocket = query.transport == "websocket" && environment_.protocol.websocket;
  if (!polling && !websocket) return Refusal::kUnknownTransport;
  if (query.sid) {
    // With several shards, a request for another shard would be forwarded here.
    const auto id = engineio::SessionId::parse(*query.sid);
    const auto found = id ? by_id_.find(*id) : by_id_.end();
    if (found == by_id_.end()) return Refusal::kUnknownSession;
    admitted.client = found->second.get();
    const bool matches = websocket || admitted.client->session().transport() == TransportName::kPolling;
    if (!matches || websocket != request.wants_websocket || query.eio != "4") return Refusal::kBadRequest;
    if (request.method != Method::kGet && (request.method != Method::kPost || !polling)) return Refusal::kBadMethod;
  } else {
    if (request.method != Method::kGet) return Refusal::kBadMethod;
    if (websocket != request.wants_websocket) return Refusal::kBadRequest;
    if (query.eio != "4") return Refusal::kUnsupportedProtocol;
  }
  if (!origins_.allows(request)) return Refusal::kForbidden;
  return std::nullopt;
}

void Shard::refuse(HttpConnection& connection, const Request& request, Refusal refusal, const Query& query) {
  auto& count = counts_.of(refusal == Refusal::kForbidden ? ConnectOutcome::kForbidden : ConnectOutcome::kRefused);
  if (!query.sid) ++count;
  if (refusal == Refusal::kForbidden && !query.sid && core::is_worth_a_line(count))
    core::log(
        core::LogLevel::kWarning,
        "refused a page whose origin is neither that of Host nor in allowedOrigins; if a proxy sets Host, have it "
        "send X-Forwarded-Host, and name it in trustedProxies",
        {{"origin", *request.origin},
         {"host", request.host},
         {"address", request.address.to_string()},
         {"refused", static_cast<std::int64_t>(count)}});
  if (request.wants_websocket)
    return connection.answer(
        {.status = engineio::status_of(refusal), .body = std::string{engineio::message_of(refusal)}, .close = true});
  connection.answer({.status = engineio::status_of(refusal),
                     .content_type = "application/json",
                     .body = engineio::body_of(refusal, query.sid)});
}

/// Checks an Engine.IO request; nothing if it was refused and answered.
std::optional<Shard::Admitted> Shard::admit(HttpConnection& connection, const Request& request) {
  Admitted admitted;
  const auto refusal = check(request, admitted);
  // A session that the drain closed is unknown; its client must reconnect to another replica, like new ones.
  const bool is_going_away = refuses_handshakes_ && (!refusal || refusal == Refusal::kUnknownSession);
  if (refusal && !is_going_away) {
    refuse(connection, request, *refusal, admitted.query);
    return std::nullopt;
  }
  if (admitted.client != nullptr) return admitted;
  if (is_going_away && !refusal && request.wants_websocket && has_cookie(request.cookies, environment_.affinity_cookie))
    return admitted;
  if (is_going_away) {
    ++counts_.of(ConnectOutcome::kGoingAway);
    connection.answer({.status = 503,
                       .body = std::string{kGoingAway},
                       .headers = "Retry-After: 1\r\n" +
                                  clear_cookie_header(environment_.affinity_cookie, Origins::is_cross_origin(request)),
                       .close = true});
    return std::nullopt;
  }
  const auto full = admission_.refusal(request.address, context_.counters.connections, loop::Clock::now());
  if (!full) return admitted;
  refuse(connection, request, *full);
  return std::nullopt;
}

void Shard::refuse(HttpConnection& connection, const Request& request, const Full& full) {
  const auto count = ++counts_.of(full.outcome);
  if (core::is_worth_a_line(count))
    core::log(core::LogLevel::kWarning, "refused a new session",
              {{"reason", name_of(full.outcome)},
               {"address", request.address.to_string()},
               {"refused", static_cast<std::int64_t>(count)}});
  connection.answer({.status = full.status,
                     .body = std::string{full.message},
                     .headers = fmt::format("Retry-After: {}\r\n", full.retry_after_seconds),
                     .close = true});
}

bool Shard::on_head(HttpConnection& connection, const Request& request) {
  if (!is_engine_path(request.path)) {
    connection.answer({.status = 404, .body = "path not found\n", .close = true});
    return false;
  }
  const auto admitted = admit(connection, request);
  if (!admitted) return false;
  if (request.method != Method::kPost) {  // a GET with a body
    connection.answer({.status = 400, .close = true});
    return false;
  }
  if (request.content_type.starts_with("application/octet-stream")) {
    connection.answer({.status = 400, .body = "the protocol does not allow binary bodies\n", .close = true});
    admitted->client->close(CloseReason::kParseError);
    return false;
  }
  return admitted->client->on_post_head(connection);
}

void Shard::on_request(HttpConnection& connection, const Request& request, transport::Share& share) {
  if (is_engine_path(request.path)) return serve_engine(connection, request, share);
  if (!page_.empty() && is_page_path(request.path, config_.protocol.path)) return serve_page(connection, request);
  connection.answer({.status = 404, .body = "path not found\n"});
}

void Shard::serve_engine(HttpConnection& connection, const Request& request, transport::Share& share) {
  // A CORS preflight request.
  if (request.method == Method::kOptions && request.origin && origins_.allows(request))
    return connection.answer({.status = 204, .headers = Origins::preflight_headers(request)});
  const auto admitted = admit(connection, request);
  if (!admitted) return;
  if (request.wants_websocket) return serve_websocket(connection, request, *admitted);
  if (admitted->client == nullptr) {
    ++counts_.of(ConnectOutcome::kPolling);
    ++counts_.polling;
    make_client(request, *admitted).open(connection);
  } else if (request.method == Method::kGet) {
    admitted->client->on_poll(connection);
  } else {
    admitted->client->on_post(connection, share);
  }
}

void Shard::serve_websocket(HttpConnection& connection, const Request& request, const Admitted& admitted) {
  if (request.websocket_version != "13")
    return connection.answer({.status = 426,
                              .body = "Sec-WebSocket-Version must be 13\n",
                              .headers = "Sec-WebSocket-Version: 13\r\n",
                              .close = true});
  const auto key = transport::accept_key(request.websocket_key);
  if (!key)
    return connection.answer({.status = 400, .body = "Sec-WebSocket-Key must be Base64 of 16 bytes\n", .close = true});
  if (admitted.client != nullptr) return admitted.client->on_upgrade(connection, *key, subprotocol_header(request));
  ++counts_.of(refuses_handshakes_ ? ConnectOutcome::kGoingAway : ConnectOutcome::kWebSocket);
  ++counts_.websocket;
  auto& client = make_client(request, admitted);
  auto headers = subprotocol_header(request);
  if (!refuses_handshakes_) return client.open_websocket(connection, *key, headers);
  // Browsers ignore cookies in an answer that refuses a WebSocket, and client libraries wait for the first packet.
  client.open_websocket(connection, *key,
                        headers + clear_cookie_header(environment_.affinity_cookie, Origins::is_cross_origin(request)));
  client.close(CloseReason::kDrain);
}

void Shard::serve_page(HttpConnection& connection, const Request& request) {
  if (request.method != Method::kGet && request.method != Method::kHead)
    return connection.answer({.status = 405, .body = "use GET\n", .headers = "Allow: GET, HEAD\r\n"});
  connection.answer({.content_type = "text/html; charset=utf-8", .body = page_, .headers = page_headers_});
}

Client& Shard::make_client(const Request& request, const Admitted& admitted) {
  const auto id = ids_.next();
  const auto transport = request.wants_websocket ? TransportName::kWebSocket : TransportName::kPolling;
  auto client = std::make_unique<Client>(environment_, id, transport, admitted.query.base64,
                                         ClientOrigin{request.address, Origins::is_cross_origin(request)});
  const auto created = by_id_.emplace(id, std::move(client)).first;
  admission_.opened(request.address);
  clients_.push_back(*created->second);
  return *created->second;
}

void Shard::on_client_closed(Client& client, CloseReason reason) {
  ++counts_.of(reason);
  admission_.closed(client.address());
  if (core::logs(core::LogLevel::kDebug))
    core::log(core::LogLevel::kDebug, "a session has closed",
              {{"sid", client.session().id().text()},
               {"reason", engineio::info_of(reason).name},
               {"address", client.address().to_string()}});
  const auto found = by_id_.find(client.session().id());
  --(client.over_websocket() ? counts_.websocket : counts_.polling);
  clients_.erase(clients_.iterator_to(client));
  loop_.schedule(end_turn_);
  closed_.push_back(std::move(found->second));
  by_id_.erase(found);
}

void Shard::on_client_upgraded() {
  ++counts_.of(ConnectOutcome::kUpgraded);
  --counts_.polling;
  ++counts_.websocket;
}

void Shard::stop() {
  listener_.stop();
  while (!clients_.empty()) clients_.front().close(CloseReason::kDrain);
  while (!context_.connections.empty()) {
    auto& connection = context_.connections.front();
    context_.connections.pop_front();
    connection.abandon();
  }
}

void Shard::shrink() {
  by_id_.rehash(0);
  closed_.shrink_to_fit();
  hub_.shrink();
}

Snapshot Shard::snapshot() const {
  auto now = counts_;
  now.sockets = context_.counters.connections;
  now.bytes_in = context_.counters.bytes_in;
  now.bytes_out = context_.counters.bytes_out;
  now.writes = context_.counters.writes;
  now.pauses = context_.counters.pauses;
  now.received_memory = context_.received.used();
  now.messages_in = context_.counters.messages_in;
  now.messages_out = hub_.counters().delivered;
  now.dropped = hub_.counters().dropped;
  now.of(ConnectOutcome::kNamespace) = hub_.counters().connects;
  now.of(ConnectOutcome::kUnknownNamespace) = hub_.counters().refused_connects;
  now.send_queue_bytes = send_queue_limits_.total_used;
  now.send_queue_memory = send_queue_limits_.memory();
  now.draining = draining_;
  if (adapter_ != nullptr) {
    now.redis = adapter_->state();
    now.problem = adapter_->problem();
    now.backplane = adapter_->counters();
  }
  return now;
}

}  // namespace server
