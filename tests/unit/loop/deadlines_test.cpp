#include "realtime-server/loop/deadlines.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "realtime-server/loop/loop.hpp"
#include "tests/support/catch.hpp"

using namespace std::chrono_literals;
using loop::Clock;
using loop::Deadlines;
using loop::Timed;

namespace {

class Alarm final : public Timed {
 public:
  void on_deadline() override {
    CHECK_FALSE(is_linked());
    ++rung;
    rang_at = Clock::now();
    if (then) then();
  }
  int rung = 0;
  Clock::time_point rang_at;
  std::function<void()> then;
};

struct Bench {
  loop::Loop loop;
  Deadlines& deadlines = loop.deadlines();
  Deadlines::Queue& quick = deadlines.queue(10ms);
  Deadlines::Queue& slow = deadlines.queue(30ms);

  /// Until nothing is armed any more.
  void run() {
    const auto end = Clock::now() + 10s;
    while (deadlines.next() != Clock::time_point::max() && Clock::now() < end) loop.turn(1s);
    REQUIRE(Clock::now() < end);
  }
};

/// Keeps the loop from running.
void spin_until(Clock::time_point end) {
  while (Clock::now() < end) {
  }
}

}  // namespace

TEST_CASE("Deadlines pass in order, and none too early", "[unit][loop]") {
  Bench bench;
  std::vector<int> order;
  std::vector<Alarm> alarms(6);
  const auto start = Clock::now();
  for (int i = 0; i < 6; ++i) {
    auto& alarm = alarms[static_cast<std::size_t>(i)];
    alarm.then = [&order, i] { order.push_back(i); };
    (i % 2 == 0 ? bench.slow : bench.quick).arm(alarm);
  }
  bench.run();
  CHECK(order == std::vector{1, 3, 5, 0, 2, 4});
  for (std::size_t i = 0; i < 6; ++i) {
    CHECK(alarms[i].rang_at - start >= (i % 2 == 0 ? 30ms : 10ms));
    CHECK(alarms[i].rung == 1);
  }
}

TEST_CASE("A deadline that is armed again restarts, also with another length", "[unit][loop]") {
  Bench bench;
  std::vector<int> order;
  Alarm first;
  Alarm second;
  first.then = [&] { order.push_back(1); };
  second.then = [&] { order.push_back(2); };
  SECTION("of the same length") {
    bench.slow.arm(first);
    bench.slow.arm(second);
    bench.slow.arm(first);
  }
  SECTION("a longer one") {
    bench.quick.arm(first);
    bench.quick.arm(second);
    bench.slow.arm(first);
  }
  SECTION("a shorter one") {
    bench.slow.arm(first);
    bench.slow.arm(second);
    bench.quick.arm(second);
  }
  bench.run();
  CHECK(order == std::vector{2, 1});
}

TEST_CASE("A deadline that is disarmed does not pass", "[unit][loop]") {
  Bench bench;
  Alarm alarm;
  bench.quick.arm(alarm);
  CHECK(alarm.is_linked());
  SECTION("and may be armed again") {
    alarm.disarm();
    CHECK_FALSE(alarm.is_linked());
    alarm.disarm();
    bench.run();
    CHECK(alarm.rung == 0);
    bench.quick.arm(alarm);
    bench.run();
    CHECK(alarm.rung == 1);
  }
  SECTION("by its death") {
    Alarm other;
    {
      Alarm dying;
      dying.then = [] { FAIL("it is dead"); };
      bench.quick.arm(dying);
      bench.quick.arm(other);
    }
    bench.run();
    CHECK(other.rung == 1);
  }
}

TEST_CASE("Whoever meets a deadline may do anything to any of them", "[unit][loop]") {
  Bench bench;
  std::vector<std::unique_ptr<Alarm>> alarms;
  for (int i = 0; i < 4; ++i) bench.quick.arm(*alarms.emplace_back(std::make_unique<Alarm>()));
  auto& first = *alarms[0];
  SECTION("disarm the next") {
    first.then = [&] { alarms[1]->disarm(); };
    bench.run();
    CHECK(alarms[1]->rung == 0);
    CHECK(alarms[2]->rung == 1);
  }
  SECTION("destroy all others") {
    first.then = [&] { alarms.resize(1); };
    bench.run();
    CHECK(first.rung == 1);
  }
  SECTION("destroy itself") {
    first.then = [&] {
      const auto keep = std::move(first.then);
      alarms.erase(alarms.begin());
    };
    bench.run();
    CHECK(alarms.back()->rung == 1);
  }
  SECTION("arm itself again, and others that have passed") {
    first.then = [&] {
      if (first.rung < 3) bench.quick.arm(first);
    };
    alarms[3]->then = [&] {
      if (alarms[2]->rung == 1) bench.slow.arm(*alarms[2]);
    };
    bench.run();
    CHECK(first.rung == 3);
    CHECK(alarms[2]->rung == 2);
  }
}

TEST_CASE("A shorter deadline passes in time though a longer one is waited for", "[unit][loop]") {
  Bench bench;
  auto& very_slow = bench.deadlines.queue(1h);
  Alarm patient;
  Alarm hasty;
  very_slow.arm(patient);
  bench.loop.turn(0ms);
  hasty.then = [&] { patient.disarm(); };
  bench.quick.arm(hasty);
  while (hasty.rung == 0) REQUIRE(bench.loop.turn(10s));
  CHECK(patient.rung == 0);
}

TEST_CASE("A deadline that follows another starts where that one was due", "[unit][loop]") {
  Bench bench;
  auto& following = bench.deadlines.queue(400ms);
  auto& witness = bench.deadlines.queue(450ms);
  std::vector<int> order;
  Alarm first;
  Alarm other;
  const auto start = Clock::now();
  first.then = [&] {
    order.push_back(1);
    if (first.rung == 1) following.arm_after(first);
  };
  other.then = [&] { order.push_back(2); };
  bench.quick.arm(first);
  witness.arm(other);
  SECTION("though the loop is late") {
    spin_until(start + 150ms);
    bench.run();
    CHECK(order == std::vector{1, 1, 2});
    CHECK(first.rang_at - start >= 410ms);
  }
  SECTION("unless the loop is so late that no client could have met it") {
    spin_until(start + 500ms);
    bench.run();
    CHECK(order == std::vector{1, 2, 1});
    CHECK(first.rang_at - start >= 700ms);
  }
}

TEST_CASE("What waits for a deadline may outlive the deadlines", "[unit][loop]") {
  Alarm alarm;
  std::optional<Bench> bench{std::in_place};
  bench->quick.arm(alarm);
  bench.reset();
  CHECK_FALSE(alarm.is_linked());
}
