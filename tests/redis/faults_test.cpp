#include <csignal>
#include <deque>

#include "realtime-server/redis/bus.hpp"
#include "tests/redis/world.hpp"
#include "tests/support/redis_process.hpp"
#include "tests/support/tcp_proxy.hpp"

using redis::BusState;
using support::RedisProcess;
using support::TcpProxy;
using world::Loop;
using world::Member;

namespace {

std::string through(const TcpProxy& proxy) { return "redis://127.0.0.1:" + std::to_string(proxy.port()); }

}  // namespace

TEST_CASE("A restart of Redis is survived: disconnected meanwhile, never not_receiving, and losses are counted",
          "[redis]") {
  RedisProcess server;
  Loop loop;
  Member a{loop, server.url()};
  Member b{loop, server.url()};
  a.until_subscribed();
  b.until_subscribed();
  a.reaches(b, "before");
  const auto lost = a.bus.counters().lost;
  server.end(SIGTERM);
  a.until_state(BusState::kDisconnected);
  b.until_state(BusState::kDisconnected);
  for (int i = 0; i < 5; ++i) a.bus.publish("chat", "into the void");
  CHECK(a.bus.counters().lost == lost + 5);
  a.until_error("Connection refused");
  server.start();
  a.until_subscribed();
  b.until_subscribed();
  a.reaches(b, "after");
  b.reaches(a, "after as well");
  CHECK_FALSE(b.heard("into the void"));
  for (const auto* member : {&a, &b}) {
    CHECK(member->states == std::vector{BusState::kSubscribed, BusState::kDisconnected, BusState::kSubscribed});
    CHECK(member->bus.counters().reconnects == 2);
  }
}

TEST_CASE("Publishes that were written but not answered count as lost when the connection breaks", "[redis]") {
  RedisProcess server;
  Loop loop;
  auto options = world::options(server.url());
  options.ping_interval = std::chrono::minutes{1};
  Member bus{loop, options};
  bus.until_subscribed();
  bus.reaches(bus, "before");
  loop.settle();
  const auto before = bus.bus.counters();
  server.signal(SIGSTOP);
  for (int i = 0; i < 5; ++i) bus.bus.publish("chat", "unanswered");
  loop.until("the write", [&] { return bus.bus.counters().writes == before.writes + 1; });
  CHECK(bus.bus.counters().lost == before.lost);
  server.end(SIGKILL);
  bus.until_state(BusState::kDisconnected);
  CHECK(bus.bus.counters().lost == before.lost + 5);
}

TEST_CASE("A subscription that is killed comes back", "[redis]") {
  const RedisProcess server;
  Loop loop;
  Member bus{loop, server.url()};
  bus.until_subscribed();
  bus.reaches(bus, "before");
  for (std::uint64_t times = 1; times <= 5; ++times) {
    CHECK(server.command({"CLIENT", "KILL", "TYPE", "pubsub"}) == "1");
    loop.until("the reconnect", [&] { return bus.bus.counters().reconnects == times; });
    bus.until_subscribed();
    bus.reaches(bus, "after " + std::to_string(times));
  }
  CHECK_THAT(bus.last_error(), Catch::Contains("subscription: Redis at 127.0.0.1"));
  CHECK_THAT(bus.last_error(), Catch::Contains("closed the connection"));
  CHECK_FALSE(bus.saw(BusState::kDisconnected));
}

TEST_CASE("A subscription that Redis removes while it answers makes the state not_receiving until it is restored",
          "[redis]") {
  const RedisProcess server{{"--user", "app", "on", ">secret", "allchannels", "allcommands"}};
  Loop loop;
  Member bus{loop, server.url("app:secret")};
  bus.until_subscribed();
  bus.reaches(bus, "before");
  CHECK(server.command({"ACL", "SETUSER", "app", "-subscribe"}) == "OK");
  CHECK(server.command({"CLIENT", "KILL", "TYPE", "pubsub"}) == "1");
  bus.until_state(BusState::kNotReceiving);
  bus.until_error("(NOPERM)");
  CHECK(server.command({"ACL", "SETUSER", "app", "+subscribe"}) == "OK");
  bus.until_subscribed();
  bus.reaches(bus, "after");
  CHECK(bus.states == std::vector{BusState::kSubscribed, BusState::kNotReceiving, BusState::kSubscribed});
}

TEST_CASE("A Redis that stops answering is disconnected, not not_receiving", "[redis]") {
  const RedisProcess server;
  Loop loop;
  Member bus{loop, server.url()};
  bus.until_subscribed();
  bus.reaches(bus, "before");
  SECTION("stopped by a signal") {
    server.signal(SIGSTOP);
    bus.until_state(BusState::kDisconnected);
    bus.until_error("it accepted the connection but did not answer");
    server.signal(SIGCONT);
  }
  SECTION("by CLIENT PAUSE") {
    CHECK(server.command({"CLIENT", "PAUSE", "1500", "ALL"}) == "OK");
    bus.until_state(BusState::kDisconnected);
  }
  bus.until_subscribed();
  bus.reaches(bus, "after");
  CHECK(bus.states == std::vector{BusState::kSubscribed, BusState::kDisconnected, BusState::kSubscribed});
}

