#include "realtime-server/redis/connection.hpp"

#include <algorithm>
#include <utility>

#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>
#include <fmt/format.h>

#include "realtime-server/redis/command.hpp"
#include "realtime-server/redis/error_messages.hpp"

namespace redis {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

constexpr std::size_t kReadBytes = std::size_t{64} << 10U;
/// A buffer that grew larger than this in a burst is freed.
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

Connection::Connection(asio::io_context& loop, ConnectionOptions options, Events events)
    : loop_{loop},
      options_{std::move(options)},
      events_{std::move(events)},
      resolver_{loop},
      socket_{loop},
      deadline_{loop},
      handshake_deadline_{loop},
      reader_{options_.limits},
      incoming_(kReadBytes) {}

void Connection::open() {
  deadline_.expires_after(options_.connect_timeout);
  deadline_.async_wait([self = shared_from_this()](const error_code& error) {
    if (!error) self->on_deadline();
  });
  error_code no_address;
  const auto address = asio::ip::make_address(options_.url.host, no_address);
  if (!no_address) {
    endpoints_.emplace_back(address, options_.url.port);
    stage_ = Stage::kConnecting;
    connect_next();
    return;
  }
  const auto resolved = [self = shared_from_this()](const error_code& error,
                                                    const Tcp::resolver::results_type& results) {
    if (self->stage_ != Stage::kResolving) return;
    if (error) {
      self->fail(core::ErrorKind::kUnavailable,
                 fmt::format("cannot resolve {}: {}", self->options_.url.host, error.message()));
      return;
    }
    for (const auto& result : results) self->endpoints_.push_back(result.endpoint());
    self->stage_ = Stage::kConnecting;
    self->connect_next();
  };
  resolver_.async_resolve(options_.url.host, std::to_string(options_.url.port), resolved);
}

void Connection::connect_next() {
  if (next_endpoint_ == endpoints_.size()) {
    fail(core::ErrorKind::kUnavailable,
         fmt::format("cannot connect to {}: {}", options_.url.address(), connect_error_));
    return;
  }
  const auto attempt = next_endpoint_++;
  error_code ignored;
  socket_.close(ignored);
  // A lost SYN is retransmitted at growing intervals: a new attempt notices sooner that Redis is back.
  handshake_deadline_.expires_after(options_.handshake_timeout);
  handshake_deadline_.async_wait([self = shared_from_this(), attempt](const error_code& error) {
    if (error || self->stage_ != Stage::kConnecting || self->next_endpoint_ != attempt + 1) return;
    error_code closing;
    self->socket_.close(closing);
  });
  socket_.async_connect(endpoints_[attempt], [self = shared_from_this()](const error_code& error) {
    if (self->stage_ != Stage::kConnecting) return;
    if (!error && self->socket_.is_open()) {
      self->on_connected();
      return;
    }
    self->connect_error_ = !error || error == asio::error::operation_aborted
                               ? "no answer; a firewall or network policy may drop the packets"
                               : error.message();
    self->connect_next();
  });
}

void Connection::on_connected() {
  handshake_deadline_.cancel();
  error_code ignored;
  socket_.set_option(Tcp::no_delay{true}, ignored);
  socket_.set_option(asio::socket_base::keep_alive{true}, ignored);
  socket_.non_blocking(true, ignored);
  stage_ = Stage::kGreeting;
  greet();
  read();
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
  schedule_flush();
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
  deadline_.cancel();
  events_.ready();
}

void Connection::on_deadline() {
  constexpr std::array<std::string_view, 3> kDoing{"resolving the name took too long",
                                                   "the connection was not accepted",
                                                   "it accepted the connection but did not answer"};
  if (stage_ == Stage::kReady || stage_ == Stage::kClosed) return;
  fail(core::ErrorKind::kTimeout,
       fmt::format("cannot reach {} within {} ms: {}", options_.url.address(), options_.connect_timeout.count(),
                   kDoing.at(static_cast<std::size_t>(stage_))));
}

void Connection::read() {
  socket_.async_read_some(
      asio::buffer(incoming_),
      [self = shared_from_this()](const error_code& error, std::size_t size) { self->on_read(error, size); });
}

void Connection::on_read(const error_code& error, std::size_t size) {
  if (stage_ == Stage::kClosed) return;
  if (error) {
    fail(core::ErrorKind::kUnavailable,
         error == asio::error::eof
             ? fmt::format("Redis at {} closed the connection", options_.url.address())
             : fmt::format("the connection to {} failed: {}", options_.url.address(), error.message()));
    return;
  }
  received_bytes_ += size;
  const auto outcome = reader_.read({incoming_.data(), size}, [this](const Reply& reply) {
    if (stage_ == Stage::kGreeting) {
      on_greeting_reply(reply);
    } else {
      events_.reply(reply);
    }
    return stage_ != Stage::kClosed;
  });
  if (stage_ == Stage::kClosed) return;
  if (!outcome) {
    fail(outcome.error().kind, outcome.error().message);
    return;
  }
  read();
}

void Connection::send(std::initializer_list<std::string_view> command) {
  append_command(queued_, command);
  schedule_flush();
}

/// Posted, so that it runs after the completions that are already queued, and sends what they add.
void Connection::schedule_flush() {
  if (flush_posted_ || writing_) return;
  flush_posted_ = true;
  asio::post(loop_, [self = shared_from_this()] {
    self->flush_posted_ = false;
    self->flush();
  });
}

void Connection::flush() {
  if (stage_ == Stage::kClosed || writing_ || queued_.empty()) return;
  leaving_.swap(queued_);
  writing_ = true;
  ++writes_;
  asio::async_write(socket_, asio::buffer(leaving_), [self = shared_from_this()](const error_code& error, std::size_t) {
    // The pending read fails too, after it has received the last data that Redis sent.
    if (error) return;
    self->writing_ = false;
    self->leaving_.clear();
    if (self->leaving_.capacity() > kKeptToSendBytes) self->leaving_.shrink_to_fit();
    self->flush();
  });
}

void Connection::flush_now() {
  if (stage_ != Stage::kReady || writing_ || queued_.empty()) return;
  error_code ignored;
  ++writes_;
  queued_.erase(0, socket_.write_some(asio::buffer(queued_), ignored));
}

void Connection::close() {
  stage_ = Stage::kClosed;
  error_code ignored;
  resolver_.cancel();
  socket_.close(ignored);
  deadline_.cancel();
  handshake_deadline_.cancel();
}

void Connection::fail(core::ErrorKind kind, std::string message) {
  if (stage_ == Stage::kClosed) return;
  close();
  events_.closed(core::Error{kind, std::move(message)});
}

}  // namespace redis
