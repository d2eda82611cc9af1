#include "operator/runtime/work_queue.hpp"

#include <set>
#include <thread>

#include "operator/runtime/backoff.hpp"
#include "tests/support/catch.hpp"

using namespace std::chrono_literals;
using runtime::Priority;
using runtime::WorkQueue;

namespace {

const WorkQueue::Key kFirst{"ns", "first"};
const WorkQueue::Key kSecond{"ns", "second"};

struct Queue {
  core::Metrics metrics;
  WorkQueue queue{"test", metrics};
  std::stop_source stop;

  WorkQueue::Key take() {
    auto key = queue.get(stop.get_token());
    REQUIRE(key);
    return *key;
  }
  /// Whether no key is ready: one that is added now would be the next.
  bool is_empty() {
    const WorkQueue::Key probe{"ns", "probe"};
    queue.add(probe, Priority::kLow);
    const auto next = take();
    queue.done(next);
    return next == probe;
  }
};

}  // namespace

TEST_CASE("WorkQueue delivers a key once, however often it was added", "[unit][runtime]") {
  Queue test;
  test.queue.add(kFirst);
  test.queue.add(kFirst);
  CHECK(test.take() == kFirst);
  CHECK(test.is_empty());
}

TEST_CASE("WorkQueue delivers a key re-added while processing exactly once more", "[unit][runtime]") {
  Queue test;
  test.queue.add(kFirst);
  CHECK(test.take() == kFirst);
  test.queue.add(kFirst);
  test.queue.add(kFirst);
  CHECK(test.is_empty());
  test.queue.done(kFirst);
  CHECK(test.take() == kFirst);
  test.queue.done(kFirst);
  CHECK(test.is_empty());
}

TEST_CASE("WorkQueue lets nothing wait for ever behind what is urgent", "[unit][runtime]") {
  Queue test;
  test.queue.add(kFirst, Priority::kLow);
  int before = 0;
  for (test.queue.add(kSecond); test.take() != kFirst; test.queue.done(kSecond), test.queue.add(kSecond)) ++before;
  CHECK(before == WorkQueue::kUrgentInARow);
}

TEST_CASE("WorkQueue lets what a user changed go before what was there at the start", "[unit][runtime]") {
  Queue test;
  test.queue.add(kFirst, Priority::kLow);
  test.queue.add(kSecond, Priority::kHigh);
  CHECK(test.take() == kSecond);
  CHECK(test.take() == kFirst);
  SECTION("also when it is queued already") {
    const WorkQueue::Key third{"ns", "third"};
    const WorkQueue::Key fourth{"ns", "fourth"};
    test.queue.add(third, Priority::kLow);
    test.queue.add(fourth, Priority::kLow);
    test.queue.add(fourth, Priority::kHigh);
    CHECK(test.take() == fourth);
    CHECK(test.take() == third);
  }
}

TEST_CASE("WorkQueue lets what a user changed go before what is looked at again", "[unit][runtime]") {
  Queue test;
  const auto first_of_both = [&] {
    test.queue.add(kSecond, Priority::kHigh);
    const auto first = test.take();
    test.queue.done(first);
    return first;
  };
  SECTION("after its time") {
    test.queue.add_after(kFirst, 0ms);
    CHECK(first_of_both() == kSecond);
  }
  SECTION("because of news that came while it was processed") {
    test.queue.add(kFirst, Priority::kHigh);
    test.take();
    test.queue.add(kFirst, Priority::kLow);
    test.queue.done(kFirst);
    CHECK(first_of_both() == kSecond);
  }
  SECTION("because it failed at the start") {
    test.queue.add(kFirst, Priority::kLow);
    test.take();
    test.queue.retry(kFirst, 0ms);
    test.queue.done(kFirst);
    CHECK(first_of_both() == kSecond);
  }
  SECTION("but an edit that failed is as urgent as before") {
    test.queue.add(kFirst, Priority::kHigh);
    test.take();
    test.queue.retry(kFirst, 0ms);
    test.queue.add(kFirst, Priority::kLow);
    test.queue.done(kFirst);
    CHECK(first_of_both() == kSecond);  // it was added before the retry is due
    CHECK(test.take() == kFirst);
  }
}

