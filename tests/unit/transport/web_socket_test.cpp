#include "realtime-server/transport/web_socket.hpp"

#include <array>
#include <functional>
#include <vector>

#include <boost/asio/post.hpp>

#include "realtime-server/engineio/packet.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/frames.hpp"
#include "tests/support/loopback.hpp"

using namespace std::chrono_literals;
using engineio::CloseReason;
using engineio::Opcode;
using frames::Own;
using loopback::Peer;
using transport::WebSocket;
using transport::WebSocketPtr;

namespace {

struct Wire final : transport::WebSocketOwner {
  explicit Wire(const transport::Limits& limits = {}, const engineio::OutboxLimits& outboxes = {}, int buffer = 0)
      : loop{limits, outboxes} {
    auto [ours, theirs] = loop.connect(buffer);
    peer = std::make_unique<Peer>(loop, std::move(theirs));
    socket = new WebSocket{loop.context, std::move(ours), *this, false};
  }

  /// Does the handshake; the peer reads from then on, or reads no more than that.
  void open(bool reads = true) {
    socket->start("KEY=", "");
    if (reads) {
      peer->read();
      REQUIRE(until([&] { return peer->received().ends_with("\r\n\r\n"); }));
      peer->take();
    }
    loop.settle();
  }

  bool until(const std::function<bool()>& is_so) { return loop.until(is_so); }
  std::vector<Own> got() const { return frames::own_in(peer->received()); }
  bool gets(const std::vector<Own>& expected) {
    return until([&] { return got() == expected; });
  }
  void send(WebSocket& to, std::string_view data) {
    to.send(engineio::encode_text(loop.context.arena, engineio::PacketType::kMessage, std::array{data}));
  }
  void send(std::string_view data) { send(*socket, data); }
  /// Runs something in a turn of its own.
  void in_a_turn(std::function<void()> action) {
    boost::asio::post(loop.io, std::move(action));
    loop.settle();
  }
  bool nothing_left() {
    return until([&] { return loop.context.counters.connections == 0; }) && loop.outboxes.process_used == 0;
  }

  void on_message(WebSocket& from, bool binary, std::string_view bytes) override {
    messages.emplace_back(binary ? Opcode::kBinary : Opcode::kText, std::string{bytes});
    if (on_message_of) on_message_of(from, bytes);
  }
  void on_closed(WebSocket&, CloseReason reason) override {
    closed.push_back(reason);
    if (on_closed_of) on_closed_of();
  }

  std::vector<Own> messages;
  std::vector<CloseReason> closed;
  std::function<void(WebSocket&, std::string_view)> on_message_of;
  std::function<void()> on_closed_of;
  loopback::Loop loop;
  std::unique_ptr<Peer> peer;
  WebSocketPtr socket;
};

Own text_of(const std::string& data) { return {Opcode::kText, "4" + data}; }
Own close_of(unsigned status) {
  return {Opcode::kClose, {static_cast<char>(status >> 8U), static_cast<char>(status & 0xffU)}};
}

transport::Limits short_timeouts() {
  transport::Limits limits;
  limits.close_timeout = 50ms;
  limits.upgrade_timeout = 50ms;
  return limits;
}

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
    // Frames of several arenas do not lie side by side.
    std::vector<engineio::ChunkArena> arenas(100);
    wire.in_a_turn([&] {
      for (auto& arena : arenas)
        wire.socket->send(
            engineio::encode_text(arena, engineio::PacketType::kMessage, std::array<std::string_view, 1>{"x"}));
    });
    CHECK(writes == before + 2);
    CHECK(wire.gets(std::vector(100, text_of("x"))));
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

TEST_CASE("A close of ours says why, after everything that was sent before", "[unit][transport]") {
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
    CHECK(wire.closed.empty());  // whoever closes knows
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

TEST_CASE("A connection that ends without a close is told from one that failed", "[unit][transport]") {
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

TEST_CASE("A peer that takes nothing is closed when its outbox is full, and nothing of it is left",
          "[unit][transport]") {
  const auto memory_before = engineio::Chunk::allocated();
  {
    Wire wire{{}, {.bytes = 1'000'000}, kSmallBuffer};
    wire.open(false);
    const std::string data(10'000, 'x');
    for (int i = 0; i < 95; ++i) wire.in_a_turn([&] { wire.send(data); });
    CHECK(wire.closed.empty());
    CHECK(wire.loop.outboxes.process_used > 800'000);
    for (int i = 0; i < 25; ++i) wire.in_a_turn([&] { wire.send(data); });
    CHECK(wire.closed == std::vector{CloseReason::kSlowConsumer});
    CHECK(wire.nothing_left());
    wire.send("nobody gets it");
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
  Wire wire{short_timeouts(), {.bytes = 200'000}, kSmallBuffer};
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
  CHECK(wire.loop.outboxes.process_used > 500'000);
  wire.peer->read();
  const auto head = [&] { return wire.peer->received().find("\r\n\r\n") + 4; };
  REQUIRE(wire.until([&] { return wire.loop.outboxes.process_used == 0; }));
  REQUIRE(wire.until([&] { return frames::own_in(wire.peer->received().substr(head())).size() == 300; }));
  CHECK((frames::own_in(wire.peer->received().substr(head())) == expected));
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

TEST_CASE("A WebSocket that is abandoned tells nobody, and ends", "[unit][transport]") {
  Wire wire;
  wire.open();
  wire.send("unsent");
  wire.loop.context.connections.front().abandon();
  REQUIRE(wire.until([&] { return wire.peer->ended(); }));
  CHECK(wire.got().empty());
  CHECK(wire.closed.empty());
  CHECK(wire.nothing_left());
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
