#include "realtime-server/transport/request_parser.hpp"

#include <vector>

#include "tests/support/catch.hpp"
#include "tests/support/http_exchange.hpp"

using http_exchange::Exchange;
using transport::HttpConnection;
using transport::Request;

TEST_CASE("A header may take several lines", "[unit][transport]") {
  Exchange exchange;
  std::vector<bool> wanted;
  exchange.on_request_of = [&](HttpConnection& connection, const Request& request) {
    wanted.push_back(request.wants_websocket);
    connection.answer({.body = "end"});
  };
  exchange.peer().send(
      "GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: keep-alive\r\nConnection: Upgrade\r\n\r\n"
      "GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: h2c\r\nUpgrade: websocket\r\nConnection: "
      "close\r\n\r\n");
  REQUIRE(exchange.until([&] { return exchange.peer().ended(); }));
  CHECK(wanted == std::vector{true, true});
}

TEST_CASE("The first subprotocol that is offered is described", "[unit][transport]") {
  Exchange exchange;
  std::vector<std::string> offered;
  exchange.on_request_of = [&](HttpConnection& connection, const Request& request) {
    offered.emplace_back(request.subprotocol);
    connection.answer({.body = "end"});
  };
  exchange.peer().send(
      "GET / HTTP/1.1\r\nHost: h\r\nSec-WebSocket-Protocol: bearer.abc, chat\r\n\r\n"
      "GET / HTTP/1.1\r\nHost: h\r\nSec-WebSocket-Protocol: one\r\nSec-WebSocket-Protocol: two\r\n\r\n"
      "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  REQUIRE(exchange.until([&] { return offered.size() == 3; }));
  CHECK(offered == std::vector<std::string>{"bearer.abc", "one", ""});
}

TEST_CASE("A target in absolute form replaces Host", "[unit][transport]") {
  Exchange exchange;
  std::vector<std::string> seen;
  exchange.on_request_of = [&](HttpConnection& connection, const Request& request) {
    seen.push_back(std::string{request.host}.append("|").append(request.path).append("|").append(request.query));
    connection.answer({.body = "end"});
  };
  exchange.peer().send(
      "GET http://a.test:8080/socket.io/?EIO=4 HTTP/1.1\r\nHost: other\r\n\r\n"
      "GET HTTPS://b.test HTTP/1.1\r\nHost: other\r\n\r\n"
      "GET wss://c.test?x=/ HTTP/1.1\r\nHost: other\r\n\r\n"
      "GET /http://d.test/ HTTP/1.1\r\nHost: h\r\n\r\n");
  REQUIRE(exchange.until([&] { return seen.size() == 4; }));
  CHECK(seen ==
        std::vector<std::string>{"a.test:8080|/socket.io/|EIO=4", "b.test|/|", "c.test|/|x=/", "h|/http://d.test/|"});
  exchange.reconnect().send("GET http://a@b/ HTTP/1.1\r\nHost: h\r\n\r\n");
  REQUIRE(exchange.until([&] { return exchange.peer().ended(); }));
  CHECK_THAT(exchange.peer().received(), Catch::StartsWith("HTTP/1.1 400 "));
}

TEST_CASE("HTTP/1.0 has no chunks", "[unit][transport]") {
  Exchange exchange;
  exchange.peer().send(
      "POST /a HTTP/1.0\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n");
  REQUIRE(exchange.until([&] { return exchange.peer().ended(); }));
  CHECK_THAT(exchange.peer().received(), Catch::StartsWith("HTTP/1.1 400 "));
  CHECK(exchange.seen.empty());
}

TEST_CASE("Every answer has the headers that the handler wants for its request", "[unit][transport]") {
  auto limits = transport::Limits{};
  limits.max_payload = 10;
  Exchange exchange{limits};
  exchange.headers = "X-Own: 1\r\n";
  auto& peer = exchange.peer();
  SECTION("its own") { peer.send("GET /a HTTP/1.1\r\nHost: h\r\n\r\n"); }
  SECTION("one that comes later") {
    exchange.waits = true;
    peer.send("GET /a HTTP/1.1\r\nHost: h\r\n\r\n");
    REQUIRE(exchange.until([&] { return exchange.waiting != nullptr; }));
    exchange.answer("later");
  }
  SECTION("that to a body that announces too much") {
    peer.send("POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 11\r\n\r\n");
  }
  SECTION("that to a body that becomes too much") {
    peer.send("POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nb\r\n01234567890\r\n");
  }
  SECTION("that to an invalid Host") { peer.send("GET /a HTTP/1.1\r\nHost: a b\r\n\r\n"); }
  REQUIRE(exchange.has("X-Own: 1\r\n"));
  CHECK(peer.received().find("X-Own: 1\r\n") == peer.received().rfind("X-Own: 1\r\n"));
}

TEST_CASE("What a proxy says is believed if it is trusted", "[unit][transport]") {
  Exchange exchange;
  exchange.loop.context.trusted_proxies = transport::TrustedProxies{{*loop::Network::parse("10.0.0.0/8")}};
  std::vector<std::string> seen;
  exchange.on_request_of = [&](HttpConnection& connection, const Request& request) {
    seen.push_back(request.address.to_string() + "|" + std::string{request.host} + "|" +
                   (!request.secure   ? "?"
                    : *request.secure ? "TLS"
                                      : "plain"));
    connection.answer({.body = "end"});
  };
  const std::string forwarded =
      "GET /a HTTP/1.1\r\nHost: inner:8080\r\nX-Forwarded-For: 1.1.1.1, 203.0.113.7\r\nX-Forwarded-Host: "
      "outer.test:8443, x\r\nX-Forwarded-Proto: wss\r\n\r\n";
  const std::string header = "PROXY TCP4 203.0.113.8 10.0.0.1 56324 443\r\n";
  const auto request = [&](const std::string& peer, const std::string& bytes) {
    exchange.peer_address = boost::asio::ip::make_address(peer);
    seen.clear();
    exchange.reconnect().send(bytes);
    REQUIRE(exchange.until([&] { return !seen.empty() || exchange.peer().ended(); }));
    return seen.empty() ? exchange.peer().received() : seen[0];
  };
  CHECK(request("10.0.0.5", forwarded) == "203.0.113.7|outer.test:8443|TLS");
  CHECK(request("11.0.0.5", forwarded) == "11.0.0.5|inner:8080|?");
  CHECK(request("10.0.0.5", header + "GET /a HTTP/1.1\r\nHost: h\r\n\r\n") == "203.0.113.8|h|?");
  // The proxy protocol's client is no proxy, so it cannot speak of others.
  CHECK(request("10.0.0.5", header + forwarded) == "203.0.113.8|inner:8080|?");
  CHECK_THAT(request("11.0.0.5", header + forwarded), Catch::StartsWith("HTTP/1.1 400 "));
  CHECK(request("10.0.0.5", "PROXY nonsense\r\n").empty());
}

TEST_CASE("A header of the PROXY protocol may come in pieces, and only once", "[unit][transport]") {
  Exchange exchange;
  exchange.loop.context.trusted_proxies = transport::TrustedProxies{{*loop::Network::parse("10.0.0.0/8")}};
  exchange.peer_address = boost::asio::ip::make_address("10.0.0.5");
  auto& peer = exchange.reconnect();
  for (const auto c : std::string{"PROXY TCP4 203.0.113.8 10.0.0.1 56324 443\r\nGET /a HTTP/1.1\r\nHost: h\r\n\r\n"}) {
    peer.send(std::string{c});
    exchange.loop.settle();
  }
  REQUIRE(exchange.ends_with("GET /a"));
  peer.send("PROXY TCP4 203.0.113.8 10.0.0.1 56324 443\r\nGET /b HTTP/1.1\r\nHost: h\r\n\r\n");
  REQUIRE(exchange.until([&] { return peer.ended(); }));
  CHECK(exchange.seen == std::vector<std::string>{"GET /a"});
}

TEST_CASE("A head that comes line by line is as limited as one that comes at once", "[unit][transport]") {
  Exchange exchange;
  auto& peer = exchange.peer();
  peer.send("GET / HTTP/1.1\r\nHost: h\r\na");
  std::size_t most = 0;
  for (int i = 0; i < 10'000 && !peer.ended(); ++i) {
    peer.send(":\r\na");
    exchange.loop.settle();
    most = std::max(most, exchange.loop.context.received.used());
  }
  REQUIRE(peer.ended());
  CHECK_THAT(peer.received(), Catch::StartsWith("HTTP/1.1 431 "));
  // Each line costs more memory than bytes, and all of it counts.
  CHECK(most > 300'000);
  CHECK(exchange.loop.context.received.used() == 0);
}

TEST_CASE("A client that its proxy does not know speaks for nobody else", "[unit][transport]") {
  Exchange exchange;
  exchange.loop.context.trusted_proxies = transport::TrustedProxies{{*loop::Network::parse("10.0.0.0/8")}};
  exchange.peer_address = boost::asio::ip::make_address("10.0.0.5");
  std::string seen;
  exchange.on_request_of = [&](HttpConnection& connection, const Request& request) {
    seen = request.address.to_string() + "|" + std::string{request.host};
    connection.answer({.body = "end"});
  };
  const std::string forwarded =
      "GET /a HTTP/1.1\r\nHost: h\r\nX-Forwarded-For: 1.1.1.1\r\nX-Forwarded-Host: other\r\n\r\n";
  exchange.reconnect().send("PROXY UNKNOWN\r\n" + forwarded);
  REQUIRE(exchange.until([&] { return !seen.empty(); }));
  CHECK(seen == "10.0.0.5|h");
  seen.clear();
  exchange.reconnect().send(std::string{"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0", 16} + forwarded);  // the proxy itself
  REQUIRE(exchange.until([&] { return !seen.empty(); }));
  CHECK(seen == "1.1.1.1|other");
}
