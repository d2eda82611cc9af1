#include "realtime-server/loop/loop.hpp"

#include <functional>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <sys/eventfd.h>
#include <unistd.h>

#include "realtime-server/loop/endpoint.hpp"
#include "realtime-server/loop/resolver.hpp"
#include "tests/support/catch.hpp"

using namespace std::chrono_literals;
using loop::Clock;
using loop::Deferred;
using loop::Loop;
using loop::Stage;
using loop::Timer;

namespace {

/// A descriptor that is ready from the start.
class Bell final : public loop::Watched {
 public:
  explicit Bell(Loop& its_loop) : loop_{its_loop} { loop_.watch(event_.get(), EPOLLIN, *this); }
  ~Bell() override { leave(); }

  void leave() { loop_.forget(event_.get(), *this); }
  void quiet() {
    std::uint64_t ignored = 0;
    REQUIRE(read(event_.get(), &ignored, sizeof ignored) == sizeof ignored);
  }
  void on_ready(std::uint32_t) override {
    ++rung;
    if (then) then();
  }

  int rung = 0;
  std::function<void()> then;

 private:
  Loop& loop_;
  loop::Descriptor event_{eventfd(1, EFD_NONBLOCK)};
};

bool until(Loop& its_loop, const std::function<bool()>& is_so) {
  const auto end = Clock::now() + 10s;
  while (!is_so() && Clock::now() < end) its_loop.turn(100ms);
  return is_so();
}

}  // namespace

TEST_CASE("A turn serves before it sends, and what is sent may be scheduled by what serves", "[unit][loop]") {
  Loop loop;
  std::vector<std::string> order;
  Deferred send{Stage::kSend, [&] { order.emplace_back("send"); }};
  Deferred serve{Stage::kServe, [&] {
                   order.emplace_back("serve");
                   loop.schedule(send);
                   loop.schedule(send);
                 }};
  Bell bell{loop};
  bell.then = [&] {
    order.emplace_back("ready");
    bell.quiet();
    loop.schedule(serve);
  };
  CHECK(loop.turn(10s));
  CHECK(order == std::vector<std::string>{"ready", "serve", "send"});
  CHECK_FALSE(loop.turn(0ms));
}

TEST_CASE("What a stage schedules for itself runs in the next turn, which does not wait", "[unit][loop]") {
  Loop loop;
  int runs = 0;
  Deferred* again = nullptr;
  Deferred serve{Stage::kServe, [&] {
                   if (++runs < 3) loop.schedule(*again);
                 }};
  again = &serve;
  loop.schedule(serve);
  for (int turn = 1; turn <= 3; ++turn) {
    CHECK(loop.turn(10s));
    CHECK(runs == turn);
  }
  CHECK_FALSE(loop.turn(0ms));
}

TEST_CASE("What was scheduled and is destroyed does not run", "[unit][loop]") {
  Loop loop;
  std::optional<Deferred> second;
  second.emplace(Stage::kServe, [] { FAIL("it is destroyed"); });
  Deferred first{Stage::kServe, [&] { second.reset(); }};
  loop.schedule(first);
  loop.schedule(*second);
  loop.turn(0ms);
  CHECK_FALSE(second);
}

TEST_CASE("Whoever forgets a descriptor hears no more of it, also in the same turn", "[unit][loop]") {
  Loop loop;
  std::optional<Bell> first{loop};
  std::optional<Bell> second{loop};
  SECTION("the other one") {
    first->then = [&] { second.reset(); };
    second->then = [&] { first.reset(); };
    loop.turn(10s);
    CHECK(first.has_value() != second.has_value());
  }
  SECTION("itself") {
    first->then = [&] { first->leave(); };
    loop.turn(10s);
    loop.turn(0ms);
    CHECK(first->rung == 1);
    CHECK(second->rung == 2);
  }
}

