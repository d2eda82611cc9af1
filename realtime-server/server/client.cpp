#include "realtime-server/server/client.hpp"

#include <array>
#include <utility>

#include "realtime-server/server/going_away.hpp"

namespace server {

using engineio::CloseReason;
using engineio::PacketType;
using engineio::Session;
using engineio::TransportName;
using transport::HttpConnection;

namespace {

constexpr std::string_view kNoStore = "Cache-Control: no-store\r\n";

transport::Answer text_answer(int status, std::string body, std::string headers = {}) {
  return {.status = status, .body = std::move(body), .headers = std::move(headers.append(kNoStore))};
}

}  // namespace

Client::Client(ClientEnvironment& environment, const engineio::SessionId& id, TransportName transport, bool base64,
               const ClientOrigin& origin)
    : Receiver{environment.context.received},
      environment_{environment},
      session_{id, transport},
      base64_{base64},
      over_websocket_{transport == TransportName::kWebSocket},
      origin_{origin} {
  if (environment.messages_per_second > 0 || environment.bytes_per_second > 0)
    rates_ = std::make_unique<Rates>(
        Rates{TokenBucket{environment.messages_per_second}, TokenBucket{environment.bytes_per_second}});
}

Client::~Client() = default;

void Client::start_timers() {
  environment_.ping_deadlines.arm(heartbeat_);
  environment_.connect_deadlines.arm(awaited_);
}

void Client::open(HttpConnection& connection) {
  polling_ = std::make_unique<PollOutlet>(*this);
  outlet_ = polling_.get();
  start_timers();
  std::string body{static_cast<char>(PacketType::kOpen)};
  body += engineio::open_json(environment_.protocol, session_.id(), TransportName::kPolling);
  connection.answer(text_answer(200, std::move(body), environment_.handshake_headers));
}

transport::WebSocketPtr Client::take_socket(HttpConnection& connection, std::string_view accept_key,
                                            std::string_view headers) {
  std::string rest;
  auto socket = connection.release(rest);
  transport::WebSocketPtr made{new transport::WebSocket{environment_.context, std::move(socket), *this, base64_}};
  made->start(accept_key, rest, headers);
  return made;
}

void Client::open_websocket(HttpConnection& connection, std::string_view accept_key, std::string_view headers) {
  web_socket_ = take_socket(connection, accept_key, headers);
  outlet_ = web_socket_.get();
  start_timers();
  send(PacketType::kOpen, engineio::open_json(environment_.protocol, session_.id(), TransportName::kWebSocket));
}

void Client::send(PacketType type, std::string_view data) {
  outlet_->send(engineio::encode_text(environment_.context.arena, type, std::array{data}));
}

void Client::on_poll(HttpConnection& connection) {
  switch (session_.on_poll()) {
    case Session::OnPoll::kNoop:
      return connection.answer(text_answer(200, "6"));
    case Session::OnPoll::kConflict:
      answer_poll({.body = "1"});
      connection.answer(text_answer(400, ""));
      return close(CloseReason::kOverlapping);
    case Session::OnPoll::kWait:
      break;
  }
  poll_ = &connection;
  connection.set_owner(this);
  flush_poll();
}

bool Client::on_post_head(HttpConnection& connection) {
  if (session_.on_post_begin()) {
    post_ = &connection;
    connection.set_owner(this);
    return true;
  }
  connection.answer({.status = 400, .close = true});
  close(CloseReason::kOverlapping);
  return false;
}

void Client::on_post(HttpConnection& connection, transport::Share& share) {
  // A POST without a body arrives at once, and begins only here.
  if (post_.get() != &connection && !on_post_head(connection)) return;
  run_post(connection, 0, share);
}

void Client::on_turn(HttpConnection& connection, transport::Share& share) {
  run_post(connection, *std::exchange(progress_, std::nullopt), share);
}

/// Processes a POST whose first `done` bytes have been processed.
void Client::run_post(HttpConnection& connection, std::size_t done, transport::Share& share) {
  // A packet may close the session, and its POST is answered all the same.
  post_.reset();
  auto body = connection.body().substr(done);
  bool failed = body.empty();
  while (!body.empty() && !failed && !session_.closed()) {
    const bool too_fast = sends_too_fast();
    if (too_fast || !share.take()) {
      progress_ = static_cast<std::uint32_t>(connection.body().size() - body.size());
      post_ = &connection;
      if (too_fast) ++environment_.context.counters.pauses;
      return connection.take_turns(too_fast);
    }
    ++environment_.context.counters.messages_in;
    const auto text = engineio::next_in_payload(body);
    count_message(text.size());
    const auto packet = engineio::decode_packet(text, environment_.scratch);
    failed = !packet;
    if (packet) on_packet(*packet);
  }
  session_.on_post_end();
  connection.set_owner(nullptr);
  if (web_socket_) web_socket_->resume();
  if (failed) close(CloseReason::kParseError);
  connection.answer(failed ? text_answer(400, "") : text_answer(200, "ok"));
}

bool Client::sends_too_fast() {
  if (!rates_) return false;
  const auto now = loop::Clock::now();
  const bool may_send = rates_->messages.has(now);
  return !rates_->bytes.has(now) || !may_send;
}

void Client::count_message(std::size_t bytes) {
  if (!rates_) return;
  rates_->messages.take(1);
  rates_->bytes.take(static_cast<double>(bytes));
}

transport::Takes Client::takes_messages() {
  if (progress_) return transport::Takes::kWhenResumed;
  return over_websocket_ && sends_too_fast() ? transport::Takes::kAfterPause : transport::Takes::kNow;
}

void Client::on_upgrade(HttpConnection& connection, std::string_view accept_key, std::string_view headers) {
  const auto socket = take_socket(connection, accept_key, headers);
  if (!session_.on_websocket()) return socket->close(CloseReason::kOverlapping);
  web_socket_ = socket;
  environment_.context.upgrade_deadlines.arm(*socket);
}

void Client::on_message(transport::WebSocket& socket, bool binary, std::string_view bytes) {
  if (session_.transport() == TransportName::kPolling) return on_probe(socket, binary ? std::string_view{} : bytes);
  count_message(bytes.size());
  if (binary) return on_packet({PacketType::kMessage, true, bytes});
  on_text(bytes);
}

void Client::on_text(std::string_view text) {
  const auto packet = engineio::decode_packet(text, environment_.scratch);
  if (!packet) return close(CloseReason::kParseError);
  on_packet(*packet);
}

void Client::on_packet(const engineio::Packet& packet) {
  switch (session_.on_packet(packet)) {
    case Session::OnPacket::kIgnore:
      return;
    case Session::OnPacket::kPong:
      awaits_pong_ = false;
      return environment_.ping_deadlines.arm(heartbeat_);
    case Session::OnPacket::kClose:
      return close(CloseReason::kClientClose);
    case Session::OnPacket::kParseError:
      return close(CloseReason::kParseError);
    case Session::OnPacket::kMessage:
      break;
  }
  const auto reason = environment_.hub.on_message(connection_, *outlet_, packet.binary, packet.data);
  if (reason) return close(*reason);
  hold(connection_.assembler().memory());
  if (connection_.assembler().is_partial())
    environment_.attachment_deadlines.arm(awaited_);
  else if (connection_.has_sockets())
    awaited_.disarm();
}

/// A message on a WebSocket that is not the transport yet.
void Client::on_probe(transport::WebSocket& socket, std::string_view text) {
  const auto packet = engineio::decode_packet(text, environment_.scratch);
  switch (packet ? session_.on_probe_packet(*packet) : Session::OnProbe::kRefuse) {
    case Session::OnProbe::kAnswer:
      socket.send(engineio::encode_text(environment_.context.arena, PacketType::kPong, std::array{packet->data}));
      break;
    case Session::OnProbe::kUpgrade:
      upgrade(socket);
      break;
    case Session::OnProbe::kRefuse:
      socket.close(CloseReason::kParseError);
      session_.on_probe_gone();
      web_socket_.reset();
      return;
  }
  answer_poll({.body = "6"});
}

/// Sends what waits for a poll over the WebSocket first. An incomplete POST is refused once it completes, like any
/// request over the previous transport.
void Client::upgrade(transport::WebSocket& socket) {
  if (const auto post = std::exchange(post_, nullptr)) {
    post->set_owner(nullptr);
    session_.on_post_end();
  }
  socket.disarm();
  if (!base64_) polling_->send_queue().decode_base64(environment_.context.arena);
  socket.take_over(*polling_);
  over_websocket_ = true;
  outlet_ = &socket;
  connection_.set_outlet(socket);
  polling_.reset();
  environment_.registry.on_client_upgraded();
  socket.flush();
}

void Client::on_closed(transport::WebSocket&, CloseReason reason) {
  if (session_.transport() == TransportName::kWebSocket) return close(reason);
  session_.on_probe_gone();
  web_socket_.reset();
}

void Client::on_abandoned(HttpConnection& connection, CloseReason reason) {
  if (&connection == poll_.get()) {
    session_.poll_answered();
    poll_.reset();
  } else if (&connection == post_.get()) {
    session_.on_post_end();
    post_.reset();
    // What is left of a body that was accepted would be lost.
    if (std::exchange(progress_, std::nullopt)) return close(reason);
  }
  if (reason == CloseReason::kTransportClose || reason == CloseReason::kTransportError) close(reason);
}

void Client::on_heartbeat() {
  if (std::exchange(awaits_pong_, true)) return close(CloseReason::kPingTimeout);
  send(PacketType::kPing, {});
  environment_.pong_deadlines.arm_after(heartbeat_);
}

void Client::on_awaited_too_long() {
  close(connection_.assembler().is_partial() ? CloseReason::kBodyTimeout : CloseReason::kConnectTimeout);
}

void Client::flush_poll() {
  if (polling_->overflowed()) return close(CloseReason::kSlowConsumer);
  auto& send_queue = polling_->send_queue();
  auto& context = environment_.context;
  if (poll_ && session_.may_send() && !send_queue.empty())
    answer_poll({.ranges = send_queue.take_payload(engineio::kPacketsPerPoll, context.arena)});
  if (!send_queue.empty()) context.waiting_to_send.add(*polling_);
}

void Client::answer_poll(transport::Answer answer) {
  if (!poll_) return;
  const auto connection = std::exchange(poll_, nullptr);
  session_.poll_answered();
  answer.headers += kNoStore;
  connection->answer(answer);
}

/// Clients reconnect after an error status; a client that closed the session itself gets a noop.
void Client::end_poll(CloseReason reason) {
  if (reason == CloseReason::kClientClose) return answer_poll({.body = "6"});
  if (reason == CloseReason::kDrain)
    return answer_poll({.status = 503,
                        .body = std::string{kGoingAway},
                        .headers = clear_cookie_header(environment_.affinity_cookie, origin_.cross_origin)});
  answer_poll({.status = 400, .body = engineio::body_of(engineio::Refusal::kUnknownSession)});
}

void Client::close(CloseReason reason) {
  if (session_.closed()) return;
  session_.close();
  heartbeat_.disarm();
  awaited_.disarm();
  connection_.leave_all();
  connection_.assembler().release();
  hold(0);
  end_poll(reason);
  if (polling_) polling_->send_queue().clear();
  if (const auto post = std::exchange(post_, nullptr)) {
    progress_.reset();
    post->set_owner(nullptr);
    post->destroy(reason);
  }
  // A probe has no close status to send.
  if (web_socket_) over_websocket_ ? web_socket_->close(reason) : web_socket_->destroy();
  environment_.registry.on_client_closed(*this, reason);
}

}  // namespace server