TEST_CASE("A subscription that falls silent while Redis answers makes the state not_receiving, and it recovers",
          "[redis]") {
  const RedisProcess server;
  Loop loop;
  TcpProxy proxy{loop.io, server.port()};
  Member bus{loop, through(proxy)};
  Member other{loop, server.url()};
  bus.until_subscribed();
  other.until_subscribed();
  bus.reaches(bus, "before");
  const auto lost = bus.bus.counters().lost;

  proxy.freeze(TcpProxy::Frozen::kSubscriptions);
  loop.until("the word of the silence", [&] {
    return bus.bus.state() == BusState::kNotReceiving && bus.bus.problem().find("PING") != std::string::npos;
  });
  bus.reaches(other, "it can still publish");
  CHECK(bus.bus.counters().lost == lost);
  const auto tries = proxy.accepted();
  loop.until("more tries", [&] { return proxy.accepted() > tries + 1; });
  CHECK(bus.bus.state() == BusState::kNotReceiving);

  proxy.freeze(TcpProxy::Frozen::kNothing);
  bus.until_subscribed();
  other.reaches(bus, "after");
  CHECK(bus.states == std::vector{BusState::kSubscribed, BusState::kNotReceiving, BusState::kSubscribed});
}

TEST_CASE("A network that loses everything makes the state disconnected, whichever connection notices first",
          "[redis]") {
  const RedisProcess server;
  Loop loop;
  TcpProxy proxy{loop.io, server.port()};
  Member bus{loop, through(proxy)};
  bus.until_subscribed();
  bus.reaches(bus, "before");
  proxy.freeze(TcpProxy::Frozen::kEverything);
  SECTION("by silence") {}
  SECTION("by the end of the subscription, while the other connection still looks well") { proxy.cut_subscriptions(); }
  bus.until_state(BusState::kDisconnected);
  proxy.freeze(TcpProxy::Frozen::kNothing);
  bus.until_subscribed();
  bus.reaches(bus, "after");
  CHECK(bus.states == std::vector{BusState::kSubscribed, BusState::kDisconnected, BusState::kSubscribed});
}

TEST_CASE("An answer that is late behind a long message is no silence", "[redis]") {
  const RedisProcess server;
  Loop loop;
  TcpProxy proxy{loop.io, server.port()};
  Member bus{loop, through(proxy)};
  bus.until_subscribed();
  bus.reaches(bus, "before");
  proxy.slow_down();
  const std::string message(100'000, 'x');  // a second at least, and a PING has less than half of one
  CHECK(server.command({"PUBLISH", "chat", message}) == "1");
  loop.until("the message", [&] { return bus.heard(message); });
  CHECK(bus.states == std::vector{BusState::kSubscribed});
  CHECK(bus.bus.counters().reconnects == 0);
}

TEST_CASE("The connection that reaches Redis first brings the other", "[redis]") {
  RedisProcess server;
  server.end(SIGKILL);
  Loop loop;
  auto options = world::options(server.url());
  options.backoff_first = options.backoff_last = std::chrono::seconds{3};
  std::deque<Member> members;
  for (int i = 0; i < 8; ++i) members.emplace_back(loop, options);
  for (auto& member : members) member.until_error("Connection refused");
  server.start();
  using Clock = std::chrono::steady_clock;
  std::vector<Clock::time_point> either(members.size());
  std::vector<Clock::time_point> both(members.size());
  loop.until("all connections", [&] {
    for (std::size_t i = 0; i < members.size(); ++i) {
      auto& bus = members[i].bus;
      const auto lost = bus.counters().lost;
      bus.publish("elsewhere", "");
      const bool publishes = bus.counters().lost == lost;
      const bool subscribed = bus.state() == BusState::kSubscribed;
      if ((publishes || subscribed) && either[i] == Clock::time_point{}) either[i] = Clock::now();
      if (publishes && subscribed && both[i] == Clock::time_point{}) both[i] = Clock::now();
    }
    return std::find(both.begin(), both.end(), Clock::time_point{}) == both.end();
  });
  for (std::size_t i = 0; i < members.size(); ++i) CHECK(both[i] - either[i] < std::chrono::milliseconds{200});
}

TEST_CASE("With the default intervals all hear each other within two seconds of Redis' return", "[redis]") {
  RedisProcess server;
  Loop loop;
  TcpProxy proxy{loop.io, server.port()};
  redis::BusOptions options;
  options.url = *redis::parse_url(through(proxy));
  options.channels = {"chat"};
  std::deque<Member> members;
  for (int i = 0; i < 6; ++i) members.emplace_back(loop, options);
  for (auto& member : members) member.until_subscribed();
  members[0].reaches(members[1], "before");
  server.end(SIGKILL);
  // Enough for the longest back-off: twelve connections that were tried eight times each.
  const auto tries = proxy.accepted();
  loop.until("many tries", [&] { return proxy.accepted() >= tries + 96; });
  server.start();
  const auto start = std::chrono::steady_clock::now();
  for (auto& member : members) member.until_subscribed();
  for (auto& member : members) member.reaches(members[0], "after");
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds{2});
}