TEST_CASE("WorkQueue backs off for each key by itself", "[unit][runtime]") {
  Queue test;
  for (int i = 0; i < 12; ++i) test.queue.retry(kFirst);
  const auto start = WorkQueue::Clock::now();
  test.queue.retry(kSecond);
  CHECK(test.take() == kFirst);  // of its first failure
  CHECK(test.take() == kSecond);
  CHECK(WorkQueue::Clock::now() - start < 2s);
}

TEST_CASE("WorkQueue delivers a delayed key when its time has come and keeps the earlier of two times",
          "[unit][runtime]") {
  Queue test;
  const auto start = WorkQueue::Clock::now();
  test.queue.add_after(kFirst, 1h);
  test.queue.add_after(kFirst, 30ms);
  test.queue.add_after(kFirst, 2h);
  CHECK(test.is_empty());
  CHECK(test.take() == kFirst);
  CHECK(WorkQueue::Clock::now() - start >= 30ms);
  test.queue.done(kFirst);
  CHECK(test.is_empty());
}

TEST_CASE("WorkQueue doubles the delay of a key that keeps failing, until it is forgotten", "[unit][runtime]") {
  Queue test;
  const auto retry_takes = [&] {
    const auto start = WorkQueue::Clock::now();
    test.queue.retry(kFirst);
    test.take();
    test.queue.done(kFirst);
    return WorkQueue::Clock::now() - start;
  };
  CHECK(retry_takes() >= 5ms);
  CHECK(retry_takes() >= 10ms);
  CHECK(retry_takes() >= 20ms);
  CHECK(retry_takes() >= 40ms);
  test.queue.forget(kFirst);
  CHECK(retry_takes() < 40ms);
}

TEST_CASE("WorkQueue backs off from 5 ms to 1000 s, however often a key failed", "[unit][runtime]") {
  CHECK(WorkQueue::backoff(0) == 5ms);
  CHECK(WorkQueue::backoff(1) == 10ms);
  CHECK(WorkQueue::backoff(17) == 655'360ms);
  for (const int failures : {18, 29, 30, 31, 63, 64, 1'000'000'000}) CHECK(WorkQueue::backoff(failures) == 1000s);
}

TEST_CASE("WorkQueue wakes a waiting worker for a key, an earlier time, and the end", "[unit][runtime]") {
  Queue test;
  test.queue.add_after(kFirst, 1h);
  std::optional<WorkQueue::Key> got;
  {
    const std::jthread worker{[&] { got = test.queue.get(test.stop.get_token()); }};
    test.queue.add_after(kSecond, 1ms);
  }
  CHECK(got == kSecond);
  {
    const std::jthread worker{[&] { got = test.queue.get(test.stop.get_token()); }};
    test.stop.request_stop();
  }
  CHECK_FALSE(got.has_value());
}

TEST_CASE("WorkQueue never gives one key to two workers at once", "[unit][runtime]") {
  Queue test;
  std::atomic<int> inside = 0;
  std::atomic<int> overlaps = 0;
  std::atomic<int> processed = 0;
  std::atomic<bool> is_last_done = false;
  {
    std::vector<std::jthread> workers;
    for (int i = 0; i < 4; ++i)
      workers.emplace_back([&] {
        while (const auto key = test.queue.get(test.stop.get_token())) {
          if (key == kSecond) {
            is_last_done = true;
            return test.queue.done(*key);
          }
          if (++inside > 1) ++overlaps;
          std::this_thread::yield();
          --inside;
          ++processed;
          test.queue.done(*key);
        }
      });
    for (int i = 0; i < 5000; ++i) test.queue.add(kFirst);
    test.queue.add(kSecond);  // behind all of the first
    while (!is_last_done) std::this_thread::yield();
    test.stop.request_stop();
  }
  CHECK(overlaps == 0);
  CHECK(processed >= 1);
}

TEST_CASE("Backoff doubles up to its limit, with at most half of it on top", "[unit][runtime]") {
  runtime::Backoff backoff{100ms, 400ms};
  for (const auto step : {100ms, 200ms, 400ms, 400ms}) {
    const auto delay = backoff.next();
    CHECK(delay >= step);
    CHECK(delay <= step * 3 / 2);
  }
  backoff.reset();
  CHECK(backoff.next() <= 150ms);
  std::set<std::chrono::milliseconds> first_delays;
  for (int i = 0; i < 20; ++i) {
    backoff.reset();
    first_delays.insert(backoff.next());
  }
  CHECK(first_delays.size() > 1);
}
