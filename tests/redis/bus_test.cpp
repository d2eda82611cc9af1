#include "realtime-server/redis/bus.hpp"

#include <fstream>

#include "tests/redis/world.hpp"
#include "tests/support/heap.hpp"
#include "tests/support/redis_process.hpp"

using redis::BusState;
using support::RedisProcess;
using world::Loop;
using world::Member;

namespace {

/// Resident memory of this process in bytes.
std::size_t resident() {
  std::ifstream statm{"/proc/self/statm"};
  std::size_t size = 0;
  std::size_t pages = 0;
  statm >> size >> pages;
  return pages * 4096;
}

}  // namespace

TEST_CASE("What one publishes all hear, each once and in order", "[redis]") {
  const RedisProcess server;
  Loop loop;
  Member a{loop, server.url()};
  Member b{loop, server.url()};
  CHECK(a.bus.state() == BusState::kConnecting);
  a.until_subscribed();
  b.until_subscribed();
  a.reaches(b, "begin");
  loop.until("its echo", [&] { return a.heard("begin"); });
  a.messages.clear();
  b.messages.clear();
  const auto lost = a.bus.counters().lost;

  std::vector<std::pair<std::string, std::string>> sent;
  for (int i = 0; i < 1000; ++i) {
    sent.emplace_back("chat", "message " + std::to_string(i));
    a.bus.publish("chat", sent.back().second);
  }
  sent.emplace_back("chat", std::string("\r\n$-1\r\n\0\xff binary", 17));
  a.bus.publish("chat", sent.back().second);
  sent.emplace_back("chat", "");
  a.bus.publish("chat", "");
  sent.emplace_back("chat", std::string(3'000'000, 'x'));
  a.bus.publish("chat", sent.back().second);
  a.bus.publish("elsewhere", "not for us");
  loop.until("all messages", [&] { return a.messages.size() >= sent.size() && b.messages.size() >= sent.size(); });
  CHECK((a.messages == sent));
  CHECK((b.messages == sent));
  CHECK(a.bus.counters().lost == lost);
  CHECK(b.bus.counters().messages >= sent.size());
  CHECK(a.bus.counters().reconnects == 0);
  CHECK(a.last_error().empty());
  CHECK(a.states == std::vector{BusState::kSubscribed});
}

TEST_CASE("Several channels are heard by one bus", "[redis]") {
  const RedisProcess server;
  Loop loop;
  auto options = world::options(server.url());
  options.channels = {"one", "two"};
  Member bus{loop, options};
  bus.until_subscribed();
  CHECK(server.command({"PUBLISH", "two", "2"}) == "1");
  CHECK(server.command({"PUBLISH", "one", "1"}) == "1");
  loop.until("both", [&] { return bus.messages.size() == 2; });
  CHECK((bus.messages == std::vector<std::pair<std::string, std::string>>{{"two", "2"}, {"one", "1"}}));
}

TEST_CASE("All that is published in one turn of the loop leaves in one write", "[redis]") {
  const RedisProcess server;
  Loop loop;
  auto options = world::options(server.url());
  options.ping_interval = std::chrono::minutes{1};
  Member a{loop, options};
  a.until_subscribed();
  a.reaches(a, "begin");
  loop.settle();

  const auto before = a.bus.counters();
  a.messages.clear();
  for (int handler = 0; handler < 8; ++handler)
    loop.loop.mailbox().post([&] {
      for (int i = 0; i < 8; ++i) a.bus.publish("chat", "message");
    });
  loop.until("64 messages", [&] { return a.messages.size() == 64; });
  CHECK(a.bus.counters().publishes - before.publishes == 64);
  CHECK(a.bus.counters().writes - before.writes == 1);
}

