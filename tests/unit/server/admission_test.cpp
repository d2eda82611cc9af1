#include "realtime-server/server/admission.hpp"

#include "tests/support/catch.hpp"

using namespace std::chrono_literals;
using server::Admission;
using server::ConnectOutcome;

namespace {

const auto kStart = loop::Clock::now();

loop::IpAddress at(const std::string& address) { return boost::asio::ip::make_address(address); }

}  // namespace

TEST_CASE("Sessions are limited in all", "[unit][server]") {
  server::LimitsConfig limits;
  limits.max_sessions = 2;
  Admission admission{limits};
  for (int i = 0; i < 2; ++i) {
    CHECK_FALSE(admission.refusal(at("1.1.1.1"), 0, kStart));
    admission.opened(at("1.1.1.1"));
  }
  const auto full = admission.refusal(at("2.2.2.2"), 0, kStart);
  REQUIRE(full);
  CHECK(full->outcome == ConnectOutcome::kTooManySessions);
  CHECK(full->status == 503);
  CHECK(full->retry_after_seconds > 0);
  admission.closed(at("1.1.1.1"));
  CHECK_FALSE(admission.refusal(at("2.2.2.2"), 0, kStart));
}

TEST_CASE("Sessions are limited for each address, and for each /64 network of IPv6", "[unit][server]") {
  server::LimitsConfig limits;
  limits.per_address = 2;
  Admission admission{limits};
  const auto open = [&](const std::string& address) {
    const auto full = admission.refusal(at(address), 0, kStart);
    if (!full) admission.opened(at(address));
    return full ? full->outcome : ConnectOutcome::kPolling;
  };
  for (const auto* address : {"1.1.1.1", "1.1.1.1", "1.1.1.2", "2001:db8::1", "2001:db8::2", "2001:db8:0:1::1"})
    CHECK(open(address) == ConnectOutcome::kPolling);
  CHECK(open("1.1.1.1") == ConnectOutcome::kTooManyOfAddress);
  CHECK(open("2001:db8::3") == ConnectOutcome::kTooManyOfAddress);
  CHECK(admission.refusal(at("1.1.1.1"), 0, kStart)->status == 429);
  admission.closed(at("1.1.1.1"));
  CHECK(open("1.1.1.1") == ConnectOutcome::kPolling);
}

TEST_CASE("New sessions are limited by rate, and those that are refused do not count", "[unit][server]") {
  server::LimitsConfig limits;
  limits.connects_per_second = 10;
  limits.max_sessions = 1'000;
  Admission admission{limits};
  const auto accepted = [&](loop::Clock::time_point now) {
    int count = 0;
    for (int i = 0; i < 100; ++i) {
      if (admission.refusal(at("1.1.1.1"), 0, now)) continue;
      admission.opened(at("1.1.1.1"));
      ++count;
    }
    return count;
  };
  CHECK(accepted(kStart) == 10);
  CHECK(accepted(kStart) == 0);
  CHECK(admission.refusal(at("1.1.1.1"), 0, kStart)->outcome == ConnectOutcome::kTooFast);
  CHECK(accepted(kStart + 300ms) == 3);
  CHECK(accepted(kStart + 1h) == 10);
}

TEST_CASE("A request that opens no session takes nothing from the rate", "[unit][server]") {
  server::LimitsConfig limits;
  limits.connects_per_second = 1;
  Admission admission{limits};
  for (int i = 0; i < 10; ++i) CHECK_FALSE(admission.refusal(at("1.1.1.1"), 0, kStart));
}

TEST_CASE("Connections are limited too", "[unit][server]") {
  server::LimitsConfig limits;
  limits.max_connections = 5;
  Admission admission{limits};
  CHECK_FALSE(admission.refusal(at("1.1.1.1"), 5, kStart));
  CHECK(admission.refusal(at("1.1.1.1"), 6, kStart)->outcome == ConnectOutcome::kTooMany);
}

TEST_CASE("What is taken beyond the limit is waited for", "[unit][server]") {
  server::TokenBucket bucket{100};
  REQUIRE(bucket.has(kStart));
  bucket.take(250);
  CHECK_FALSE(bucket.has(kStart + 1s));
  CHECK(bucket.has(kStart + 1600ms));
  server::TokenBucket unlimited{0};
  unlimited.take(1e9);
  CHECK(unlimited.has(kStart));
}