TEST_CASE("Other threads post to a loop, which wakes it", "[unit][loop]") {
  constexpr int kThreads = 4;
  constexpr int kPosts = 500;
  Loop loop;
  int ran = 0;
  std::vector<std::jthread> threads;
  for (int i = 0; i < kThreads; ++i)
    threads.emplace_back([&loop, &ran] {
      for (int post = 0; post < kPosts; ++post) loop.mailbox().post([&ran] { ++ran; });
    });
  CHECK(until(loop, [&] { return ran == kThreads * kPosts; }));
}

TEST_CASE("A mailbox may outlive its loop", "[unit][loop]") {
  std::optional<Loop> loop{std::in_place};
  const auto mailbox = loop->mailbox();
  loop.reset();
  mailbox.post([] { FAIL("there is no loop"); });
}

TEST_CASE("Timers expire in order, and those that are stopped do not", "[unit][loop]") {
  Loop loop;
  std::vector<int> order;
  Timer late{loop.timers(), [&] { order.push_back(2); }};
  Timer early{loop.timers(), [&] { order.push_back(1); }};
  Timer never{loop.timers(), [&] { order.push_back(3); }};
  const auto start = Clock::now();
  late.start(30ms);
  early.start(60ms);
  early.start(10ms);
  never.start(20ms);
  never.stop();
  REQUIRE(until(loop, [&] { return order.size() == 2; }));
  CHECK(order == std::vector{1, 2});
  CHECK(Clock::now() - start >= 30ms);
}

TEST_CASE("A timer that expires may start again, stop another, or be destroyed", "[unit][loop]") {
  Loop loop;
  int rung = 0;
  std::optional<Timer> timer;
  Timer other{loop.timers(), [] { FAIL("it was stopped"); }};
  timer.emplace(loop.timers(), [&] {
    other.stop();
    if (++rung < 3) return timer->start(0ms);
    timer.reset();
  });
  timer->start(0ms);
  other.start(0ms);
  CHECK(until(loop, [&] { return rung == 3; }));
  CHECK_FALSE(timer);
}

TEST_CASE("A name is looked up beside the loop", "[unit][loop]") {
  Loop loop;
  loop::Resolver resolver{loop};
  std::optional<core::Result<std::vector<loop::Endpoint>>> found;
  const auto ask = [&](const std::string& host) {
    resolver.resolve(host, 6379, [&](const auto& result) { found = result; });
  };
  SECTION("that there is") {
    ask("localhost");
    REQUIRE(until(loop, [&] { return found.has_value(); }));
    REQUIRE(*found);
    REQUIRE_FALSE((*found)->empty());
    CHECK((*found)->front().address.is_loopback());
    CHECK((*found)->front().port == 6379);
  }
  SECTION("that there is not") {
    ask("name.invalid");
    REQUIRE(until(loop, [&] { return found.has_value(); }));
    REQUIRE_FALSE(*found);
    CHECK(found->error().kind == core::ErrorKind::kUnavailable);
    CHECK_FALSE(found->error().message.empty());
  }
  SECTION("unless nobody waits for it any more") {
    ask("localhost");
    resolver.cancel();
    bool other_answered = false;
    loop::Resolver other{loop};
    other.resolve("localhost", 1, [&](const auto&) { other_answered = true; });
    REQUIRE(until(loop, [&] { return other_answered; }));
    loop.turn(0ms);
    CHECK_FALSE(found);
  }
}

TEST_CASE("An endpoint survives the system's form", "[unit][loop]") {
  using boost::asio::ip::make_address;
  for (const auto* address : {"127.0.0.1", "0.0.0.0", "::1", "2001:db8::7"}) {
    const loop::Endpoint endpoint{make_address(address), 8080};
    CHECK(loop::SystemAddress{endpoint}.endpoint() == endpoint);
  }
  CHECK(loop::SystemAddress{{make_address("::ffff:10.0.0.1"), 1}}.endpoint().text() == "10.0.0.1:1");
  CHECK(loop::Endpoint{make_address("2001:db8::7"), 443}.text() == "[2001:db8::7]:443");
  CHECK(loop::local_endpoint(-1) == loop::Endpoint{});
}
