#include "realtime-server/transport/web_socket.hpp"

#include <array>
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

WebSocket::WebSocket(Context& context, Socket socket, WebSocketOwner& owner, bool base64)
    : Outlet{context.send_queue_limits, context.flush_list, base64},
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
  if (rest.empty()) return wait_readable();
  // The bytes are in memory of the HTTP connection that this one replaces.
  auto copy = std::make_shared<std::string>(rest);
  boost::asio::post(context_.loop, [self = WebSocketPtr{this}, copy] {
    self->take(*copy);
    self->wait_readable();
  });
}

void WebSocket::wait_readable() {
  if (state_ == State::kClosed) return;
  auto done = [self = WebSocketPtr{this}](const boost::system::error_code& error) {
    if (!error && self->state_ != State::kClosed) self->on_readable();
  };
  socket_.async_wait(Socket::wait_read, std::move(done));
}

void WebSocket::wait_writable() {
  writing_ = true;
  context_.backlogs.add(*this);
  auto done = [self = WebSocketPtr{this}](const boost::system::error_code& error) {
    self->writing_ = false;
    if (!error) self->flush();
  };
  socket_.async_wait(Socket::wait_write, std::move(done));
}

void WebSocket::on_readable() {
  auto& buffer = context_.buffer;
  const auto count = recv(socket_.native_handle(), buffer.data(), buffer.size(), MSG_DONTWAIT);
  if (count > 0) {
    context_.counters.bytes_in += static_cast<std::uint64_t>(count);
    take({buffer.data(), static_cast<std::size_t>(count)});
    return wait_readable();
  }
  if (count < 0 && (errno == EAGAIN || errno == EINTR)) return wait_readable();
  if (state_ == State::kClosing) return destroy();
  fail(count == 0 ? CloseReason::kTransportClose : CloseReason::kTransportError);
}

void WebSocket::take(std::span<char> bytes) {
  while (state_ == State::kOpen) {
    const auto incoming = reader_.next(bytes);
    switch (incoming.kind) {
      case Incoming::Kind::kNothing:
        return;
      case Incoming::Kind::kText:
      case Incoming::Kind::kBinary:
        ++context_.counters.messages_in;
        owner_->on_message(*this, incoming.kind == Incoming::Kind::kBinary, incoming.payload);
        break;
      default:
        take_control(incoming);
    }
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
  context_.close_deadlines.arm(*this);
}

void WebSocket::destroy() {
  if (state_ == State::kClosed) return;
  const WebSocketPtr alive{this};
  state_ = State::kClosed;
  --context_.counters.connections;
  disarm();
  end();
  send_queue().clear();
  boost::system::error_code ignored;
  socket_.close(ignored);
}

void WebSocket::cut_off() { state_ == State::kOpen ? fail(CloseReason::kSlowConsumer) : destroy(); }

void WebSocket::flush() {
  const WebSocketPtr alive{this};
  if (state_ == State::kClosed) return;
  if (overflowed()) return cut_off();
  if (writing_) return;
  while (!send_queue().empty()) {
    ++context_.counters.writes;
    if (send_some(context_, socket_, send_queue()) >= 0) continue;
    if (errno == EAGAIN || errno == EINTR) return wait_writable();
    return state_ == State::kOpen ? fail(CloseReason::kTransportError) : destroy();
  }
  if (state_ == State::kClosing) ::shutdown(socket_.native_handle(), SHUT_WR);
}

void WebSocket::on_deadline() {
  if (state_ == State::kClosing) return destroy();
  fail(CloseReason::kUpgradeTimeout);
}

}  // namespace transport
