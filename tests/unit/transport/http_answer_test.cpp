#include <cstring>

#include "realtime-server/transport/http_connection.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/http_exchange.hpp"

using engineio::CloseReason;
using http_exchange::Exchange;
using transport::HttpConnection;
using transport::Request;

TEST_CASE("HEAD is answered with the length of what it leaves out", "[unit][transport]") {
  Exchange exchange;
  exchange.peer().send("HEAD /a HTTP/1.1\r\nHost: h\r\n\r\n");
  REQUIRE(exchange.has("HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=UTF-8\r\nContent-Length: 7\r\n\r\n"));
  exchange.loop.settle();
  CHECK(exchange.peer().take().ends_with("\r\n\r\n"));
  SECTION("and what follows it has a body again") {
    exchange.peer().send("GET /b HTTP/1.1\r\nHost: h\r\n\r\n");
    CHECK(exchange.ends_with("\r\n\r\nGET /b"));
  }
  SECTION("also if it is no request") {
    exchange.peer().send("GET /b HTTP/3.7\r\n\r\n");
    REQUIRE(exchange.until([&] { return exchange.peer().ended(); }));
    CHECK(exchange.peer().received().starts_with("HTTP/1.1 400 "));
    CHECK_FALSE(exchange.peer().received().ends_with("\r\n\r\n"));
  }
}

TEST_CASE("A peer that does not take its answer is cut off when memory is short", "[unit][transport]") {
  const auto before = engineio::Chunk::allocated();
  Exchange exchange{{}, 20'000, {.total_bytes = before + 1'500'000}};
  exchange.reads = false;
  auto& peer = exchange.reconnect();
  exchange.on_request_of = [&](HttpConnection& connection, const Request&) {
    auto range = exchange.loop.context.arena.take(1'000'000);
    std::memset(range.chunk->data(), 'x', range.length);
    connection.answer({.ranges = {range}});
  };
  peer.send("GET /a HTTP/1.1\r\nHost: h\r\n\r\n");
  exchange.loop.settle();
  exchange.loop.relieve();
  CHECK(exchange.loop.context.counters.connections == 1);
  SECTION("but not before") {
    peer.read();
    REQUIRE(exchange.until(
        [&] { return peer.received().ends_with(std::string(1'000, 'x')) && peer.received().size() > 1'000'000; }));
    CHECK_THAT(peer.received(), Catch::Contains("Content-Length: 1000000\r\n"));
  }
  SECTION("by what others have") {
    const auto others = exchange.loop.context.arena.take(1'000'000);
    exchange.loop.relieve();
    CHECK(exchange.loop.context.counters.connections == 0);
    CHECK(exchange.closed == std::vector{CloseReason::kSlowConsumer});
    CHECK(engineio::Chunk::allocated() - before < 1'100'000);
  }
}

TEST_CASE("An answer larger than what a socket holds arrives whole", "[unit][transport]") {
  Exchange exchange{{}, 20'000};
  std::string body(3'000'000, '\0');
  for (std::size_t i = 0; i < body.size(); ++i) body[i] = static_cast<char>(i * 31 >> 7U);
  exchange.reads = false;
  auto& peer = exchange.reconnect();
  exchange.waits = true;
  peer.send("GET /a HTTP/1.1\r\nHost: h\r\n\r\nGET /b HTTP/1.1\r\nHost: h\r\n\r\n");
  REQUIRE(exchange.until([&] { return exchange.waiting != nullptr; }));
  exchange.answer(body);
  exchange.loop.settle();
  CHECK(exchange.loop.context.counters.bytes_out < 1'000'000);
  CHECK(exchange.seen.size() == 1);
  peer.read();
  REQUIRE(exchange.until([&] { return exchange.waiting != nullptr; }));
  REQUIRE(exchange.until([&] { return peer.received().size() >= body.size() + 80; }));
  CHECK((peer.received().substr(peer.received().find("\r\n\r\n") + 4) == body));
  CHECK(exchange.seen.size() == 2);
}
