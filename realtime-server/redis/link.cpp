#include "realtime-server/redis/link.hpp"

#include <utility>

#include <fmt/format.h>

#include "realtime-server/redis/command.hpp"

namespace redis {
namespace {

/// An attempt younger than this is not restarted.
constexpr std::chrono::milliseconds kPatience{100};

/// Whether a reply is a pushed message, not the answer to a command.
bool is_message(const Reply& reply) {
  return reply.type == Reply::Type::kArray && reply.elements.size() == 3 && reply.elements[0].text == "message";
}

}  // namespace

Link::Link(loop::Loop& loop, LinkOptions options, Events events)
    : loop_{loop},
      options_{std::move(options)},
      events_{std::move(events)},
      backoff_{options_.backoff_first, options_.backoff_last},
      retry_timer_{loop.timers(), [this] { open(); }},
      ping_timer_{loop.timers(), [this] { on_ping_due(); }} {}

void Link::start() {
  if (place_ == Place::kStopped) open();
}

void Link::stop() {
  place_ = Place::kStopped;
  retry_timer_.stop();
  ping_timer_.stop();
  if (!connection_) return;
  connection_->flush_now();
  connection_->close();
}

void Link::open() {
  place_ = Place::kOpening;
  opened_at_ = Clock::now();
  unanswered_ = 0;
  pinging_ = ping_again_ = false;
  Connection::Events events;
  events.ready = [this] { on_ready(); };
  events.reply = [this](const Reply& reply) { on_reply(reply); };
  events.closed = [this](const core::Error& error) { drop(error, false); };
  connection_ = std::make_shared<Connection>(loop_, options_.connection, std::move(events));
  connection_->open();
}

void Link::on_ready() {
  place_ = Place::kUp;
  up_since_ = Clock::now();
  events_.up();
  ping_now();  // so that what the owner just sent must be answered within the PING's timeout
}

bool Link::send(std::initializer_list<std::string_view> command) {
  if (!is_up()) return false;
  const auto queued = connection_->queued_bytes();
  if (queued > 0 && queued + command_size(command) > options_.queue_bytes) return false;
  connection_->send(command);
  ++unanswered_;
  return true;
}

void Link::on_reply(const Reply& reply) {
  if (is_message(reply)) {
    events_.message(reply);
    return;
  }
  if (pinging_ && before_pong_ == 0) {
    on_pong();
    return;
  }
  if (unanswered_ > 0) --unanswered_;
  if (pinging_) --before_pong_;
  events_.reply(reply);
}

void Link::ping_now() {
  if (!is_up()) return;
  ping_again_ = pinging_;
  if (pinging_) return;
  connection_->send({"PING"});
  pinging_ = true;
  before_pong_ = unanswered_;
  pinged_at_ = Clock::now();
  received_at_ping_ = connection_->received_bytes();
  ping_timer_.start(options_.ping_timeout);
}

/// Any answer, also an error, shows that Redis is alive.
void Link::on_pong() {
  pinging_ = false;
  proved_at_ = pinged_at_;
  ping_timer_.start(options_.ping_interval);
  if (ping_again_) ping_now();
  events_.alive();
}

void Link::on_ping_due() { pinging_ ? on_silence() : ping_now(); }

void Link::on_silence() {
  const auto received = connection_->received_bytes();
  if (received != received_at_ping_) {
    // The answer is queued behind many messages, or a large one: Redis is not silent.
    received_at_ping_ = received;
    ping_timer_.start(options_.ping_timeout);
    return;
  }
  drop({core::ErrorKind::kTimeout, fmt::format("Redis at {} has not answered a PING within {} ms",
                                               options_.connection.url.address(), options_.ping_timeout.count())},
       true);
}

void Link::give_up(const core::Error& error) {
  if (is_up()) drop(error, false);
}

void Link::drop(const core::Error& error, bool at_once) {
  const auto now = Clock::now();
  was_up_ = is_up();
  if (was_up_ && now - up_since_ >= options_.healthy_after) backoff_.reset();
  place_ = Place::kWaiting;
  ping_timer_.stop();
  writes_ += connection_->writes();
  connection_->close();
  connection_.reset();
  retry_timer_.start(at_once ? std::chrono::milliseconds{0} : backoff_.next());
  events_.down(error, std::exchange(unanswered_, 0));
}

void Link::try_now() {
  if (place_ == Place::kOpening && Clock::now() - opened_at_ > kPatience) {
    // It may wait for a server that no longer exists, while its successor has just answered.
    connection_->close();
    open();
    return;
  }
  // A connection that was lost right after it came up keeps its delay: otherwise two links could restart each other
  // endlessly.
  if (place_ != Place::kWaiting || was_up_) return;
  retry_timer_.stop();
  open();
}

}  // namespace redis
