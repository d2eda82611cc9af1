#include "realtime-server/transport/http_connection.hpp"

#include <algorithm>
#include <cctype>
#include <cstring>
#include <utility>

#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <sys/socket.h>

#include "realtime-server/transport/send.hpp"

namespace transport {

namespace http = boost::beast::http;
using engineio::CloseReason;

/// The maximum number of bytes to read and discard so that a reset does not destroy an early answer.
constexpr std::size_t kMaxLingering = 16 << 20;

struct HttpConnection::Parsing {
  http::request_parser<http::string_body> parser;
  Request request;
};

namespace {

std::string_view view(boost::beast::string_view text) { return {text.data(), text.size()}; }

Method method_of(http::verb verb) {
  switch (verb) {
    case http::verb::get:
      return Method::kGet;
    case http::verb::head:
      return Method::kHead;
    case http::verb::post:
      return Method::kPost;
    case http::verb::options:
      return Method::kOptions;
    default:
      return Method::kOther;
  }
}

/// A valid Host: a name or an address, and a port (RFC 3986, section 3.2).
bool is_authority(std::string_view text) {
  const auto allowed = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
           std::string_view{"-._~!$&'()*+,;=:[]%"}.find(c) != std::string_view::npos;
  };
  return !text.empty() && std::all_of(text.begin(), text.end(), allowed);
}

/// Why a head that Beast accepts is invalid; empty if it is valid. A request that two servers may interpret differently
/// is refused (RFC 9112, sections 3.2 and 6.1).
std::string_view fault_of(const http::request<http::string_body>& message) {
  const auto hosts = message.count(http::field::host);
  if (hosts > 1 || (hosts == 0 && message.version() >= 11)) return "a request must have exactly one Host\n";
  if (hosts == 1 && !is_authority(view(message[http::field::host]))) return "invalid Host\n";
  const auto encodings = message.count(http::field::transfer_encoding);
  if (encodings > 1 || (encodings == 1 && !boost::beast::iequals(message[http::field::transfer_encoding], "chunked")))
    return "the only supported Transfer-Encoding is chunked\n";
  return {};
}

/// Extracts what the server needs from a parsed head.
Request describe(const http::request<http::string_body>& message) {
  Request request;
  request.method = method_of(message.method());
  const auto target = view(message.target());
  request.path = target.substr(0, target.find('?'));
  request.query = request.path.size() < target.size() ? target.substr(request.path.size() + 1) : std::string_view{};
  request.host = view(message[http::field::host]);
  if (const auto origin = message.find(http::field::origin); origin != message.end())
    request.origin = view(origin->value());
  request.content_type = view(message[http::field::content_type]);
  request.cookies = view(message[http::field::cookie]);
  request.wants_websocket = message.version() >= 11 &&
                            http::token_list{message[http::field::upgrade]}.exists("websocket") &&
                            http::token_list{message[http::field::connection]}.exists("upgrade");
  request.websocket_key = view(message[http::field::sec_websocket_key]);
  request.websocket_version = view(message[http::field::sec_websocket_version]);
  return request;
}

}  // namespace

HttpConnection::HttpConnection(Context& context, HttpHandler& handler, loop::Descriptor socket)
    : context_{context}, handler_{handler}, socket_{std::move(socket)}, sending_{context.send_queue_limits} {
  ++context_.counters.connections;
  context_.connections.push_back(*this);
}

HttpConnection::~HttpConnection() {
  if (state_ != State::kClosed) --context_.counters.connections;
}

void HttpConnection::start() {
  self_ = this;
  watched_ = EPOLLIN;
  context_.loop.watch(socket_.get(), watched_, *this);
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
  if (std::exchange(takes_turns_, false) && owner_ != nullptr) owner_->on_turn(*this, share);
  if (reads_requests() && complete_) {
    const auto bytes = std::exchange(received_, {});
    take(bytes, share);
  } else if (std::exchange(readable_, false) && state_ != State::kClosed) {
    receive(share);
  }
  watch_for();
}

void HttpConnection::take_turns() {
  takes_turns_ = true;
  context_.run_queue.add(*this);
}

std::string_view HttpConnection::body() const { return parsing_->request.body; }

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
  if (state_ == State::kHead && (!parse_head() || (!parsing_->parser.is_done() && !begin_body()))) return false;
  if (state_ == State::kBody && !parse_body()) return false;
  disarm();
  state_ = State::kWaiting;
  handler_.on_request(*this, parsing_->request, share);
  return true;
}

