// What clients have sent that waits for its rest or its turn: counted at every moment, and kept within its bound.
#include "tests/support/catch.hpp"
#include "tests/support/http_exchange.hpp"
#include "tests/support/wire.hpp"

using engineio::CloseReason;
using http_exchange::Exchange;
using wires::Wire;

namespace {

transport::Limits limits_of(std::size_t received_bytes) {
  transport::Limits limits;
  limits.received_bytes = received_bytes;
  return limits;
}

const std::string kPost = "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 900000\r\n\r\n";

}  // namespace

TEST_CASE("A body counts while it is incomplete", "[unit][transport]") {
  Exchange exchange;
  exchange.peer().send(kPost + std::string(400'000, 'x'));
  const auto used = [&] { return exchange.loop.context.received.used(); };
  REQUIRE(exchange.until([&] { return used() >= 400'000; }));
  CHECK(used() < 410'000);
  exchange.peer().send(std::string(500'000, 'x'));
  REQUIRE(exchange.until([&] { return !exchange.seen.empty(); }));
  exchange.loop.settle();
  CHECK(used() == 0);
}

TEST_CASE("Above the bound the largest bodies are refused, and their connections end", "[unit][transport]") {
  Exchange exchange{limits_of(1'000'000)};
  auto& first = exchange.peer();
  first.send(kPost + std::string(600'000, 'x'));
  REQUIRE(exchange.until([&] { return exchange.loop.context.received.used() >= 600'000; }));
  auto [ours, theirs] = exchange.loop.connect();
  loopback::Peer second{exchange.loop, std::move(theirs)};
  second.read();
  const transport::HttpConnectionPtr other{
      new transport::HttpConnection{exchange.loop.context, exchange, std::move(ours), {}}};
  other->start();
  second.send(kPost + std::string(500'000, 'y'));
  REQUIRE(exchange.until([&] { return first.ended(); }));
  CHECK_THAT(first.received(), Catch::StartsWith("HTTP/1.1 503 ") && Catch::Contains("Retry-After: 5\r\n"));
  CHECK(exchange.closed == std::vector{CloseReason::kOverloaded});
  REQUIRE(exchange.until([&] { return exchange.loop.context.received.used() >= 500'000; }));
  second.send(std::string(400'000, 'y'));
  REQUIRE(exchange.until([&] { return second.received().starts_with("HTTP/1.1 200 "); }));
}

TEST_CASE("An incomplete message of a WebSocket counts, and a complete one no more", "[unit][transport]") {
  Wire wire;
  wire.open();
  const auto whole = frames::text(std::string(300'000, 'x'));
  const auto used = [&] { return wire.loop.context.received.used(); };
  wire.peer->send(whole.substr(0, 200'000));
  REQUIRE(wire.until([&] { return used() >= 190'000; }));
  wire.peer->send(whole.substr(200'000));
  REQUIRE(wire.until([&] { return wire.messages.size() == 1; }));
  wire.loop.settle();
  CHECK(used() == 0);
}

TEST_CASE("A WebSocket that holds too much is told to try again later", "[unit][transport]") {
  Wire wire{limits_of(100'000)};
  wire.open();
  wire.peer->send(frames::text(std::string(300'000, 'x')));
  REQUIRE(wire.gets({wires::close_of(1013)}));
  CHECK(wire.closed == std::vector{CloseReason::kOverloaded});
  CHECK(wire.loop.context.received.used() == 0);
}

TEST_CASE("What waits for its turn counts too", "[unit][transport]") {
  Wire wire;
  wire.open();
  wire.takes = false;
  wire.peer->send(frames::text(std::string(1'000, 'x')));
  REQUIRE(wire.until([&] { return wire.loop.context.received.used() >= 1'000; }));
  wire.resume();
  REQUIRE(wire.until([&] { return wire.messages.size() == 1; }));
  wire.loop.settle();
  CHECK(wire.loop.context.received.used() == 0);
}

TEST_CASE("A body that is refused is freed though its client reads no answer", "[unit][transport]") {
  Exchange exchange{limits_of(500'000), 4'096};
  exchange.reads = false;
  auto& peer = exchange.reconnect();
  // Answers that nobody reads fill what the kernel takes.
  exchange.on_request_of = [](transport::HttpConnection& connection, const transport::Request&) {
    connection.answer({.body = std::string(1'000, 'x')});
  };
  std::string requests;
  for (int i = 0; i < 40; ++i) requests += "GET /a HTTP/1.1\r\nHost: h\r\n\r\n";
  peer.send(requests + kPost + std::string(700'000, 'x'));
  exchange.loop.settle();
  const auto& received = exchange.loop.context.received;
  REQUIRE(exchange.until([&] { return received.used() <= 500'000 && !exchange.seen.empty(); }));
  for (int i = 0; i < 100; ++i) {
    exchange.loop.settle();
    CHECK(received.used() <= 500'000);
  }
}
