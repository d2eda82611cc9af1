#include "realtime-server/transport/run_queue.hpp"

#include <memory>
#include <optional>
#include <vector>

#include "tests/support/catch.hpp"
#include "tests/support/http_exchange.hpp"
#include "tests/support/wire.hpp"

using namespace std::chrono_literals;
using transport::RunQueue;
using transport::Share;

namespace {

struct Line {
  loop::Loop loop;
  int wakes = 0;
  engineio::FlushList sent{[this] { ++wakes; }};
  engineio::SendQueueLimits memory;
  engineio::ReceivedMemory received{1'000};
  RunQueue queue{loop, sent, memory, received};

  bool turn() { return loop.turn(0ms); }
};

/// Has so many packets to process, each of which sends so many bytes.
class Client final : public transport::Served {
 public:
  Client(Line& line, int packets, std::size_t bytes = 0) : left{packets}, line_{line}, bytes_{bytes} {
    line_.queue.add(*this);
  }
  void serve(Share& share) override {
    ++turns;
    while (left > 0 && share.take()) {
      --left;
      line_.sent.count(bytes_);
    }
    if (left > 0) line_.queue.add(*this);
  }
  int left;
  int turns = 0;

 private:
  Line& line_;
  std::size_t bytes_;
};

constexpr int kPackets = static_cast<int>(RunQueue::kPacketsPerTurn);

}  // namespace

TEST_CASE("A client alone may use a whole turn, and those that wait share it", "[unit][transport]") {
  Line line;
  Client first{line, 3 * kPackets};
  line.turn();
  CHECK(first.left == 2 * kPackets);
  Client second{line, kPackets};
  Client third{line, 10};
  line.turn();
  CHECK(first.left == 2 * kPackets - kPackets / 3);
  CHECK(second.left == kPackets - kPackets / 3);
  CHECK(third.left == 0);
  while (line.turn()) {
  }
  CHECK(first.left == 0);
  CHECK(second.left == 0);
  CHECK(third.turns == 1);
}

TEST_CASE("What packets send to others counts too", "[unit][transport]") {
  constexpr std::size_t kSent = RunQueue::kBytesPerTurn / 64;
  Line line;
  Client first{line, 1'000, kSent};
  Client second{line, 1'000, kSent};
  line.turn();
  CHECK(first.left == 1'000 - 32);
  CHECK(second.left == 1'000 - 32);
}

TEST_CASE("A packet that sends more than a turn may is processed, and the others are first in the next turn",
          "[unit][transport]") {
  Line line;
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < 3; ++i) clients.push_back(std::make_unique<Client>(line, 2, 2 * RunQueue::kBytesPerTurn));
  std::vector<int> served;
  while (line.turn()) {
    for (const auto& client : clients) served.push_back(client->left);
  }
  CHECK(served == std::vector{1, 2, 2, 1, 1, 2, 1, 1, 1, 0, 1, 1, 0, 0, 1, 0, 0, 0});
}

TEST_CASE("However many wait, each that is served gets on", "[unit][transport]") {
  Line line;
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < 3 * kPackets; ++i) clients.push_back(std::make_unique<Client>(line, 2));
  line.turn();
  CHECK(std::all_of(clients.begin(), clients.end(), [](const auto& client) { return client->left == 1; }));
  CHECK(line.queue.read_size() == 2'048);
}

TEST_CASE("One that leaves the line is not served", "[unit][transport]") {
  Line line;
  Client first{line, 1};
  { const Client leaving{line, 1}; }
  Client last{line, 1};
  line.turn();
  CHECK(first.left == 0);
  CHECK(last.left == 0);
}

TEST_CASE("A WebSocket whose messages must wait is not read from, and loses none", "[unit][transport]") {
  wires::Wire wire{{}, {}, 20'000};
  wire.open();
  wire.takes = false;
  std::string all;
  std::vector<frames::Own> expected;
  for (int i = 0; i < 100'000; ++i) {
    const auto data = std::to_string(i) + std::string(100, 'x');
    all += frames::text("4" + data);
    expected.push_back(wires::text_of(data));
  }
  wire.peer->send(all);
  for (int i = 0; i < 100; ++i) wire.loop.loop.turn(0ms);
  CHECK(wire.messages.empty());
  CHECK(wire.loop.context.counters.bytes_in < 70'000);
  CHECK(wire.peer->unsent() > 100'000);
  wire.resume();
  SECTION("and continues") {
    REQUIRE(wire.until([&] { return wire.messages.size() == expected.size(); }));
    CHECK((wire.messages == expected));
  }
  SECTION("and may be closed meanwhile") {
    wire.in_a_turn([&] { wire.socket->close(engineio::CloseReason::kDrain); });
    REQUIRE(wire.until([&] { return wire.peer->ended(); }));
    wire.peer->close();
    CHECK(wire.nothing_left());
  }
  SECTION("and its end is noticed") {
    wire.takes = false;
    wire.peer->close(true);
    REQUIRE(wire.until([&] { return !wire.closed.empty(); }));
    CHECK(wire.closed == std::vector{engineio::CloseReason::kTransportError});
  }
}

TEST_CASE("A request may be processed over several turns, with what it sent", "[unit][transport]") {
  http_exchange::Exchange exchange;
  transport::HttpConnectionPtr taken;
  std::vector<std::string> bodies;
  exchange.on_request_of = [&](transport::HttpConnection& connection, const transport::Request& request) {
    taken = &connection;
    connection.set_owner(&exchange);
    bodies.emplace_back(request.body);
    connection.take_turns();
  };
  exchange.on_turn_of = [&](Share&) {
    bodies.emplace_back(taken->body());
    if (bodies.size() < 4) return taken->take_turns();
    std::exchange(taken, nullptr)->answer({.body = "done"});
  };
  exchange.peer().send("POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nbodyPOST /b HTTP/1.1\r\n");
  SECTION("and is answered at last") {
    REQUIRE(exchange.ends_with("done"));
    CHECK(bodies == std::vector<std::string>(4, "body"));
  }
  SECTION("unless its client goes away") {
    exchange.on_turn_of = [&](Share&) { taken->take_turns(); };
    REQUIRE(exchange.until([&] { return !bodies.empty(); }));
    exchange.peer().close();
    REQUIRE(exchange.until([&] { return !exchange.abandoned.empty(); }));
    taken.reset();
    exchange.loop.settle();
    CHECK(exchange.loop.context.connections.empty());
  }
}

TEST_CASE("A turn that begins with too much to send serves one, and makes room at its end", "[unit][transport]") {
  Line line;
  line.memory.total_bytes = 0;
  engineio::ChunkArena arena;
  const auto held = arena.take(100);
  REQUIRE(line.memory.is_over());
  Client first{line, 1};
  Client second{line, 1};
  line.turn();
  CHECK(first.left + second.left == 1);
  CHECK(line.wakes > 0);
  line.turn();
  CHECK(first.left + second.left == 0);
}