/// True if the head is complete and valid.
bool HttpConnection::parse_head() {
  if (!parsing_) {
    parsing_ = std::make_unique<Parsing>();
    is_head_ = false;
    parsing_->parser.header_limit(static_cast<std::uint32_t>(context_.limits.header_bytes));
    parsing_->parser.body_limit(context_.limits.max_payload);
  }
  auto& parser = parsing_->parser;
  boost::system::error_code error;
  rest_.remove_prefix(parser.put(boost::asio::buffer(rest_.data(), rest_.size()), error));
  if (error == http::error::need_more) {
    if (rest_.size() > context_.limits.header_bytes)
      refuse(431, "the headers are too large\n", CloseReason::kProtocolError);
    return false;
  }
  if (error) {
    const bool too_large = error == http::error::header_limit;
    const bool too_much = error == http::error::body_limit;
    refuse(too_large ? 431 : too_much ? 413 : 400, error.message() + "\n", CloseReason::kProtocolError);
    return false;
  }
  if (const auto fault = fault_of(parser.get()); !fault.empty()) {
    refuse(400, fault, CloseReason::kProtocolError);
    return false;
  }
  keep_alive_ = parser.get().keep_alive();
  parsing_->request = describe(parser.get());
  is_head_ = parsing_->request.method == Method::kHead;
  return true;
}
/// True if the body is to be read.
bool HttpConnection::begin_body() {
  state_ = State::kBody;
  context_.body_deadlines.arm(*this);
  if (!handler_.on_head(*this, parsing_->request)) return false;
  if (boost::beast::iequals(parsing_->parser.get()[http::field::expect], "100-continue")) {
    constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
    send(socket_.get(), kContinue.data(), kContinue.size(), MSG_NOSIGNAL);
  }
  return true;
}

/// True if the body is complete.
bool HttpConnection::parse_body() {
  auto& parser = parsing_->parser;
  boost::system::error_code error;
  while (!rest_.empty() && !parser.is_done() && !error) {
    const auto taken = parser.put(boost::asio::buffer(rest_.data(), rest_.size()), error);
    rest_.remove_prefix(taken);
    if (taken == 0) break;
  }
  // The parser does not limit what stands between chunks; limit it here.
  const bool too_long = error == http::error::need_more && rest_.size() > context_.limits.header_bytes;
  if (too_long || (error && error != http::error::need_more)) {
    refuse(error == http::error::body_limit ? 413 : 400, error.message() + "\n", CloseReason::kProtocolError);
    return false;
  }
  if (!parser.is_done()) return false;
  parsing_->request.body = parser.get().body();
  return true;
}

/// Answers an invalid or too large request and closes the connection.
void HttpConnection::refuse(int status, std::string_view why, CloseReason reason) {
  handler_.on_http_closed(reason);
  auto* owner = std::exchange(owner_, nullptr);
  if (owner != nullptr) owner->on_abandoned(*this, reason);
  answer({.status = status, .body = std::string{why}, .close = true});
}

void HttpConnection::answer(const Answer& answer) {
  if (state_ == State::kClosed) return;
  const HttpConnectionPtr alive{this};
  owner_ = nullptr;
  takes_turns_ = false;
  // After an incompletely read body the next request cannot be found.
  const bool unread = state_ == State::kHead || state_ == State::kBody;
  keep_alive_ = keep_alive_ && !answer.close && !unread;
  state_ = State::kSending;
  context_.idle_deadlines.arm(*this);
  auto head = head_of(answer, keep_alive_);
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
  if (!keep_alive_) return linger();
  parsing_.reset();
  state_ = State::kIdle;
  context_.idle_deadlines.arm(*this);
  if (received_.empty()) return;
  complete_ = true;
  context_.run_queue.add(*this);
}

/// Closes for writing and discards further input, so that the client reads the answer before it receives a reset.
void HttpConnection::linger() {
  state_ = State::kLingering;
  parsing_.reset();
  std::string{}.swap(received_);
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
  parsing_.reset();
  sending_.clear();
}

void HttpConnection::abandon() {
  owner_ = nullptr;
  if (state_ != State::kClosed) close();
}

void HttpConnection::on_deadline() {
  const HttpConnectionPtr alive{this};
  switch (state_) {
    case State::kHead:
      if (!parsing_ && received_.empty()) return destroy(CloseReason::kHeaderTimeout);
      return refuse(408, "the headers took too long\n", CloseReason::kHeaderTimeout);
    case State::kBody:
      return refuse(408, "the body took too long\n", CloseReason::kBodyTimeout);
    default:
      return destroy(CloseReason::kAnswerTimeout);
  }
}

}  // namespace transport
