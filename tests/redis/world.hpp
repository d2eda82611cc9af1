// What the tests of the Redis room share: a loop as the server's, and buses on it that remember what came.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/io_context.hpp>

#include "realtime-server/loop/loop.hpp"
#include "realtime-server/redis/bus.hpp"
#include "tests/support/catch.hpp"

namespace world {

using std::chrono::milliseconds;
using std::chrono::seconds;

struct Loop {
  loop::Loop loop;
  boost::asio::io_context io;  ///< of the proxies

  /// Runs the loop until the condition holds; the test fails after `timeout`, with `what` it waited for.
  void until(const std::string& what, const std::function<bool()>& condition, seconds timeout = seconds{20}) {
    const auto deadline = std::chrono::steady_clock::now() + timeout;
    while (!condition()) {
      if (std::chrono::steady_clock::now() > deadline)
        FAIL("after " << timeout.count() << " s still waiting for " << what);
      turn(milliseconds{1});
    }
  }
  /// False if nothing happened.
  bool turn(milliseconds most) {
    io.restart();
    const bool proxied = io.poll() > 0;
    return loop.turn(most) || proxied;
  }
  void settle() {
    until("quiet", [this] { return !turn(milliseconds{0}); });
  }
};

/// Intervals short enough for a test, long enough for a busy machine.
inline redis::BusOptions options(const std::string& url) {
  const auto parsed = redis::parse_url(url);
  REQUIRE(parsed);
  redis::BusOptions wanted;
  wanted.url = *parsed;
  wanted.channels = {"chat"};
  wanted.client_name = "test";
  wanted.connect_timeout = milliseconds{600};
  wanted.ping_interval = milliseconds{100};
  wanted.ping_timeout = milliseconds{400};
  wanted.backoff_first = milliseconds{20};
  wanted.backoff_last = milliseconds{100};
  return wanted;
}

/// A started bus, with the record of its callbacks.
struct Member {
  Member(Loop& its_loop, const redis::BusOptions& wanted)
      : loop{its_loop},
        bus{its_loop.loop,
            wanted,
            {.on_message =
                 [this](std::string_view channel, std::string_view payload) {
                   messages.emplace_back(channel, payload);
                   if (on_message) on_message();
                 },
             .on_state = [this](redis::BusState state) { states.push_back(state); },
             .on_problem = [this](std::string_view message) { problems.emplace_back(message); }}} {
    bus.start();
  }
  Member(Loop& its_loop, const std::string& url) : Member{its_loop, options(url)} {}

  void until_state(redis::BusState state) {
    loop.until("the state " + std::string{redis::bus_state_name(state)} + "; last error: " + last_error(),
               [&] { return bus.state() == state; });
  }
  void until_subscribed() { until_state(redis::BusState::kSubscribed); }
  std::string last_error() const { return problems.empty() ? "" : problems.back(); }
  void until_error(const std::string& message) {
    loop.until("an error with " + message, [&] {
      return std::any_of(problems.begin(), problems.end(),
                         [&](const auto& problem) { return problem.find(message) != std::string::npos; });
    });
  }
  bool saw(redis::BusState state) const { return std::find(states.begin(), states.end(), state) != states.end(); }
  bool heard(std::string_view payload) const {
    return std::any_of(messages.begin(), messages.end(),
                       [&](const auto& message) { return message.second == payload; });
  }
  /// Publishes until the other hears it: again only while it is lost, so that one copy gets through.
  void reaches(Member& other, const std::string& payload) {
    bool sent = false;
    std::uint64_t lost = 0;
    loop.until(payload + " to arrive; last error: " + last_error(), [&] {
      if (other.heard(payload)) return true;
      if (sent && bus.counters().lost == lost) return false;
      lost = bus.counters().lost;
      bus.publish("chat", payload);
      sent = bus.counters().lost == lost;
      return false;
    });
  }

  Loop& loop;
  std::vector<std::pair<std::string, std::string>> messages;
  std::vector<redis::BusState> states;
  std::vector<std::string> problems;
  std::function<void()> on_message;
  redis::Bus bus;
};

}  // namespace world
