#include "realtime-server/server/drain.hpp"

#include "tests/support/catch.hpp"

namespace {

using namespace std::chrono_literals;
using server::due_closes;

server::DrainConfig at_most(std::size_t a_minute) { return {.max_disconnects_per_minute = a_minute}; }

}  // namespace

TEST_CASE("Clients are closed at the rate that is set, if the deadline allows it", "[unit][server]") {
  CHECK(due_closes(at_most(600), 100, 0ms, 54s) == 0);
  CHECK(due_closes(at_most(600), 100, 50ms, 54s) == 1);
  CHECK(due_closes(at_most(600), 100, 2500ms, 54s) == 25);
  CHECK(due_closes(at_most(600), 100, 9950ms, 54s) == 100);
  CHECK(due_closes(at_most(600), 100, 30s, 54s) == 100);
  CHECK(due_closes(at_most(60), 3, 1500ms, 54s) == 2);
  CHECK(due_closes(at_most(1), 2, 30s, 120s) == 1);
}

TEST_CASE("The rate is raised to what the deadline needs, and is even", "[unit][server]") {
  CHECK(due_closes(at_most(600), 5400, 27s, 54s) == 2700);
  CHECK(due_closes(at_most(600), 5400, 50ms, 54s) == 5);
  CHECK(due_closes(at_most(1), 100, 5s, 10s) == 50);
  CHECK(due_closes(at_most(600), 541, 27s, 54s) == 271);
}

TEST_CASE("Without a rate all clients are closed evenly until the deadline", "[unit][server]") {
  CHECK(due_closes(at_most(0), 100, 27s, 54s) == 50);
  CHECK(due_closes(at_most(0), 1, 50ms, 54s) == 1);
  CHECK(due_closes(at_most(0), 1'000'000, 54ms, 54s) == 1000);
}

TEST_CASE("At the deadline all clients are due, also if there is no time at all", "[unit][server]") {
  for (const std::size_t rate : {0, 1, 600}) {
    CHECK(due_closes(at_most(rate), 100'000, 54s, 54s) == 100'000);
    CHECK(due_closes(at_most(rate), 100'000, 60s, 54s) == 100'000);
    CHECK(due_closes(at_most(rate), 7, 0ms, 0ms) == 7);
    CHECK(due_closes(at_most(rate), 7, 50ms, -900ms) == 7);
  }
}

TEST_CASE("Without clients none is due", "[unit][server]") {
  for (const std::size_t rate : {0, 1, 600})
    for (const auto elapsed : {0ms, 50ms, 54'000ms, 60'000ms}) {
      CHECK(due_closes(at_most(rate), 0, elapsed, 54s) == 0);
      CHECK(due_closes(at_most(rate), 0, elapsed, 0s) == 0);
    }
}

TEST_CASE("Those who are due only ever get more, never more than there are, and never many at once", "[unit][server]") {
  const auto rate = GENERATE(as<std::size_t>{}, 0, 1, 59, 600, 100'000);
  const auto clients = GENERATE(as<std::size_t>{}, 1, 2, 53, 600, 99'999);
  const auto end = GENERATE(1s, 54s, 3600s);
  INFO(rate << " a minute, " << clients << " clients, " << end.count() << " s");
  const double a_step =
      std::max(static_cast<double>(rate) / 60, static_cast<double>(clients) / static_cast<double>(end.count())) / 20;
  std::size_t before = 0;
  for (auto elapsed = 0ms; elapsed <= end; elapsed += 50ms) {
    const auto due = due_closes(at_most(rate), clients, elapsed, end);
    if (due < before || due > clients || static_cast<double>(due - before) > a_step + 1) {
      INFO("after " << elapsed.count() << " ms " << due << " are due, before it were " << before);
      FAIL();
    }
    before = due;
  }
  CHECK(before == clients);
}
