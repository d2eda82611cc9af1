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

HttpConnection::HttpConnection(Context& context, HttpHandler& handler, Socket socket)
    : context_{context}, handler_{handler}, socket_{std::move(socket)}, sending_{context.send_queue_limits} {
  ++context_.counters.connections;
  context_.connections.push_back(*this);
}

HttpConnection::~HttpConnection() {
  if (state_ != State::kClosed) --context_.counters.connections;
}

void HttpConnection::start() {
  context_.header_deadlines.arm(*this);
  wait_readable();
}

void HttpConnection::wait_readable() {
  if (reading_ || state_ == State::kClosed) return;
  reading_ = true;
  auto done = [self = HttpConnectionPtr{this}](const boost::system::error_code& error) {
    self->reading_ = false;
    if (!error && self->state_ != State::kClosed) self->on_readable();
  };
  socket_.async_wait(Socket::wait_read, std::move(done));
}

void HttpConnection::wait_writable() {
  context_.backlogs.add(*this);
  auto done = [self = HttpConnectionPtr{this}](const boost::system::error_code& error) {
    if (!error && self->state_ == State::kSending) self->send_pending();
  };
  socket_.async_wait(Socket::wait_write, std::move(done));
}

void HttpConnection::on_readable() {
  const auto count = recv(socket_.native_handle(), context_.buffer.data(), context_.buffer.size(), MSG_DONTWAIT);
  if (count < 0 && (errno == EAGAIN || errno == EINTR)) return wait_readable();
  if (count <= 0) return destroy(count == 0 ? CloseReason::kTransportClose : CloseReason::kTransportError);
  context_.counters.bytes_in += static_cast<std::uint64_t>(count);
  read_more({context_.buffer.data(), static_cast<std::size_t>(count)});
}

void HttpConnection::read_more(std::string_view bytes) {
  if (state_ == State::kLingering) {
    lingered_ += bytes.size();
    return lingered_ > kMaxLingering ? close() : wait_readable();
  }
  received_ += bytes;
  if (state_ == State::kWaiting || state_ == State::kSending) {
    // A client may send its next request before the answer. Stop reading from one that sends too much; nothing else
    // keeps alive a connection that waits for an answer.
    if (received_.size() < context_.limits.header_bytes) return wait_readable();
    held_ = this;
    return;
  }
  parse();
}

/// Parses the received part of a request, and reads more if it is incomplete.
void HttpConnection::parse() {
  const HttpConnectionPtr alive{this};
  if (state_ == State::kIdle && !received_.empty()) {
    state_ = State::kHead;
    context_.header_deadlines.arm(*this);
  }
  if (state_ == State::kHead && !parse_head()) return;
  if (state_ == State::kBody) return parse_body();
  if (state_ == State::kIdle) wait_readable();
}

/// True: the body follows.
bool HttpConnection::parse_head() {
  if (!parsing_) {
    parsing_ = std::make_unique<Parsing>();
    is_head_ = false;
    parsing_->parser.header_limit(static_cast<std::uint32_t>(context_.limits.header_bytes));
    parsing_->parser.body_limit(context_.limits.max_payload);
  }
  auto& parser = parsing_->parser;
  boost::system::error_code error;
  const auto taken = parser.put(boost::asio::buffer(received_), error);
  received_.erase(0, taken);
  if (error == http::error::need_more) {
    if (received_.size() > context_.limits.header_bytes) {
      refuse(431, "the headers are too large\n", CloseReason::kProtocolError);
    } else {
      wait_readable();
    }
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
  if (parser.is_done()) {
    disarm();
    state_ = State::kWaiting;
    hand_over();
    return false;
  }
  state_ = State::kBody;
  context_.body_deadlines.arm(*this);
  if (!handler_.on_head(*this, parsing_->request)) return false;
  if (boost::beast::iequals(parser.get()[http::field::expect], "100-continue")) {
    constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
    send(socket_.native_handle(), kContinue.data(), kContinue.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  }
  return true;
}

void HttpConnection::parse_body() {
  auto& parser = parsing_->parser;
  boost::system::error_code error;
  std::size_t parsed = 0;
  while (parsed < received_.size() && !parser.is_done() && !error) {
    const auto taken = parser.put(boost::asio::buffer(received_) + parsed, error);
    parsed += taken;
    if (taken == 0) break;
  }
  received_.erase(0, parsed);
  // The parser does not limit what stands between chunks; limit it here.
  const bool too_long = error == http::error::need_more && received_.size() > context_.limits.header_bytes;
  if (too_long || (error && error != http::error::need_more))
    return refuse(error == http::error::body_limit ? 413 : 400, error.message() + "\n", CloseReason::kProtocolError);
  if (!parser.is_done()) return wait_readable();
  disarm();
  state_ = State::kWaiting;
  parsing_->request.body = parser.get().body();
  hand_over();
}

/// Passes a whole request to the handler. Until it is answered, keep reading to notice a client that disconnects.
void HttpConnection::hand_over() {
  handler_.on_request(*this, parsing_->request);
  if (state_ == State::kWaiting) wait_readable();
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
  const auto held = std::exchange(held_, nullptr);
  owner_ = nullptr;
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
}

void HttpConnection::send_pending() {
  while (!sending_.empty()) {
    if (send_some(context_, socket_, sending_) >= 0) continue;
    if (errno == EAGAIN || errno == EINTR) return wait_writable();
    return destroy(CloseReason::kTransportError);
  }
  sent();
}

/// The answer was sent.
void HttpConnection::sent() {
  if (!keep_alive_) return linger();
  parsing_.reset();
  state_ = State::kIdle;
  context_.idle_deadlines.arm(*this);
  if (received_.empty()) {
    std::string{}.swap(received_);
    return wait_readable();
  }
  // From the loop, so that pipelined requests that are answered at once do not recurse.
  boost::asio::post(context_.loop, [self = HttpConnectionPtr{this}] {
    if (self->state_ == State::kIdle) self->parse();
  });
}

/// Closes for writing and discards further input, so that the client reads the answer before it receives a reset.
void HttpConnection::linger() {
  state_ = State::kLingering;
  parsing_.reset();
  std::string{}.swap(received_);
  ::shutdown(socket_.native_handle(), SHUT_WR);
  context_.close_deadlines.arm(*this);
  wait_readable();
}

Socket HttpConnection::release(std::string& rest) {
  const auto held = std::exchange(held_, nullptr);
  rest = std::move(received_);
  state_ = State::kClosed;
  --context_.counters.connections;
  disarm();
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

void HttpConnection::close() {
  const auto held = std::exchange(held_, nullptr);
  state_ = State::kClosed;
  --context_.counters.connections;
  disarm();
  boost::system::error_code ignored;
  socket_.close(ignored);
  parsing_.reset();
  sending_.clear();
}

void HttpConnection::abandon() {
  owner_ = nullptr;
  if (state_ != State::kClosed) close();
}

void HttpConnection::on_deadline() {
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
