#include "realtime-server/transport/http_connection.hpp"

#include <cstring>
#include <utility>

#include <sys/socket.h>

#include "realtime-server/transport/request_parser.hpp"
#include "realtime-server/transport/send.hpp"

namespace transport {

using engineio::CloseReason;
using Progress = RequestParser::Progress;

namespace {

/// The maximum number of bytes to read and discard so that a reset does not destroy an early answer.
constexpr std::size_t kMaxLingering = 16 << 20;
/// A string of this capacity has allocated nothing.
const std::size_t kNothingAllocated = std::string{}.capacity();

std::size_t allocated(const std::string& text) { return text.capacity() > kNothingAllocated ? text.capacity() : 0; }

}  // namespace

HttpConnection::HttpConnection(Context& context, HttpHandler& handler, loop::Descriptor socket,
                               const loop::IpAddress& peer)
    : Receiver{context.received},
      context_{context},
      handler_{handler},
      socket_{std::move(socket)},
      peer_{peer},
      sending_{context.send_queue_limits},
      may_have_proxy_header_{context.trusted_proxies.trusts(peer)},
      trusts_peer_{may_have_proxy_header_} {
  ++context_.counters.connections;
  context_.connections.push_back(*this);
}

HttpConnection::~HttpConnection() {
  if (state_ != State::kClosed) --context_.counters.connections;
}

void HttpConnection::start() {
  watched_ = EPOLLIN;
  context_.loop.watch(socket_.get(), watched_, *this);
  self_ = this;  // only now: if it cannot be watched, its creator destroys it
  context_.header_deadlines.arm(*this);
}

/// A client may send its next request before the answer. One that sends too much is not read from until then, nor is
/// one whose requests wait for their turn.
void HttpConnection::watch_for() {
  if (state_ == State::kClosed) return;
  const bool reads =
      state_ == State::kLingering || (reads_requests() ? !complete_ : received_.size() < context_.limits.header_bytes);
  const auto wanted = (reads ? std::uint32_t{EPOLLIN} : 0U) | (blocked_ ? std::uint32_t{EPOLLOUT} : 0U);
  if (wanted == watched_) return;
  watched_ = wanted;
  context_.loop.change(socket_.get(), watched_, *this);
}

void HttpConnection::on_ready(std::uint32_t events) {
  const HttpConnectionPtr alive{this};
  if (blocked_ && (events & EPOLLOUT) != 0) {
    blocked_ = false;
    send_pending();
  }
  if (state_ == State::kClosed) return;
  // A client that is not read from has gone.
  if ((watched_ & EPOLLIN) == 0 && (events & (EPOLLERR | EPOLLHUP)) != 0) return destroy(CloseReason::kTransportError);
  if ((events & ~std::uint32_t{EPOLLOUT}) != 0) {
    readable_ = true;
    context_.run_queue.add(*this);
  }
  watch_for();
}

void HttpConnection::serve(Share& share) {
  const HttpConnectionPtr alive{this};
  if (!paused_ && std::exchange(takes_turns_, false) && owner_ != nullptr) owner_->on_turn(*this, share);
  if (reads_requests() && complete_) {
    const auto bytes = std::exchange(received_, {});
    take(bytes, share);
  } else if (std::exchange(readable_, false) && state_ != State::kClosed) {
    receive(share);
  }
  count_held();
  watch_for();
}

void HttpConnection::count_held() { hold(allocated(received_) + (parser_ ? parser_->memory() : 0)); }

void HttpConnection::take_turns(bool later) {
  takes_turns_ = true;
  paused_ = later;
  if (later)
    context_.pauses.arm(*this);
  else
    context_.run_queue.add(*this);
}

std::string_view HttpConnection::body() const { return parser_->request().body; }

void HttpConnection::receive(Share& share) {
  const auto count = recv(socket_.get(), context_.buffer.data(), context_.run_queue.read_size(), 0);
  if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (count <= 0) return destroy(count == 0 ? CloseReason::kTransportClose : CloseReason::kTransportError);
  context_.counters.bytes_in += static_cast<std::uint64_t>(count);
  const std::string_view bytes{context_.buffer.data(), static_cast<std::size_t>(count)};
  if (state_ == State::kLingering) {
    lingered_ += bytes.size();
    if (lingered_ > kMaxLingering) close();
    return;
  }
  if (reads_requests() && received_.empty()) return take(bytes, share);
  received_ += bytes;
  if (!reads_requests()) return;
  const auto all = std::exchange(received_, {});
  take(all, share);
}

/// Takes requests, as many as the share allows, and keeps the rest.
void HttpConnection::take(std::string_view bytes, Share& share) {
  rest_ = bytes;
  complete_ = true;
  while (reads_requests() && complete_ && share.take()) complete_ = parse(share);
  const auto rest = std::exchange(rest_, {});
  if (state_ == State::kClosed || state_ == State::kLingering) return;
  received_ = rest;
  if (received_.empty()) complete_ = false;
  if (complete_ && reads_requests()) context_.run_queue.add(*this);
}

/// Handles one request, or a part of its body. False if more bytes must come before anything else can be done.
bool HttpConnection::parse(Share& share) {
  if (state_ == State::kIdle) {
    if (rest_.empty()) return false;
    state_ = State::kHead;
    context_.header_deadlines.arm(*this);
  }
  if (may_have_proxy_header_ && !take_proxy_header()) return false;
  if (state_ == State::kHead && (!parse_head() || (parser_->has_body() && !begin_body()))) return false;
  if (state_ == State::kBody && !parse_body()) return false;
  disarm();
  state_ = State::kWaiting;
  handler_.on_request(*this, parser_->request(), share);
  // Whoever answers later needs the body alone, and only to take turns.
  if (state_ == State::kWaiting && !takes_turns_) parser_.reset();
  return true;
}

/// False if more bytes must come, or the connection is closed.
bool HttpConnection::take_proxy_header() {
  const auto header = read_proxy_header(rest_, context_.limits.header_bytes);
  if (header.kind == ProxyHeader::Kind::kIncomplete) return false;
  if (header.kind == ProxyHeader::Kind::kInvalid) {
    destroy(CloseReason::kProtocolError);
    return false;
  }
  may_have_proxy_header_ = false;
  rest_.remove_prefix(header.size);
  if (header.client) peer_ = *header.client;
  if (header.kind == ProxyHeader::Kind::kFound)
    trusts_peer_ = header.client ? context_.trusted_proxies.trusts(peer_) : header.is_of_proxy;
  return !rest_.empty();
}

/// True if the head is complete and valid.
bool HttpConnection::parse_head() {
  if (!parser_) {
    static const TrustedProxies kNobody;
    parser_ =
        std::make_unique<RequestParser>(context_.limits, trusts_peer_ ? context_.trusted_proxies : kNobody, peer_);
    is_head_ = false;
  }
  const auto progress = parser_->parse_head(rest_);
  if (progress == Progress::kIncomplete) return false;
  if (auto headers = handler_.headers_for(parser_->request()); !headers.empty())
    headers_ = std::make_unique<std::string>(std::move(headers));
  if (progress == Progress::kRefused) {
    refuse_fault();
    return false;
  }
  keep_alive_ = parser_->keep_alive();
  is_head_ = parser_->request().method == Method::kHead;
  return true;
}

/// True if the body is to be read.
bool HttpConnection::begin_body() {
  state_ = State::kBody;
  context_.body_deadlines.arm(*this);
  if (!handler_.on_head(*this, parser_->request())) return false;
  if (parser_->expects_continue()) {
    constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
    send(socket_.get(), kContinue.data(), kContinue.size(), MSG_NOSIGNAL);
  }
  return true;
}

/// True if the body is complete.
bool HttpConnection::parse_body() {
  const auto progress = parser_->parse_body(rest_);
  if (progress == Progress::kRefused) refuse_fault();
  return progress == Progress::kDone;
}

void HttpConnection::refuse_fault() {
  const auto& fault = parser_->fault();
  refuse(fault.status, fault.why, CloseReason::kProtocolError);
}

/// Answers an invalid or too large request and closes the connection.
void HttpConnection::refuse(int status, std::string why, CloseReason reason, std::string headers) {
  handler_.on_http_closed(reason);
  auto* owner = std::exchange(owner_, nullptr);
  if (owner != nullptr) owner->on_abandoned(*this, reason);
  answer({.status = status, .body = std::move(why), .headers = std::move(headers), .close = true});
}

void HttpConnection::answer(const Answer& answer) {
  if (state_ == State::kClosed) return;
  const HttpConnectionPtr alive{this};
  owner_ = nullptr;
  takes_turns_ = false;
  paused_ = false;
  // After an incompletely read body the next request cannot be found.
  const bool unread = state_ == State::kHead || state_ == State::kBody;
  keep_alive_ = keep_alive_ && !answer.close && !unread;
  state_ = State::kSending;
  context_.answer_deadlines.arm(*this);
  auto head = head_of(answer, headers_ ? *headers_ : std::string_view{}, keep_alive_);
  if (!is_head_) head += answer.body;
  auto range = context_.arena.take(head.size());
  std::memcpy(range.chunk->data() + range.offset, head.data(), head.size());
  sending_.add(range);
  if (!is_head_)
    for (const auto& part : answer.ranges) sending_.add(part);
  send_pending();
  watch_for();
}

void HttpConnection::send_pending() {
  while (!sending_.empty()) {
    if (send_some(context_, socket_.get(), sending_) >= 0 || errno == EINTR) continue;
    if (errno != EAGAIN) return destroy(CloseReason::kTransportError);
    blocked_ = true;
    return context_.waiting_to_send.add(*this);
  }
  sent();
}

/// The answer was sent.
void HttpConnection::sent() {
  headers_.reset();
  if (!keep_alive_) return linger();
  parser_.reset();
  count_held();
  state_ = State::kIdle;
  if (received_.empty()) return context_.idle_deadlines.arm(*this);
  context_.header_deadlines.arm(*this);
  complete_ = true;
  context_.run_queue.add(*this);
}

/// Closes for writing and discards further input, so that the client reads the answer before it receives a reset.
void HttpConnection::linger() {
  state_ = State::kLingering;
  parser_.reset();
  std::string{}.swap(received_);
  count_held();
  ::shutdown(socket_.get(), SHUT_WR);
  context_.close_deadlines.arm(*this);
}

loop::Descriptor HttpConnection::release(std::string& rest) {
  rest = rest_;
  context_.loop.forget(socket_.get(), *this);
  state_ = State::kClosed;
  --context_.counters.connections;
  disarm();
  self_.reset();
  return std::move(socket_);
}

void HttpConnection::destroy(CloseReason reason) {
  if (state_ == State::kClosed) return;
  const HttpConnectionPtr alive{this};
  if (state_ != State::kLingering && state_ != State::kIdle) handler_.on_http_closed(reason);
  auto* owner = std::exchange(owner_, nullptr);
  close();
  if (owner != nullptr) owner->on_abandoned(*this, reason);
}

/// May destroy the connection, unless it is held.
void HttpConnection::close() {
  const auto self = std::exchange(self_, nullptr);
  state_ = State::kClosed;
  --context_.counters.connections;
  disarm();
  context_.loop.forget(socket_.get(), *this);
  socket_.close();
  parser_.reset();
  std::string{}.swap(received_);
  count_held();
  sending_.clear();
}

void HttpConnection::cut_off(engineio::Received) {
  const HttpConnectionPtr alive{this};
  if (!reads_requests()) return destroy(CloseReason::kOverloaded);
  refuse(503, "too much waits to be processed; try again\n", CloseReason::kOverloaded, "Retry-After: 5\r\n");
  // The connection closes after the answer, which may take the client long to read.
  parser_.reset();
  std::string{}.swap(received_);
  count_held();
}

void HttpConnection::abandon() {
  owner_ = nullptr;
  if (state_ != State::kClosed) close();
}

void HttpConnection::on_deadline() {
  const HttpConnectionPtr alive{this};
  switch (state_) {
    case State::kHead:
      if (!parser_ && received_.empty()) return destroy(CloseReason::kHeaderTimeout);
      return refuse(408, "the headers took too long\n", CloseReason::kHeaderTimeout);
    case State::kBody:
      return refuse(408, "the body took too long\n", CloseReason::kBodyTimeout);
    case State::kWaiting:
      paused_ = false;
      return context_.run_queue.add(*this);
    default:
      return destroy(CloseReason::kAnswerTimeout);
  }
}

}  // namespace transport
