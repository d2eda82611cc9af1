#include <vector>

#include "tests/support/catch.hpp"
#include "tests/support/heap.hpp"
#include "tests/support/http_exchange.hpp"

using namespace std::chrono_literals;
using engineio::CloseReason;
using http_exchange::Exchange;
using transport::HttpConnection;
using transport::Request;

namespace {

transport::Limits limits_with(std::size_t max_payload) {
  transport::Limits limits;
  limits.max_payload = max_payload;
  return limits;
}

transport::Limits short_deadlines() {
  transport::Limits limits;
  limits.header_timeout = 50ms;
  limits.body_timeout = 50ms;
  limits.idle_timeout = 50ms;
  limits.answer_timeout = 50ms;
  return limits;
}

}  // namespace

TEST_CASE("A body may be as large as the bound", "[unit][transport]") {
  Exchange exchange{limits_with(1'000)};
  const std::string body(1'000, 'x');
  exchange.peer().send("POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 1000\r\n\r\n" + body);
  REQUIRE(exchange.ends_with("POST /a " + body));
  exchange.peer().take();
  exchange.peer().send("POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3e8\r\n" + body +
                       "\r\n0\r\n\r\n");
  CHECK(exchange.ends_with("POST /a " + body));
}

TEST_CASE("A body that announces too much is refused while it is still being sent", "[unit][transport]") {
  Exchange exchange;
  auto& peer = exchange.peer();
  peer.send("POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 5000000\r\n\r\n" + std::string(5'000'000, 'x'));
  REQUIRE(exchange.until([&] { return peer.ended() && peer.unsent() == 0; }));
  CHECK_THAT(peer.received(), Catch::StartsWith("HTTP/1.1 413 Payload Too Large\r\n"));
  CHECK_FALSE(peer.was_reset());
  CHECK(exchange.heads == 0);
  CHECK(exchange.closed == std::vector{CloseReason::kProtocolError});
  peer.close();
  CHECK(exchange.until([&] { return exchange.loop.context.counters.connections == 0; }));
}

TEST_CASE("A body in chunks that becomes too much is refused, and its session hears that it lives",
          "[unit][transport]") {
  Exchange exchange;
  auto& peer = exchange.peer();
  std::string chunks;
  for (int i = 0; i < 50; ++i) chunks += "186a0\r\n" + std::string(100'000, 'x') + "\r\n";
  const auto heap_before = heap::in_use();
  peer.send("POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks + "0\r\n\r\n");
  REQUIRE(exchange.until([&] { return peer.ended() && peer.unsent() == 0; }));
  CHECK(heap::in_use() < heap_before + 100'000);
  CHECK_THAT(peer.received(), Catch::StartsWith("HTTP/1.1 413 Payload Too Large\r\n"));
  CHECK_FALSE(peer.was_reset());
  CHECK(exchange.heads == 1);
  CHECK(exchange.seen.empty());
  // Not that its transport has closed.
  CHECK(exchange.abandoned == std::vector{CloseReason::kProtocolError});
}

TEST_CASE("A peer that never stops sending what was refused is cut off", "[unit][transport]") {
  Exchange exchange;
  auto& peer = exchange.peer();
  peer.send("POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 100000000\r\n\r\n");
  REQUIRE(exchange.until([&] { return peer.ended(); }));
  for (int i = 0; i < 40; ++i) peer.send(std::string(1'000'000, 'x'));
  REQUIRE(exchange.until([&] { return exchange.loop.context.counters.connections == 0; }));
  CHECK(exchange.loop.context.counters.bytes_in < 20'000'000);
}

TEST_CASE("A body that is waited for is asked for", "[unit][transport]") {
  Exchange exchange;
  auto& peer = exchange.peer();
  SECTION("once its head is accepted") {
    const auto* const expectation = GENERATE("100-continue", "100-Continue");
    peer.send("POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\nExpect: " + std::string{expectation} + "\r\n\r\n");
    REQUIRE(exchange.ends_with("HTTP/1.1 100 Continue\r\n\r\n"));
    peer.take();
    peer.send("body");
    REQUIRE(exchange.ends_with("POST /a body"));
    CHECK_THAT(peer.received(), Catch::StartsWith("HTTP/1.1 200 OK\r\n"));
  }
  SECTION("not if its head is refused") {
    exchange.on_head_of = [](HttpConnection& connection, const Request&) {
      connection.answer({.status = 403, .body = "no"});
      return false;
    };
    peer.send("POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n");
    REQUIRE(exchange.until([&] { return peer.ended(); }));
    CHECK_THAT(peer.received(), Catch::StartsWith("HTTP/1.1 403 Forbidden\r\n") && !Catch::Contains("100 Continue"));
  }
  SECTION("not if it is too large") {
    peer.send("POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 40000000\r\nExpect: 100-continue\r\n\r\n");
    REQUIRE(exchange.until([&] { return peer.ended(); }));
    CHECK_THAT(peer.received(), Catch::StartsWith("HTTP/1.1 413 Payload Too Large\r\n"));
  }
}

TEST_CASE("Chunks of a byte are put together", "[unit][transport]") {
  Exchange exchange;
  std::string body(100'000, '\0');
  std::string chunks;
  for (std::size_t i = 0; i < body.size(); ++i) {
    body[i] = static_cast<char>('a' + i % 26);
    chunks += "1\r\n" + std::string{body[i]} + "\r\n";
  }
  exchange.peer().send("POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks + "0\r\n\r\n");
  REQUIRE(exchange.until([&] { return exchange.seen.size() == 1; }));
  CHECK((exchange.seen[0] == "POST /a " + body));
}

TEST_CASE("What is between chunks is limited", "[unit][transport]") {
  Exchange exchange;
  const auto heap_before = heap::in_use();
  std::string endless;
  SECTION("an extension") { endless = "1;"; }
  SECTION("an extension after a chunk") { endless = "1\r\na\r\n1;"; }
  SECTION("a trailer") { endless = "0\r\nX: "; }
  exchange.peer().send("POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n" + endless);
  for (int i = 0; i < 8; ++i) exchange.peer().send(std::string(1'000'000, 'x'));
  const auto heap_sending = heap::in_use();
  REQUIRE(exchange.until([&] { return exchange.peer().ended() || exchange.peer().unsent() == 0; }));
  CHECK(heap::in_use() < heap_sending + 1'000'000);
  CHECK_THAT(exchange.peer().received(), Catch::StartsWith("HTTP/1.1 4"));
  CHECK(exchange.abandoned == std::vector{CloseReason::kProtocolError});
  CHECK(heap_before < heap_sending);
}

TEST_CASE("Headers that take too long end the connection", "[unit][transport]") {
  Exchange exchange{short_deadlines()};
  auto& peer = exchange.peer();
  SECTION("without an answer if there are none") {
    REQUIRE(exchange.until([&] { return peer.ended(); }));
    CHECK(peer.received().empty());
  }
  SECTION("with an answer") {
    peer.send("GET /a HTTP/1.1\r\nHost: ");
    REQUIRE(exchange.until([&] { return peer.ended(); }));
    CHECK_THAT(peer.received(), Catch::StartsWith("HTTP/1.1 408 Request Timeout\r\n"));
  }
  CHECK(exchange.closed == std::vector{CloseReason::kHeaderTimeout});
  CHECK(exchange.seen.empty());
}

TEST_CASE("Headers that trickle in do not get more time", "[unit][transport]") {
  auto limits = short_deadlines();
  limits.header_bytes = 10'000'000;
  Exchange exchange{limits};
  auto& peer = exchange.peer();
  const auto start = loop::Clock::now();
  peer.send("GET /a HTTP/1.1\r\nHost: h\r\nX: ");
  while (!peer.ended()) {
    peer.send("x");
    exchange.loop.settle();
    REQUIRE(loop::Clock::now() < start + 9s);
  }
  CHECK_THAT(peer.received(), Catch::StartsWith("HTTP/1.1 408 "));
}

TEST_CASE("A body that takes too long is refused, and its session hears that it lives", "[unit][transport]") {
  auto limits = short_deadlines();
  limits.header_timeout = 1h;  // that of the headers has been met
  Exchange exchange{limits};
  auto& peer = exchange.peer();
  peer.send("POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nabc");
  REQUIRE(exchange.until([&] { return peer.ended(); }));
  CHECK_THAT(peer.received(), Catch::StartsWith("HTTP/1.1 408 Request Timeout\r\n"));
  CHECK(exchange.abandoned == std::vector{CloseReason::kBodyTimeout});
  CHECK(exchange.closed == std::vector{CloseReason::kBodyTimeout});
  CHECK(exchange.seen.empty());
}

TEST_CASE("A request that waits for its answer has no deadline", "[unit][transport]") {
  Exchange exchange{short_deadlines()};
  exchange.waits = true;
  SECTION("with a body") { exchange.peer().send("POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\nx"); }
  SECTION("without") { exchange.peer().send("GET /a HTTP/1.1\r\nHost: h\r\n\r\n"); }
  REQUIRE(exchange.until([&] { return exchange.waiting != nullptr; }));
  // Another connection meets its deadline meanwhile, and a third one after it.
  for (int i = 0; i < 2; ++i) {
    auto [ours, theirs] = exchange.loop.connect();
    loopback::Peer other{exchange.loop, std::move(theirs)};
    other.read();
    const transport::HttpConnectionPtr idle{new HttpConnection{exchange.loop.context, exchange, std::move(ours), {}}};
    idle->start();
    REQUIRE(exchange.until([&] { return other.ended(); }));
  }
  exchange.answer("at last");
  CHECK(exchange.ends_with("at last"));
}

TEST_CASE("A kept connection that asks for nothing more ends in silence", "[unit][transport]") {
  Exchange exchange{short_deadlines()};
  exchange.peer().send("GET /a HTTP/1.1\r\nHost: h\r\n\r\n");
  REQUIRE(exchange.until([&] { return exchange.peer().ended(); }));
  CHECK(exchange.peer().received().ends_with("GET /a"));
  CHECK(exchange.closed.empty());
  CHECK(exchange.loop.context.counters.connections == 0);
}

TEST_CASE("A peer that does not take its answer is given up", "[unit][transport]") {
  Exchange exchange{short_deadlines(), 20'000};
  exchange.reads = false;
  auto& peer = exchange.reconnect();
  exchange.waits = true;
  peer.send("GET /a HTTP/1.1\r\nHost: h\r\n\r\n");
  REQUIRE(exchange.until([&] { return exchange.waiting != nullptr; }));
  const auto heap_before = heap::in_use();
  exchange.answer(std::string(3'000'000, 'x'));
  REQUIRE(exchange.until([&] { return exchange.closed == std::vector{CloseReason::kAnswerTimeout}; }));
  exchange.loop.settle();
  CHECK(heap::in_use() < heap_before + 100'000);
}
