#include <vector>

#include "realtime-server/transport/web_socket.hpp"
#include "tests/support/wire.hpp"

using engineio::CloseReason;
using engineio::Opcode;
using frames::Own;
using transport::WebSocket;
using wires::close_of;
using wires::short_timeouts;
using wires::text_of;
using wires::Wire;

TEST_CASE("A peer that closes gets its status back", "[unit][transport]") {
  Wire wire;
  wire.open();
  Own expected{Opcode::kClose, ""};
  SECTION("with a status and a reason") {
    wire.peer->send(frames::text("last") + frames::close(4321, "bye") + frames::text("too late"));
    expected = close_of(4321);
  }
  SECTION("without") { wire.peer->send(frames::text("last") + frames::from_client(8, "")); }
  REQUIRE(wire.until([&] { return wire.peer->ended(); }));
  CHECK(wire.got() == std::vector{expected});
  CHECK(wire.closed == std::vector{CloseReason::kTransportClose});
  CHECK(wire.messages == std::vector<Own>{{Opcode::kText, "last"}});
  CHECK(wire.socket->closed());
  wire.peer->close();
  CHECK(wire.nothing_left());
}

TEST_CASE("A close by the server has its reason, after everything that was sent before", "[unit][transport]") {
  for (const auto& info : engineio::kCloseReasons) {
    INFO(info.name);
    Wire wire;
    wire.open();
    wire.in_a_turn([&] {
      wire.send("before");
      wire.socket->close(info.reason);
      wire.send("after");
    });
    REQUIRE(wire.until([&] { return wire.peer->ended(); }));
    if (info.websocket_code != 0) {
      // Nothing follows a close frame.
      CHECK(wire.got() == std::vector{text_of("before"), close_of(info.websocket_code)});
      // What the peer still sends is its answer at best.
      wire.peer->send(frames::text("too late") + frames::close(info.websocket_code) + std::string(100'000, 'x'));
      REQUIRE(wire.until([&] { return wire.peer->unsent() == 0; }));
      wire.peer->close();
    }
    CHECK(wire.nothing_left());
    CHECK(wire.messages.empty());
    CHECK(wire.closed.empty());  // the caller of close() is not notified
  }
}

TEST_CASE("A peer that does not answer a close is cut off", "[unit][transport]") {
  Wire wire{short_timeouts()};
  wire.open();
  SECTION("of ours") {
    wire.in_a_turn([&] { wire.socket->close(CloseReason::kDrain); });
  }
  SECTION("of its own") { wire.peer->send(frames::close(1000)); }
  REQUIRE(wire.until([&] { return wire.peer->ended(); }));
  CHECK(wire.got().size() == 1);
  CHECK(wire.nothing_left());
}

TEST_CASE("A connection that closes without a close frame is distinguished from one that failed", "[unit][transport]") {
  Wire wire;
  wire.open();
  SECTION("by its end") {
    wire.peer->send(frames::text("last"));
    wire.peer->close();
    REQUIRE(wire.until([&] { return !wire.closed.empty(); }));
    CHECK(wire.closed == std::vector{CloseReason::kTransportClose});
    CHECK(wire.messages.size() == 1);
  }
  SECTION("in the middle of a frame") {
    wire.peer->send(frames::text("last").substr(0, 8));
    wire.peer->shut();
    REQUIRE(wire.until([&] { return !wire.closed.empty(); }));
    CHECK(wire.closed == std::vector{CloseReason::kTransportClose});
    CHECK(wire.messages.empty());
  }
  SECTION("by a reset") {
    wire.peer->close(true);
    REQUIRE(wire.until([&] { return !wire.closed.empty(); }));
    CHECK(wire.closed == std::vector{CloseReason::kTransportError});
  }
  SECTION("by a reset that a write meets first") {
    wire.peer->close(true);
    wire.send("into the void");
    wire.socket->flush();
    CHECK(wire.closed == std::vector{CloseReason::kTransportError});
  }
  CHECK(wire.nothing_left());
}

TEST_CASE("What RFC 6455 forbids ends with the status that it names", "[unit][transport]") {
  transport::Limits limits;
  limits.max_payload = 1'000;
  struct Case {
    std::string bytes;
    CloseReason reason;
    unsigned status;
  };
  const std::vector<Case> cases{{frames::text("a", {.masked = false}), CloseReason::kProtocolError, 1002},
                                {frames::text("a", {.reserved = 4}), CloseReason::kProtocolError, 1002},
                                {frames::from_client(3, "a"), CloseReason::kProtocolError, 1002},
                                {frames::close(1005), CloseReason::kProtocolError, 1002},
                                {frames::close(1000, "\xff"), CloseReason::kInvalidUtf8, 1007},
                                {frames::announcing(1, 1'001), CloseReason::kMessageTooBig, 1009},
                                {frames::text(std::string(600, 'a'), {.final = false}) + frames::announcing(0, 600),
                                 CloseReason::kMessageTooBig, 1009}};
  for (const auto& [bytes, reason, status] : cases) {
    Wire wire{limits};
    wire.open();
    wire.peer->send(frames::text("before") + bytes + frames::text("after"));
    REQUIRE(wire.until([&] { return wire.peer->ended(); }));
    CHECK(wire.got() == std::vector{close_of(status)});
    CHECK(wire.closed == std::vector{reason});
    CHECK(wire.messages.size() == 1);
    wire.peer->close();
    CHECK(wire.nothing_left());
  }
}

TEST_CASE("An owner that closes within a message hears nothing more", "[unit][transport]") {
  Wire wire;
  wire.open();
  std::size_t answers = 0;
  SECTION("with a status") {
    wire.on_message_of = [](WebSocket& from, std::string_view) { from.close(CloseReason::kParseError); };
    answers = 1;
  }
  SECTION("at once") {
    wire.on_message_of = [](WebSocket& from, std::string_view) { from.destroy(); };
  }
  SECTION("and forgets it") {
    wire.on_message_of = [&](WebSocket& from, std::string_view) {
      from.destroy();
      wire.socket.reset();
    };
  }
  wire.peer->send(frames::text("first") + frames::text("second") + frames::close(1000));
  REQUIRE(wire.until([&] { return wire.peer->ended() || wire.peer->was_reset(); }));
  CHECK(wire.got().size() == answers);
  CHECK(wire.messages.size() == 1);
  CHECK(wire.closed.empty());
  wire.peer->close();
  CHECK(wire.nothing_left());
}

TEST_CASE("An owner may forget a WebSocket when it hears that it is over", "[unit][transport]") {
  Wire wire;
  wire.open();
  wire.on_closed_of = [&] { wire.socket.reset(); };
  SECTION("by a close") { wire.peer->send(frames::close(1000)); }
  SECTION("by an error") { wire.peer->send(frames::from_client(5, "")); }
  SECTION("by its end") { wire.peer->shut(); }
  REQUIRE(wire.until([&] { return wire.peer->ended(); }));
  CHECK(wire.closed.size() == 1);
  wire.peer->close();
  CHECK(wire.nothing_left());
  wire.loop.settle();
  CHECK(wire.loop.context.connections.empty());
}

TEST_CASE("A probe that is not followed by an upgrade is closed", "[unit][transport]") {
  Wire wire{short_timeouts()};
  wire.open();
  wire.loop.context.upgrade_deadlines.arm(*wire.socket);
  REQUIRE(wire.until([&] { return wire.peer->ended(); }));
  CHECK(wire.closed == std::vector{CloseReason::kUpgradeTimeout});
  CHECK(wire.got() == std::vector{close_of(1001)});
  // Its peer has another 50 ms.
  CHECK(wire.nothing_left());
}

TEST_CASE("An abandoned WebSocket notifies nobody, and closes", "[unit][transport]") {
  Wire wire;
  wire.open();
  wire.send("unsent");
  wire.loop.context.connections.front().abandon();
  REQUIRE(wire.until([&] { return wire.peer->ended(); }));
  CHECK(wire.got().empty());
  CHECK(wire.closed.empty());
  CHECK(wire.nothing_left());
}
