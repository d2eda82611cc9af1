#include "realtime-server/transport/http_connection.hpp"

#include <functional>
#include <vector>

#include "tests/support/catch.hpp"
#include "tests/support/heap.hpp"
#include "tests/support/http_exchange.hpp"

using engineio::CloseReason;
using http_exchange::Exchange;
using transport::HttpConnection;
using transport::Method;
using transport::Request;

TEST_CASE("A connection serves one request after another", "[unit][transport]") {
  Exchange exchange;
  auto& peer = exchange.peer();
  peer.send("GET /first HTTP/1.1\r\nHost: h\r\n\r\n");
  REQUIRE(exchange.has(
      "HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=UTF-8\r\nContent-Length: 10\r\n\r\nGET /first"));
  peer.send("POST /second HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nbody");
  REQUIRE(exchange.ends_with("\r\n\r\nPOST /second body"));
  CHECK_FALSE(peer.ended());
  peer.send("GET /third HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  REQUIRE(exchange.until([&] { return peer.ended(); }));
  CHECK(peer.take().ends_with("Content-Length: 10\r\nConnection: close\r\n\r\nGET /third"));
  CHECK(exchange.loop.context.counters.connections == 1);
  peer.close();
  CHECK(exchange.until([&] { return exchange.loop.context.counters.connections == 0; }));
  CHECK(exchange.closed.empty());
}

TEST_CASE("HTTP/1.0 keeps a connection only if it is asked to", "[unit][transport]") {
  Exchange exchange;
  exchange.peer().send("GET /first HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  REQUIRE(exchange.ends_with("GET /first"));
  CHECK_FALSE(exchange.peer().ended());
  exchange.peer().send("GET /second HTTP/1.0\r\n\r\n");
  REQUIRE(exchange.until([&] { return exchange.peer().ended(); }));
  CHECK(exchange.peer().received().ends_with("GET /second"));
}

TEST_CASE("A request is described to the handler as the server needs it", "[unit][transport]") {
  Exchange exchange;
  std::vector<std::string> seen;
  exchange.on_request_of = [&](HttpConnection& connection, const Request& request) {
    CHECK(request.method == Method::kGet);
    CHECK(request.path == "/socket.io/");
    CHECK(request.query == "EIO=4&transport=websocket?x");
    CHECK(request.host == "chat.example.com");
    CHECK(request.origin == "https://chat.example.com");
    CHECK(request.content_type == "text/plain");
    CHECK(request.wants_websocket);
    CHECK(request.websocket_key == "dGhlIHNhbXBsZSBub25jZQ==");
    CHECK(request.websocket_version == "13");
    CHECK(request.body.empty());
    seen.emplace_back("seen");
    connection.answer({.status = 204});
  };
  exchange.peer().send(
      "GET /socket.io/?EIO=4&transport=websocket?x HTTP/1.1\r\nhost: chat.example.com\r\norigin:  "
      "https://chat.example.com \r\n"
      "content-type: text/plain\r\nupgrade: h2c, WebSocket\r\nconnection: keep-alive, Upgrade\r\n"
      "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\nSEC-WEBSOCKET-VERSION: 13\r\n\r\n");
  REQUIRE(exchange.has("HTTP/1.1 204 No Content\r\n\r\n"));
  CHECK(seen.size() == 1);
}

TEST_CASE("An upgrade is wanted only if both headers say so", "[unit][transport]") {
  Exchange exchange;
  std::vector<bool> wanted;
  exchange.on_request_of = [&](HttpConnection& connection, const Request& request) {
    wanted.push_back(request.wants_websocket);
    CHECK_FALSE(request.origin);
    connection.answer({.body = "end"});
  };
  exchange.peer().send(
      "GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\n\r\n"
      "GET / HTTP/1.1\r\nHost: h\r\nConnection: upgrade\r\n\r\n"
      "GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websockets\r\nConnection: upgrade\r\n\r\n"
      "GET / HTTP/1.1\r\nHost: h\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n");
  REQUIRE(exchange.until([&] { return wanted.size() == 4; }));
  CHECK(wanted == std::vector{false, false, false, true});
}

TEST_CASE("A request is the same for any division into packets", "[unit][transport]") {
  Exchange exchange;
  const std::string requests =
      "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc"
      "POST /b HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\ndef\r\n4;x=y\r\nghij\r\n0\r\nTrailer: "
      "t\r\n\r\n"
      "GET /c HTTP/1.1\r\nHost: h\r\n\r\n";
  for (const char byte : requests) {
    exchange.peer().send({byte});
    exchange.loop.settle();
  }
  REQUIRE(exchange.ends_with("GET /c"));
  CHECK(exchange.seen == std::vector<std::string>{"POST /a abc", "POST /b defghij", "GET /c"});
  CHECK(exchange.heads == 2);
}

TEST_CASE("Requests that come together are answered one after another", "[unit][transport]") {
  Exchange exchange;
  SECTION("at once") {
    std::string requests;
    std::string expected;
    for (int i = 0; i < 3000; ++i) {
      requests += "POST /" + std::to_string(i) + " HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\nx";
      expected = "POST /" + std::to_string(i) + " x";
    }
    exchange.peer().send(requests);
    REQUIRE(exchange.ends_with(expected));
    CHECK(exchange.seen.size() == 3000);
  }
  SECTION("later, in order") {
    exchange.waits = true;
    exchange.peer().send("GET /a HTTP/1.1\r\nHost: h\r\n\r\nGET /b HTTP/1.1\r\nHost: h\r\n\r\n");
    REQUIRE(exchange.until([&] { return exchange.waiting != nullptr; }));
    exchange.loop.settle();
    CHECK(exchange.seen == std::vector<std::string>{"GET /a"});
    exchange.answer("first");
    REQUIRE(exchange.until([&] { return exchange.waiting != nullptr; }));
    CHECK(exchange.seen == std::vector<std::string>{"GET /a", "GET /b"});
    exchange.answer("second");
    REQUIRE(exchange.ends_with("second"));
    CHECK(exchange.peer().received().find("first") < exchange.peer().received().find("second"));
  }
}

TEST_CASE("A request that waits is not lost when its client sends more", "[unit][transport]") {
  Exchange exchange;
  exchange.waits = true;
  exchange.peer().send("GET /a HTTP/1.1\r\nHost: h\r\n\r\n");
  REQUIRE(exchange.until([&] { return exchange.waiting != nullptr; }));
  const std::string request = "GET /b HTTP/1.1\r\nHost: h\r\n\r\n";
  std::string more;
  while (more.size() < 8'000'000) more += request;
  exchange.peer().send(std::move(more));
  const auto heap_before = heap::in_use();
  exchange.loop.settle();
  // The rest waits in the sockets.
  REQUIRE(exchange.peer().unsent() > 0);
  CHECK(heap::in_use() < heap_before + 200'000);
  // Nobody but itself keeps it.
  REQUIRE_FALSE(exchange.loop.context.connections.empty());
  exchange.waits = false;
  exchange.answer("first");
  CHECK(exchange.until([&] { return exchange.seen.size() > 10'000; }));
}

TEST_CASE("An invalid request is refused, and the connection closes", "[unit][transport]") {
  Exchange exchange;
  const auto refused = [&](const std::string& bytes, std::string_view status) {
    auto& peer = exchange.reconnect();
    peer.send(bytes);
    REQUIRE(exchange.until([&] { return peer.ended(); }));
    INFO(bytes.substr(0, 100));
    CHECK_THAT(peer.received(), Catch::StartsWith("HTTP/1.1 " + std::string{status} + " "));
    CHECK_THAT(peer.received(), Catch::Contains("\r\nConnection: close\r\n"));
    CHECK(exchange.closed == std::vector{CloseReason::kProtocolError});
    CHECK(exchange.seen.empty());
    exchange.closed.clear();
  };
  const std::string post = "POST / HTTP/1.1\r\nHost: h\r\n";
  refused("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", "400");
  refused("GET  / HTTP/1.1\r\nHost: h\r\n\r\n", "400");
  refused("GET / HTTP/2.0\r\n\r\n", "400");
  refused("GET / HTTP/1.1\nHost: h\r\n\r\n", "400");
  refused("GET / HTTP/1.1\r\nHost : h\r\n\r\n", "400");
  refused("GET / HTTP/1.1\r\nHost: h\r\nX: a\x01z\r\n\r\n", "400");
  refused("GET / HTTP/1.1\r\nX: y\r\n\r\n", "400");
  refused("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "400");
  refused("GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", "400");
  refused("GET / HTTP/1.1\r\nHost:\r\n\r\n", "400");
  // What two servers could read in two ways (RFC 9112, section 6.3).
  refused(post + "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "400");
  refused(post + "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n", "400");
  refused(post + "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", "400");
  refused(post + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", "400");
  refused(post + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "400");
  refused(post + "Transfer-Encoding: chunked\r\nTransfer-Encoding: gzip\r\n\r\n0\r\n\r\n", "400");
  refused(post + "Content-Length: +3\r\n\r\nabc", "400");
  refused(post + "Content-Length: -1\r\n\r\n", "400");
  refused("GET / HTTP/1.1\r\nHost: h\r\nX: " + std::string(17'000, 'x') + "\r\n\r\n", "431");
  refused("GET /" + std::string(17'000, 'x'), "431");
}

TEST_CASE("Headers may be as large as the bound", "[unit][transport]") {
  transport::Limits limits;
  limits.header_bytes = 1'000;
  Exchange exchange{limits};
  const auto request = [](std::size_t size) {
    const std::string begin = "GET /a HTTP/1.1\r\nHost: h\r\nX: ";
    return begin + std::string(size - begin.size() - 4, 'x') + "\r\n\r\n";
  };
  exchange.peer().send(request(1'000));
  CHECK(exchange.ends_with("GET /a"));
  exchange.peer().send(request(1'001));
  REQUIRE(exchange.until([&] { return exchange.peer().ended(); }));
  CHECK_THAT(exchange.peer().received(), Catch::Contains("HTTP/1.1 431 "));
}

TEST_CASE("A handler may answer what it only has the head of", "[unit][transport]") {
  Exchange exchange;
  exchange.on_head_of = [](HttpConnection& connection, const Request& request) {
    CHECK(request.path == "/a");
    CHECK(request.body.empty());
    connection.answer({.status = 403, .body = "no"});
    return false;
  };
  exchange.peer().send("POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 500000\r\n\r\n" + std::string(500'000, 'x'));
  REQUIRE(exchange.until([&] { return exchange.peer().ended(); }));
  // The end of the body is unknown, so the connection closes.
  CHECK(exchange.peer().received() ==
        "HTTP/1.1 403 Forbidden\r\nContent-Type: text/plain; charset=UTF-8\r\nContent-Length: "
        "2\r\nConnection: close\r\n\r\nno");
  CHECK(exchange.until([&] { return exchange.peer().unsent() == 0; }));
  CHECK(exchange.seen.empty());
}

TEST_CASE("A handler may end a connection instead of answering", "[unit][transport]") {
  Exchange exchange;
  exchange.on_request_of = [](HttpConnection& connection, const Request&) {
    connection.destroy(CloseReason::kOverlapping);
    connection.answer({.body = "too late"});
  };
  SECTION("when it has the head") {
    exchange.on_head_of = [](HttpConnection& connection, const Request&) {
      connection.destroy(CloseReason::kOverlapping);
      return false;
    };
    exchange.peer().send("POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\n");
  }
  SECTION("when it has all") { exchange.peer().send("GET /a HTTP/1.1\r\nHost: h\r\n\r\n"); }
  REQUIRE(exchange.until([&] { return exchange.peer().ended() || exchange.peer().was_reset(); }));
  CHECK(exchange.peer().received().empty());
  CHECK(exchange.loop.context.counters.connections == 0);
  CHECK(exchange.closed == std::vector{CloseReason::kOverlapping});
}

TEST_CASE("A handler may take the socket over, with what came after the request", "[unit][transport]") {
  Exchange exchange;
  std::string rest;
  std::optional<loop::Descriptor> socket;
  exchange.on_request_of = [&](HttpConnection& connection, const Request&) { socket = connection.release(rest); };
  SECTION("of the first request") { exchange.peer().send("GET /a HTTP/1.1\r\nHost: h\r\n\r\nthe rest"); }
  SECTION("of one that came while another one waited") {
    exchange.waits = true;
    exchange.peer().send("GET /first HTTP/1.1\r\nHost: h\r\n\r\n");
    REQUIRE(exchange.until([&] { return exchange.waiting != nullptr; }));
    exchange.peer().send("GET /a HTTP/1.1\r\nHost: h\r\n\r\nthe rest");
    exchange.loop.settle();
    exchange.waits = false;
    exchange.answer("first");
  }
  REQUIRE(exchange.until([&] { return socket.has_value(); }));
  CHECK(rest == "the rest");
  CHECK(exchange.loop.context.counters.connections == 0);
  // What the connection still waited for does not end the socket.
  exchange.peer().send("more");
  exchange.loop.settle();
  std::string buffer(4, ' ');
  CHECK(recv(socket->get(), buffer.data(), buffer.size(), 0) == 4);
  CHECK(buffer == "more");
}

TEST_CASE("A connection whose socket was taken over is destroyed, however much data preceded its request",
          "[unit][transport]") {
  Exchange exchange{{}, 20'000};
  exchange.reads = false;
  auto& peer = exchange.reconnect();
  transport::HttpConnectionPtr kept;
  std::string rest;
  std::optional<loop::Descriptor> socket;
  exchange.on_request_of = [&](HttpConnection& connection, const Request&) {
    kept = &connection;
    socket = connection.release(rest);
  };
  exchange.waits = true;
  peer.send("GET /a HTTP/1.1\r\nHost: h\r\n\r\n");
  REQUIRE(exchange.until([&] { return exchange.waiting != nullptr; }));
  exchange.loop.settle();
  exchange.waits = false;
  exchange.answer(std::string(1'000'000, 'x'));
  REQUIRE(exchange.loop.context.counters.bytes_out < 1'000'000);
  peer.send("GET /b HTTP/1.1\r\nHost: h\r\n\r\n" + std::string(10'000, 'y'));
  exchange.loop.settle();
  peer.read();
  REQUIRE(exchange.until([&] { return socket.has_value(); }));
  exchange.loop.settle();
  CHECK(kept->use_count() == 1);
}

TEST_CASE("A peer that goes away while its request waits is noticed", "[unit][transport]") {
  Exchange exchange;
  exchange.waits = true;
  exchange.peer().send("GET /a HTTP/1.1\r\nHost: h\r\n\r\n");
  REQUIRE(exchange.until([&] { return exchange.waiting != nullptr; }));
  auto expected = CloseReason::kTransportClose;
  SECTION("by closing") { exchange.peer().close(); }
  SECTION("by a reset") {
    exchange.peer().close(true);
    expected = CloseReason::kTransportError;
  }
  SECTION("after it has sent more") {
    exchange.peer().send("GET /b HTTP/1.1\r\nHost: h\r\n\r\n");
    exchange.loop.settle();
    exchange.peer().close();
  }
  REQUIRE(exchange.until([&] { return !exchange.abandoned.empty(); }));
  CHECK(exchange.abandoned == std::vector{expected});
  CHECK(exchange.closed == std::vector{expected});
  CHECK(exchange.loop.context.counters.connections == 0);
  exchange.answer("too late");
  CHECK(exchange.seen.size() == 1);
}

TEST_CASE("A peer that goes away in the middle of a body is noticed", "[unit][transport]") {
  Exchange exchange;
  exchange.peer().send("POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nabc");
  REQUIRE(exchange.until([&] { return exchange.heads == 1; }));
  exchange.peer().close();
  REQUIRE(exchange.until([&] { return !exchange.abandoned.empty(); }));
  CHECK(exchange.abandoned == std::vector{CloseReason::kTransportClose});
  CHECK(exchange.seen.empty());
}

TEST_CASE("An abandoned connection notifies nobody", "[unit][transport]") {
  Exchange exchange;
  exchange.waits = true;
  exchange.peer().send("GET /a HTTP/1.1\r\nHost: h\r\n\r\n");
  REQUIRE(exchange.until([&] { return exchange.waiting != nullptr; }));
  exchange.loop.context.connections.front().abandon();
  REQUIRE(exchange.until([&] { return exchange.peer().ended(); }));
  CHECK(exchange.abandoned.empty());
  CHECK(exchange.closed.empty());
  CHECK(exchange.loop.context.counters.connections == 0);
}
