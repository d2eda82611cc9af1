#include "realtime-server/redis/bus.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "core/log.hpp"
#include "realtime-server/redis/error_messages.hpp"
#include "realtime-server/redis/link.hpp"

namespace redis {

std::string_view bus_state_name(BusState state) {
  return std::find_if(kBusStates.begin(), kBusStates.end(), [&](const auto& info) { return info.state == state; })
      ->name;
}

struct Bus::Parts {
  Parts(loop::Loop& loop, BusOptions wanted, Bus::Events callbacks);

  void on_subscription_up();
  void on_subscription_reply(const Reply& reply);
  void on_message(const Reply& message);
  void on_subscription_down(const core::Error& error);
  void on_publisher_up();
  void on_publisher_down(const core::Error& error, std::uint64_t unanswered);
  void count_reconnect(bool& was_up);
  static bool note(std::string& problem, std::string message);
  void tell(std::string& problem, std::string message);
  void on_full();
  void judge();

  const BusOptions options;
  const Bus::Events events;
  std::unique_ptr<Link> subscription;
  std::unique_ptr<Link> publisher;
  BusState state = BusState::kConnecting;
  BusCounters counters;
  std::string subscription_problem;  // empty if there is none
  std::string publisher_problem;
  std::uint64_t times_full = 0;  // the queue of publishes
  std::size_t confirmed = 0;     // channels of the current subscription
  bool subscribed = false;
  Link::Clock::time_point not_receiving_since;  // when the subscription was lost
  bool failed_beside_publisher = true;          // the subscription failed since the publisher came up
  bool subscription_was_up = false;
  bool publisher_was_up = false;
};

namespace {

LinkOptions link_options(const BusOptions& options, std::string_view role) {
  LinkOptions link;
  link.connection.url = options.url;
  link.connection.client_name = fmt::format("{}-{}", options.client_name, role);
  link.connection.limits = options.limits;
  link.connection.read_size = options.read_size;
  link.queue_bytes = options.queue_bytes;
  link.connection.connect_timeout = options.connect_timeout;
  link.ping_interval = options.ping_interval;
  link.ping_timeout = options.ping_timeout;
  link.backoff_first = options.backoff_first;
  link.backoff_last = options.backoff_last;
  link.healthy_after = options.healthy_after;
  return link;
}

}  // namespace

Bus::Parts::Parts(loop::Loop& loop, BusOptions wanted, Bus::Events callbacks)
    : options{std::move(wanted)}, events{std::move(callbacks)} {
  subscription = std::make_unique<Link>(
      loop, link_options(options, "subscribe"),
      Link::Events{.up = [this] { on_subscription_up(); },
                   .reply = [this](const Reply& reply) { on_subscription_reply(reply); },
                   .message = [this](const Reply& message) { on_message(message); },
                   .alive = [] {},
                   .down = [this](const core::Error& error, std::uint64_t) { on_subscription_down(error); }});
  publisher = std::make_unique<Link>(
      loop, link_options(options, "publish"),
      Link::Events{.up = [this] { on_publisher_up(); },
                   .reply =
                       [this](const Reply& reply) {
                         if (reply.type != Reply::Type::kError) {
                           // While Redis is behind, it answers what it was sent before.
                           if (publisher->queued_bytes() <= options.queue_bytes / 2) publisher_problem.clear();
                           return;
                         }
                         ++counters.lost;
                         tell(publisher_problem, fmt::format("publishing: {}", explain(reply.text).message));
                       },
                   .message = [](const Reply&) {},
                   .alive = [this] { judge(); },
                   .down = [this](const core::Error& error,
                                  std::uint64_t unanswered) { on_publisher_down(error, unanswered); }});
}

void Bus::Parts::count_reconnect(bool& was_up) {
  if (was_up) ++counters.reconnects;
  was_up = true;
}

/// False if it is known: a link that keeps failing reports the same message each time.
bool Bus::Parts::note(std::string& problem, std::string message) {
  if (problem == message) return false;
  problem = std::move(message);
  return true;
}

/// Clients decide how often that happens.
void Bus::Parts::on_full() {
  auto message =
      fmt::format("publishing: more than {} bytes wait for Redis, which reads too slowly", options.queue_bytes);
  if (note(publisher_problem, std::move(message)) && core::is_worth_a_line(++times_full))
    events.on_problem(publisher_problem);
}

void Bus::Parts::tell(std::string& problem, std::string message) {
  if (note(problem, std::move(message))) events.on_problem(problem);
}

void Bus::Parts::on_subscription_up() {
  count_reconnect(subscription_was_up);
  confirmed = 0;
  for (const auto& channel : options.channels) subscription->send({"SUBSCRIBE", channel});
  publisher->try_now();
}

void Bus::Parts::on_subscription_reply(const Reply& reply) {
  if (reply.type == Reply::Type::kError) {
    auto error = explain(reply.text);
    error.message += fmt::format(" (of the channels {})", fmt::join(options.channels, ", "));
    subscription->give_up(error);
    return;
  }
  if (++confirmed < options.channels.size()) return;
  subscribed = true;
  subscription_problem.clear();
  judge();
}

void Bus::Parts::on_message(const Reply& message) {
  const auto& channel = message.elements[1];
  const auto& payload = message.elements[2];
  if (channel.type == Reply::Type::kBulk && payload.type == Reply::Type::kBulk) {
    ++counters.messages;
    events.on_message(channel.text, payload.text);
    return;
  }
  ++counters.refused;
  if (!core::is_worth_a_line(counters.refused)) return;
  events.on_problem(fmt::format("a message of {} bytes on the channel {} is over the limit of {} bytes and was skipped",
                                subscription->last_skipped_bytes(), channel.text, options.limits.bulk_bytes));
}

void Bus::Parts::on_subscription_down(const core::Error& error) {
  tell(subscription_problem, fmt::format("subscription: {}", error.message));
  if (subscribed) not_receiving_since = Link::Clock::now();
  subscribed = false;
  if (publisher->is_up()) failed_beside_publisher = true;
  // The answer to this PING shows whether only the subscription failed or Redis itself.
  publisher->ping_now();
  judge();
}

void Bus::Parts::on_publisher_up() {
  count_reconnect(publisher_was_up);
  publisher_problem.clear();
  failed_beside_publisher = false;
  subscription->try_now();
}

void Bus::Parts::on_publisher_down(const core::Error& error, std::uint64_t unanswered) {
  tell(publisher_problem, fmt::format("publishing: {}", error.message));
  counters.lost += unanswered;
  judge();
}

void Bus::Parts::judge() {
  auto next = state;
  if (subscribed) {
    next = BusState::kSubscribed;
  } else if (state == BusState::kConnecting) {
    next = state;
  } else if (!publisher->is_up()) {
    next = BusState::kDisconnected;
  } else if (publisher->proved_at() >= not_receiving_since &&
             (state != BusState::kDisconnected || failed_beside_publisher)) {
    // If the publisher reconnects first after a restart of Redis, give the subscription one attempt before the state
    // becomes not_receiving: a restart must not make replicas unready.
    next = BusState::kNotReceiving;
  }
  if (next == state) return;
  state = next;
  events.on_state(state);
}

Bus::Bus(loop::Loop& loop, BusOptions options, Events events)
    : parts_{std::make_unique<Parts>(loop, std::move(options), std::move(events))} {}

Bus::~Bus() { stop(); }

void Bus::start() {
  parts_->subscription->start();
  parts_->publisher->start();
}

void Bus::stop() {
  parts_->subscription->stop();
  parts_->publisher->stop();
}

void Bus::publish(std::string_view channel, std::string_view payload) {
  ++parts_->counters.publishes;
  if (parts_->publisher->send({"PUBLISH", channel, payload})) return;
  ++parts_->counters.lost;
  if (parts_->publisher->is_up()) parts_->on_full();
}

BusState Bus::state() const { return parts_->state; }

BusCounters Bus::counters() const {
  auto counters = parts_->counters;
  counters.writes = parts_->publisher->writes();
  return counters;
}

const std::string& Bus::problem() const {
  return parts_->subscription_problem.empty() ? parts_->publisher_problem : parts_->subscription_problem;
}

}  // namespace redis
