#include "realtime-server/redis/connection.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include "realtime-server/redis/command.hpp"
#include "realtime-server/redis/error_messages.hpp"

namespace redis {
namespace {

constexpr std::size_t kReadBytes = std::size_t{64} << 10U;
/// A buffer that grew larger than this in a burst is freed.
constexpr std::size_t kLeastRead = 2'048;
constexpr std::size_t kKeptToSendBytes = std::size_t{1} << 20U;

std::string client_name(std::string name) {
  std::replace_if(
      name.begin(), name.end(), [](unsigned char c) { return c <= ' ' || c > '~'; }, '-');
  return name;
}

/// Errors to CLIENT SETNAME and PING which mean that the user lacks permission or Redis lacks the command: both are
/// optional.
bool is_mere_refusal(std::string_view error) {
  return error.starts_with("NOPERM") || error.starts_with("ERR unknown") || error.starts_with("ERR Unknown");
}

}  // namespace

Connection::Connection(loop::Loop& loop, ConnectionOptions options, Events events)
    : loop_{loop},
      options_{std::move(options)},
      events_{std::move(events)},
      resolver_{loop},
      deadline_{loop.timers(), [this] { on_deadline(); }},
      handshake_deadline_{loop.timers(), [this] { on_connect_timeout(); }},
      flush_{loop::Stage::kSend, [this] { flush(); }},
      reader_{options_.limits},
      incoming_(kReadBytes) {}

void Connection::open() {
  deadline_.start(options_.connect_timeout);
  boost::system::error_code no_address;
  const auto address = boost::asio::ip::make_address(options_.url.host, no_address);
  if (!no_address) {
    endpoints_.push_back({address, options_.url.port});
    stage_ = Stage::kConnecting;
    // Whoever opens it is not ready to hear that it failed.
    if (!try_next()) handshake_deadline_.start({});
    return;
  }
  resolver_.resolve(options_.url.host, options_.url.port, [this](const auto& found) {
    const auto self = shared_from_this();
    if (!found)
      return fail(found.error().kind, fmt::format("cannot resolve {}: {}", options_.url.host, found.error().message));
    endpoints_ = *found;
    stage_ = Stage::kConnecting;
    connect_next();
  });
}

/// Begins to connect to the next address that does not refuse at once. False if there is none.
bool Connection::try_next() {
  while (next_endpoint_ < endpoints_.size()) {
    const auto& endpoint = endpoints_[next_endpoint_++];
    leave_socket();
    socket_ = loop::Descriptor{socket(endpoint.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
    const loop::SystemAddress address{endpoint};
    if (socket_ && (connect(socket_.get(), address.get(), address.size) == 0 || errno == EINPROGRESS)) {
      watch_for(EPOLLOUT);
      // A lost SYN is retransmitted at growing intervals: a new attempt notices sooner that Redis is back.
      handshake_deadline_.start(options_.handshake_timeout);
      return true;
    }
    connect_error_ = std::strerror(errno);
  }
  return false;
}

void Connection::connect_next() {
  if (try_next()) return;
  fail(core::ErrorKind::kUnavailable, fmt::format("cannot connect to {}: {}", options_.url.address(), connect_error_));
}

void Connection::on_connect_timeout() {
  const auto self = shared_from_this();
  if (watched_ != 0) connect_error_ = "no answer; a firewall or network policy may drop the packets";
  connect_next();
}

/// The socket is connected, or the address has refused.
void Connection::on_connect_done() {
  int error = 0;
  socklen_t size = sizeof error;
  getsockopt(socket_.get(), SOL_SOCKET, SO_ERROR, &error, &size);
  if (error == 0) return on_connected();
  connect_error_ = std::strerror(error);
  connect_next();
}

void Connection::on_connected() {
  handshake_deadline_.stop();
  const int on = 1;
  setsockopt(socket_.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  setsockopt(socket_.get(), SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
  watch_for(EPOLLIN);
  stage_ = Stage::kGreeting;
  greet();
}

void Connection::watch_for(std::uint32_t events) {
  const auto before = std::exchange(watched_, events);
  if (before == 0) return loop_.watch(socket_.get(), events, *this);
  if (before != events) loop_.change(socket_.get(), events, *this);
}

void Connection::on_ready(std::uint32_t events) {
  const auto self = shared_from_this();
  if (stage_ == Stage::kConnecting) return on_connect_done();
  if ((events & EPOLLOUT) != 0) flush();
  if ((events & ~std::uint32_t{EPOLLOUT}) != 0 && stage_ != Stage::kClosed) read();
}

void Connection::greet() {
  const auto say = [this](Greeting greeting, std::initializer_list<std::string_view> command) {
    greetings_.push_back(greeting);
    append_command(queued_, command);
  };
  const auto& url = options_.url;
  if (!url.user.empty()) {
    say(Greeting::kAuth, {"AUTH", url.user, url.password});
  } else if (!url.password.empty()) {
    say(Greeting::kAuth, {"AUTH", url.password});
  }
  if (url.database != 0) say(Greeting::kSelect, {"SELECT", std::to_string(url.database)});
  if (!options_.client_name.empty()) say(Greeting::kName, {"CLIENT", "SETNAME", client_name(options_.client_name)});
  say(Greeting::kPing, {"PING"});  // the answer shows whether Redis serves, is loading, or has lost its master
  loop_.schedule(flush_);
}

void Connection::on_greeting_reply(const Reply& reply) {
  const auto greeting = greetings_[greeted_++];
  const bool optional = greeting == Greeting::kName || greeting == Greeting::kPing;
  if (reply.type == Reply::Type::kError && !(optional && is_mere_refusal(reply.text))) {
    auto error = explain(reply.text);
    fail(error.kind, std::move(error.message));
    return;
  }
  if (greeted_ < greetings_.size()) return;
  stage_ = Stage::kReady;
  deadline_.stop();
  events_.ready();
}

void Connection::on_deadline() {
  constexpr std::array<std::string_view, 3> kDoing{"resolving the name took too long",
                                                   "the connection was not accepted",
                                                   "it accepted the connection but did not answer"};
  const auto self = shared_from_this();
  fail(core::ErrorKind::kTimeout,
       fmt::format("cannot reach {} within {} ms: {}", options_.url.address(), options_.connect_timeout.count(),
                   kDoing.at(static_cast<std::size_t>(stage_))));
}

void Connection::read() {
  const auto most =
      options_.read_size ? std::clamp(options_.read_size(), kLeastRead, incoming_.size()) : incoming_.size();
  const auto size = recv(socket_.get(), incoming_.data(), most, 0);
  if (size > 0) return take({incoming_.data(), static_cast<std::size_t>(size)});
  if (size < 0 && (errno == EAGAIN || errno == EINTR)) return;
  fail(core::ErrorKind::kUnavailable,
       size == 0 ? fmt::format("Redis at {} closed the connection", options_.url.address())
                 : fmt::format("the connection to {} failed: {}", options_.url.address(), std::strerror(errno)));
}

void Connection::take(std::string_view bytes) {
  received_bytes_ += bytes.size();
  const auto outcome = reader_.read(bytes, [this](const Reply& reply) {
    if (stage_ == Stage::kGreeting) {
      on_greeting_reply(reply);
    } else {
      events_.reply(reply);
    }
    return stage_ != Stage::kClosed;
  });
  if (!outcome && stage_ != Stage::kClosed) fail(outcome.error().kind, outcome.error().message);
}

void Connection::send(std::initializer_list<std::string_view> command) {
  append_command(queued_, command);
  if ((watched_ & EPOLLOUT) == 0) loop_.schedule(flush_);
}

void Connection::flush() {
  if (stage_ == Stage::kClosed || queued_bytes() == 0) return;
  ++writes_;
  const auto size = ::send(socket_.get(), queued_.data() + sent_, queued_bytes(), MSG_NOSIGNAL);
  // Reading fails too, after the last data that Redis sent.
  if (size < 0 && errno != EAGAIN && errno != EINTR) return;
  sent_ += static_cast<std::size_t>(std::max<ssize_t>(size, 0));
  if (queued_bytes() > 0) {
    // While Redis is behind there may never be nothing left.
    if (sent_ > kKeptToSendBytes && sent_ >= queued_.size() / 4) queued_.erase(0, std::exchange(sent_, 0));
    return watch_for(EPOLLIN | EPOLLOUT);
  }
  queued_.clear();
  sent_ = 0;
  if (queued_.capacity() > kKeptToSendBytes) queued_.shrink_to_fit();
  watch_for(EPOLLIN);
}

void Connection::flush_now() {
  if (stage_ == Stage::kReady) flush();
}

void Connection::leave_socket() {
  if (std::exchange(watched_, 0) != 0) loop_.forget(socket_.get(), *this);
  socket_.close();
}

void Connection::close() {
  stage_ = Stage::kClosed;
  resolver_.cancel();
  leave_socket();
  deadline_.stop();
  handshake_deadline_.stop();
}

void Connection::fail(core::ErrorKind kind, std::string message) {
  if (stage_ == Stage::kClosed) return;
  close();
  events_.closed(core::Error{kind, std::move(message)});
}

}  // namespace redis