TEST_CASE("A message over the limit is skipped, counted and named, and costs neither memory nor the connection",
          "[redis]") {
  const RedisProcess server;
  Loop loop;
  auto options = world::options(server.url());
  options.limits.bulk_bytes = 100'000;
  options.ping_interval = std::chrono::minutes{1};
  Member bus{loop, options};
  bus.until_subscribed();
  REQUIRE(server.command({"PUBLISH", "chat", std::string(100'000, 'x')}) == "1");
  loop.until("a message as large as the limit", [&] { return bus.messages.size() == 1; });
  const auto before = resident();

  const std::string script = "return redis.call('PUBLISH', 'chat', string.rep('x', tonumber(ARGV[1])))";
  CHECK(server.command({"EVAL", script, "0", "100001"}) == "1");
  CHECK(server.command({"EVAL", script, "0", "1000000"}) == "1");
  loop.until("two refusals", [&] { return bus.bus.counters().refused == 2; });
  CHECK_THAT(bus.last_error(), Catch::Contains("a message of 1000000 bytes on the channel chat is over the limit of "
                                               "100000 bytes"));
  for (int i = 0; i < 5; ++i) {
    CHECK(server.command({"EVAL", script, "0", "8000000"}) == "1");
    loop.until("a refusal", [&] { return bus.bus.counters().refused == std::uint64_t(i) + 3; });
  }
  CHECK(server.command({"PUBLISH", "chat", "small"}) == "1");
  loop.until("the message behind", [&] { return bus.heard("small"); });
  CHECK(bus.messages.size() == 2);
  CHECK(bus.bus.counters().reconnects == 0);
  CHECK(bus.states == std::vector{BusState::kSubscribed});
  CHECK(resident() < before + 4'000'000);
}

TEST_CASE("What does not fit into the queue is lost and counted", "[redis]") {
  const RedisProcess server;
  Loop loop;
  auto options = world::options(server.url());
  options.queue_bytes = 1000;
  Member bus{loop, options};
  bus.until_subscribed();
  bus.reaches(bus, "begin");
  loop.settle();
  const auto lost = bus.bus.counters().lost;
  bus.messages.clear();
  SECTION("if others wait") {
    bus.bus.publish("chat", std::string(600, 'a'));
    bus.bus.publish("chat", std::string(600, 'b'));
    bus.bus.publish("chat", std::string(100, 'c'));
    loop.until("two messages", [&] { return bus.messages.size() == 2; });
    CHECK(bus.messages[1].second == std::string(100, 'c'));
    CHECK(bus.bus.counters().lost == lost + 1);
    CHECK_THAT(bus.last_error(), Catch::Contains("more than 1000 bytes wait"));
  }
  SECTION("but one of any size is taken while nothing waits") {
    for (std::size_t i = 1; i <= 3; ++i) {
      bus.bus.publish("chat", std::string(50'000, 'a'));
      loop.until("the message", [&] { return bus.messages.size() == i; });
    }
    CHECK(bus.bus.counters().lost == lost);
  }
}

TEST_CASE("A queue that is never empty takes no more memory than it may, and is named a few times", "[redis]") {
  const RedisProcess server;
  Loop loop;
  Member bus{loop, server.url()};
  bus.until_subscribed();
  bus.reaches(bus, "begin");
  const auto begin = heap::in_use();
  const std::string message(1'000'000, 'a');
  const auto fill = [&] {
    for (auto lost = bus.bus.counters().lost; bus.bus.counters().lost == lost;) bus.bus.publish("others", message);
  };
  std::size_t most = 0;
  constexpr std::uint64_t kPublishes = 400;  // 24 times what the queue may have
  loop.until("them to be published", [&] {
    fill();
    most = std::max(most, heap::in_use());
    return bus.bus.counters().publishes - bus.bus.counters().lost > kPublishes;
  });
  CHECK(most < begin + (std::size_t{48} << 20U));
  CHECK(bus.problems.size() <= 6);
  CHECK_THAT(bus.last_error(), Catch::Contains("bytes wait for Redis"));
}

TEST_CASE("No more is read in a turn of the loop than may be", "[redis]") {
  const RedisProcess server;
  Loop loop;
  auto options = world::options(server.url());
  std::size_t most = 65'536;
  options.read_size = [&] { return most; };
  Member bus{loop, options};
  Member sender{loop, server.url()};
  bus.until_subscribed();
  sender.reaches(bus, "begin");
  most = 1;  // there is a least
  bus.messages.clear();
  constexpr std::size_t kMessages = 100;
  for (std::size_t i = 0; i < kMessages; ++i) sender.bus.publish("chat", std::string(1'000, 'a'));
  std::size_t before = 0;
  loop.until("all messages", [&] {
    CHECK(bus.messages.size() - std::exchange(before, bus.messages.size()) <= 3);
    return bus.messages.size() == kMessages;
  });
}

TEST_CASE("A bus that stops sends what is queued, and reports nothing more", "[redis]") {
  const RedisProcess server;
  Loop loop;
  Member a{loop, server.url()};
  Member b{loop, server.url()};
  a.until_subscribed();
  b.until_subscribed();
  a.reaches(b, "begin");
  b.reaches(a, "begin as well");
  loop.until("all to be heard", [&] { return a.messages.size() == 2 && b.messages.size() == 2; });
  b.on_message = [&] { b.bus.stop(); };  // in the middle of what was read
  b.messages.clear();
  for (int i = 0; i < 10; ++i) a.bus.publish("chat", "last word");
  a.bus.stop();
  const auto received = a.messages.size();
  loop.until("the last word", [&] { return b.heard("last word"); });
  loop.until("the connections to end", [&] {
    return server.command({"CLIENT", "LIST"}).find("name=test") == std::string::npos;
  });
  CHECK(b.messages.size() == 1);
  CHECK(a.messages.size() == received);
  a.bus.publish("chat", "too late");
  CHECK(a.bus.counters().lost >= 1);
}
