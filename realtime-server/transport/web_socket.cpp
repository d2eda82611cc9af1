#include "realtime-server/transport/web_socket.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include <fmt/format.h>
#include <sys/socket.h>

#include "realtime-server/engineio/packet.hpp"
#include "realtime-server/transport/send.hpp"

namespace transport {

using engineio::CloseReason;
using engineio::Incoming;
using engineio::Opcode;

WebSocket::WebSocket(Context& context, loop::Descriptor socket, WebSocketOwner& owner, bool base64)
    : Outlet{context.send_queue_limits, context.flush_list, base64},
      Receiver{context.received},
      context_{context},
      socket_{std::move(socket)},
      owner_{&owner},
      reader_{context.limits.max_payload} {
  ++context_.counters.connections;
  context_.connections.push_back(*this);
}

WebSocket::~WebSocket() {
  if (state_ != State::kClosed) --context_.counters.connections;
}

void WebSocket::start(std::string_view accept_key, std::string_view rest, std::string_view headers) {
  const auto head = fmt::format(
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "
      "{}\r\n{}\r\n",
      accept_key, headers);
  auto range = context_.arena.take(head.size());
  std::memcpy(range.chunk->data() + range.offset, head.data(), head.size());
  send(range);
  self_ = this;
  watched_ = EPOLLIN;
  context_.loop.watch(socket_.get(), watched_, *this);
  // The bytes are in memory of the HTTP connection that this one replaces, whose owner is not ready for messages yet.
  if (rest.empty()) return;
  unread_ = std::make_unique<std::string>(rest);
  hold(unread_->size());
  context_.run_queue.add(*this);
  watch_for();
}

/// Who has sent more than was processed is not read from.
void WebSocket::watch_for() {
  if (state_ == State::kClosed) return;
  const auto wanted = (unread_ ? 0U : std::uint32_t{EPOLLIN}) | (blocked_ ? std::uint32_t{EPOLLOUT} : 0U);
  if (wanted == watched_) return;
  watched_ = wanted;
  context_.loop.change(socket_.get(), watched_, *this);
}

void WebSocket::on_ready(std::uint32_t events) {
  const WebSocketPtr alive{this};
  if (blocked_ && (events & EPOLLOUT) != 0) {
    blocked_ = false;
    flush();
  }
  if (state_ == State::kClosed || (events & ~std::uint32_t{EPOLLOUT}) == 0) return watch_for();
  // A client that is not read from has gone.
  if (unread_ && (events & (EPOLLERR | EPOLLHUP)) != 0)
    return state_ == State::kOpen ? fail(CloseReason::kTransportError) : destroy();
  context_.run_queue.add(*this);
}

void WebSocket::serve(Share& share) {
  const WebSocketPtr alive{this};
  if (!unread_) {
    receive(share);
  } else {
    const auto bytes = std::exchange(unread_, nullptr);
    take(*bytes, share);
  }
  if (state_ == State::kOpen)
    reader_.release();
  else
    reader_.reset();
  hold((unread_ ? unread_->size() : 0) + reader_.memory());
  watch_for();
}

void WebSocket::receive(Share& share) {
  auto& buffer = context_.buffer;
  const auto count = recv(socket_.get(), buffer.data(), context_.run_queue.read_size(), 0);
  if (count > 0) {
    context_.counters.bytes_in += static_cast<std::uint64_t>(count);
    return take({buffer.data(), static_cast<std::size_t>(count)}, share);
  }
  if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (state_ == State::kClosing) return destroy();
  fail(count == 0 ? CloseReason::kTransportClose : CloseReason::kTransportError);
}

/// Processes as many messages as the share allows; the rest waits for the next turn.
void WebSocket::take(std::span<char> bytes, Share& share) {
  while (state_ == State::kOpen && !bytes.empty()) {
    const auto takes = owner_->takes_messages();
    if (takes != Takes::kNow || !share.take()) return keep(bytes, takes);
    take_message(bytes);
  }
}

/// Keeps the bytes until they have their turn.
void WebSocket::keep(std::span<char> bytes, Takes takes) {
  unread_ = std::make_unique<std::string>(bytes.data(), bytes.size());
  if (takes == Takes::kNow) return context_.run_queue.add(*this);
  if (takes == Takes::kWhenResumed) return;
  ++context_.counters.pauses;
  paused_ = true;
  context_.pauses.arm(*this);
}

void WebSocket::resume() {
  if (unread_ && !paused_) context_.run_queue.add(*this);
}

/// Takes one message or control frame, or what has come of it.
void WebSocket::take_message(std::span<char>& bytes) {
  const auto incoming = reader_.next(bytes);
  switch (incoming.kind) {
    case Incoming::Kind::kNothing:
      return;
    case Incoming::Kind::kText:
    case Incoming::Kind::kBinary:
      ++context_.counters.messages_in;
      return owner_->on_message(*this, incoming.kind == Incoming::Kind::kBinary, incoming.payload);
    default:
      take_control(incoming);
  }
}

void WebSocket::take_control(const Incoming& incoming) {
  if (incoming.kind == Incoming::Kind::kError) return fail(incoming.error);
  if (incoming.kind == Incoming::Kind::kPing)
    return send(engineio::encode_control(context_.arena, Opcode::kPong, incoming.payload));
  if (incoming.kind != Incoming::Kind::kClose) return;
  // The client closes: echo its status (RFC 6455, section 5.5.1).
  say_goodbye(incoming.payload.substr(0, 2));
  owner_->on_closed(*this, CloseReason::kTransportClose);
}

/// Notifies the owner, and the client if the reason has a status.
void WebSocket::fail(CloseReason reason) {
  if (state_ != State::kOpen) return;
  const WebSocketPtr alive{this};
  close(reason);
  owner_->on_closed(*this, reason);
}

void WebSocket::close(CloseReason reason) {
  if (state_ != State::kOpen) return;
  const auto status = engineio::info_of(reason).websocket_code;
  if (status == 0) return destroy();
  const std::array<char, 2> bytes{static_cast<char>(status >> 8U), static_cast<char>(status & 0xffU)};
  say_goodbye({bytes.data(), bytes.size()});
}

/// Sends a close frame, after which nothing may follow (RFC 6455, section 5.5.1).
void WebSocket::say_goodbye(std::string_view status) {
  send(engineio::encode_control(context_.arena, Opcode::kClose, status));
  end();
  state_ = State::kClosing;
  unread_.reset();
  context_.close_deadlines.arm(*this);
  watch_for();
}

void WebSocket::destroy() {
  if (state_ == State::kClosed) return;
  const WebSocketPtr alive{this};
  state_ = State::kClosed;
  --context_.counters.connections;
  disarm();
  end();
  send_queue().clear();
  unread_.reset();
  context_.loop.forget(socket_.get(), *this);
  socket_.close();
  self_.reset();
}

void WebSocket::cut_off(engineio::ToSend) { state_ == State::kOpen ? fail(CloseReason::kSlowConsumer) : destroy(); }

void WebSocket::cut_off(engineio::Received) {
  const WebSocketPtr alive{this};
  state_ == State::kOpen ? fail(CloseReason::kOverloaded) : destroy();
  reader_.reset();
  hold(0);
}

std::size_t WebSocket::send_now(std::span<const iovec> parts) {
  if (state_ != State::kOpen || blocked_) return 0;
  ++context_.counters.writes;
  // An error is met again, and handled, by flush().
  return static_cast<std::size_t>(std::max<ssize_t>(0, send_parts(context_, socket_.get(), parts)));
}

void WebSocket::flush() {
  const WebSocketPtr alive{this};
  if (state_ == State::kClosed) return;
  if (overflowed()) return cut_off(engineio::ToSend{});
  if (blocked_) return;
  while (!send_queue().empty()) {
    ++context_.counters.writes;
    if (send_some(context_, socket_.get(), send_queue()) >= 0 || errno == EINTR) continue;
    if (errno != EAGAIN) return state_ == State::kOpen ? fail(CloseReason::kTransportError) : destroy();
    blocked_ = true;
    context_.waiting_to_send.add(*this);
    return watch_for();
  }
  if (state_ == State::kClosing) ::shutdown(socket_.get(), SHUT_WR);
}

void WebSocket::on_deadline() {
  if (state_ == State::kClosing) return destroy();
  if (std::exchange(paused_, false)) return context_.run_queue.add(*this);
  fail(CloseReason::kUpgradeTimeout);
}

}  // namespace transport
