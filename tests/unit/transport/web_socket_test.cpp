#include "realtime-server/transport/web_socket.hpp"

#include <array>
#include <vector>

#include "realtime-server/engineio/packet.hpp"
#include "tests/support/wire.hpp"

using engineio::CloseReason;
using engineio::Opcode;
using frames::Own;
using loopback::Peer;
using transport::WebSocket;
using transport::WebSocketPtr;
using wires::text_of;
using wires::Wire;

namespace {

constexpr int kSmallBuffer = 20'000;

}  // namespace

TEST_CASE("A WebSocket answers its handshake, then takes what came with it", "[unit][transport]") {
  Wire wire;
  wire.peer->read();
  wire.socket->start("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", frames::text("4first") + frames::text("4second").substr(0, 5));
  // Not at once: who made it does not have it yet.
  CHECK(wire.messages.empty());
  REQUIRE(wire.until([&] { return wire.peer->received().ends_with("\r\n\r\n"); }));
  CHECK(wire.peer->received() ==
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n");
  CHECK(wire.messages == std::vector{text_of("first")});
  wire.peer->send(frames::text("4second").substr(5));
  CHECK(wire.until([&] { return wire.messages == std::vector{text_of("first"), text_of("second")}; }));
}

TEST_CASE("Messages go both ways, whole or in fragments, of any size", "[unit][transport]") {
  Wire wire;
  wire.open();
  wire.on_message_of = [&](WebSocket& from, std::string_view bytes) { wire.send(from, bytes); };
  const std::string large(300'000, 'x');
  wire.peer->send(frames::text("a") + frames::text("b", {.final = false}) + frames::ping("p"));
  wire.peer->send(frames::from_client(0, "c") + frames::binary(large));
  CHECK(wire.gets({text_of("a"), {Opcode::kPong, "p"}, text_of("bc"), text_of(large)}));
  CHECK(wire.messages == std::vector<Own>{{Opcode::kText, "a"}, {Opcode::kText, "bc"}, {Opcode::kBinary, large}});
  CHECK(wire.loop.context.counters.messages_in == 3);
}

TEST_CASE("All frames of a turn leave in one write", "[unit][transport]") {
  Wire wire;
  wire.open();
  const auto& writes = wire.loop.context.counters.writes;
  const auto before = writes;
  SECTION("those that are sent in one") {
    wire.in_a_turn([&] {
      for (int i = 0; i < 500; ++i) wire.send("frame " + std::to_string(i));
    });
    CHECK(writes == before + 1);
    REQUIRE(wire.until([&] { return wire.got().size() == 500; }));
    CHECK(wire.got().back() == text_of("frame 499"));
    wire.in_a_turn([&] { wire.send("another turn"); });
    CHECK(writes == before + 2);
  }
  SECTION("the answers to all that came in one read") {
    wire.on_message_of = [&](WebSocket& from, std::string_view bytes) { wire.send(from, bytes); };
    std::string all;
    for (int i = 0; i < 100; ++i) all += frames::text("message " + std::to_string(i)) + frames::ping("");
    wire.peer->send(all);
    REQUIRE(wire.until([&] { return wire.got().size() == 200; }));
    CHECK(writes == before + 1);
  }
  SECTION("of each of several WebSockets") {
    auto [ours, theirs] = wire.loop.connect();
    Peer other{wire.loop, std::move(theirs)};
    const WebSocketPtr second{new WebSocket{wire.loop.context, std::move(ours), wire, false}};
    wire.in_a_turn([&] {
      for (int i = 0; i < 10; ++i) {
        wire.send("to the first");
        wire.send(*second, "to the second");
      }
    });
    CHECK(writes == before + 2);
  }
  SECTION("as far as a write takes them") {
    // Large frames lie in chunks of their own.
    const std::string large(5'000, 'x');
    wire.in_a_turn([&] {
      for (int i = 0; i < 400; ++i) wire.send(large);
    });
    CHECK(wire.gets(std::vector(400, text_of(large))));
    CHECK(writes > before + 1);
  }
}

TEST_CASE("A ping is answered with its payload", "[unit][transport]") {
  Wire wire;
  wire.open();
  const std::string payload(125, '\xfe');
  wire.peer->send(frames::ping(payload) + frames::ping("") + frames::from_client(10, "nobody asked"));
  CHECK(wire.gets({{Opcode::kPong, payload}, {Opcode::kPong, ""}}));
  CHECK(wire.messages.empty());
}

TEST_CASE("A client that reads nothing is closed when its send queue is full, and nothing of it is left",
          "[unit][transport]") {
  const auto memory_before = engineio::Chunk::allocated();
  {
    Wire wire{{}, {.bytes = 1'000'000}, kSmallBuffer};
    wire.open(false);
    const std::string data(10'000, 'x');
    for (int i = 0; i < 95; ++i) wire.in_a_turn([&] { wire.send(data); });
    CHECK(wire.closed.empty());
    CHECK(wire.loop.send_queues.total_used > 800'000);
    for (int i = 0; i < 25; ++i) wire.in_a_turn([&] { wire.send(data); });
    CHECK(wire.closed == std::vector{CloseReason::kSlowConsumer});
    CHECK(wire.nothing_left());
    wire.send("no client gets it");
    wire.socket.reset();
    wire.loop.settle();
    CHECK(wire.loop.context.connections.empty());
    CHECK(engineio::Chunk::allocated() - memory_before < 3 * engineio::ChunkArena::kChunkBytes);
  }
  CHECK(engineio::Chunk::allocated() == memory_before);
}

TEST_CASE("A peer that pings without taking the answers is closed too", "[unit][transport]") {
  Wire wire{{}, {.bytes = 100'000}, kSmallBuffer};
  wire.open(false);
  std::string pings;
  for (int i = 0; i < 1'000; ++i) pings += frames::ping(std::string(100, 'p'));
  for (int i = 0; i < 10; ++i) wire.peer->send(pings);
  REQUIRE(wire.until([&] { return !wire.closed.empty(); }));
  CHECK(wire.closed == std::vector{CloseReason::kSlowConsumer});
  CHECK(wire.nothing_left());
}

TEST_CASE("A peer that is full while it is being closed is cut off", "[unit][transport]") {
  Wire wire{wires::short_timeouts(), {.bytes = 200'000}, kSmallBuffer};
  wire.open(false);
  wire.in_a_turn([&] {
    for (int i = 0; i < 19; ++i) wire.send(std::string(10'000, 'x'));
  });
  SECTION("when it sends nothing") {
    wire.in_a_turn([&] { wire.socket->close(CloseReason::kDrain); });
    CHECK(wire.loop.context.counters.connections == 1);
  }
  SECTION("when there is no room for the status") {
    wire.in_a_turn([&] {
      for (int i = 0; i < 20; ++i) wire.send(std::string(10'000, 'x'));
      wire.socket->close(CloseReason::kDrain);
    });
  }
  CHECK(wire.nothing_left());
  CHECK(wire.closed.empty());
}

TEST_CASE("What a socket did not take at once arrives all the same", "[unit][transport]") {
  Wire wire{{}, {}, kSmallBuffer};
  wire.open(false);
  std::vector<Own> expected;
  for (std::size_t i = 0; i < 300; ++i) {
    const std::string data(i * i % 9'973, static_cast<char>('a' + i % 26));
    expected.push_back(text_of(data));
    if (i % 3 == 0) {
      wire.in_a_turn([&] { wire.send(data); });
    } else {
      wire.send(data);
    }
  }
  CHECK(wire.loop.send_queues.total_used > 500'000);
  // No attempt until there is space again.
  const auto writes = wire.loop.context.counters.writes;
  wire.in_a_turn([&] { wire.send("last"); });
  expected.push_back(text_of("last"));
  CHECK(wire.loop.context.counters.writes == writes);
  wire.peer->read();
  const auto head = [&] { return wire.peer->received().find("\r\n\r\n") + 4; };
  REQUIRE(wire.until([&] { return wire.loop.send_queues.total_used == 0; }));
  REQUIRE(wire.until([&] { return frames::own_in(wire.peer->received().substr(head())).size() == 301; }));
  CHECK((frames::own_in(wire.peer->received().substr(head())) == expected));
}

TEST_CASE("A WebSocket may change hands", "[unit][transport]") {
  Wire wire;
  Wire other;
  wire.open();
  wire.socket->set_owner(other);
  wire.peer->send(frames::text("for the other"));
  REQUIRE(wire.until([&] { return !other.messages.empty(); }));
  CHECK(wire.messages.empty());
}
