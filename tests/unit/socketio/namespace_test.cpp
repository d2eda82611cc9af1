#include "realtime-server/socketio/namespace.hpp"

#include <array>
#include <deque>

#include "realtime-server/socketio/connection.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/outlets.hpp"

namespace {

using socketio::Emit;

/// Some clients of a namespace.
struct Fleet {
  explicit Fleet(std::size_t count, std::string name = "/") : nsp{std::move(name), turn.list} {
    for (std::size_t i = 0; i < count; ++i) {
      outlets.emplace_back(turn);
      sockets.push_back(&connections.emplace_back().join(ids.next(), nsp, outlets.back()));
    }
  }

  std::size_t deliver(const Emit& emit, std::uint64_t ack_id = 0) { return nsp.deliver(emit, encoder, ack_id); }
  /// How many frames each client got.
  std::vector<std::size_t> counts() {
    nsp.send();
    std::vector<std::size_t> all;
    for (auto& outlet : outlets) all.push_back(outlet.taken().size());
    return all;
  }

  support::Turn turn;
  engineio::ChunkArena arena;
  engineio::SessionIds ids{{1, 0}};
  socketio::Encoder encoder{arena};
  socketio::Namespace nsp;
  std::deque<support::KeptOutlet> outlets;
  std::deque<socketio::Connection> connections;
  std::vector<socketio::Socket*> sockets;
};

const std::array<std::string_view, 1> kArgument{R"({"echo":"x"})"};

Emit hello() { return {.event = R"("hello")", .args = kArgument}; }

using Names = std::vector<std::string_view>;
using Counts = std::vector<std::size_t>;

}  // namespace

TEST_CASE("An event reaches every client in the namespace, as one range of one chunk", "[unit][socketio]") {
  Fleet fleet{3, "/custom"};
  auto emit = hello();
  emit.nsp = "/custom";
  const auto before = engineio::Chunk::allocated();
  CHECK(fleet.deliver(emit) == 3);
  CHECK(engineio::Chunk::allocated() - before <= engineio::ChunkArena::kChunkBytes + 64);
  fleet.nsp.send();
  for (auto& outlet : fleet.outlets)
    CHECK(outlet.taken() == std::vector<std::string>{R"(42/custom,["hello",{"echo":"x"}])"});
  CHECK(fleet.turn.scheduled > 0);
}

TEST_CASE("Frames of a turn are adjacent and are one segment of a send queue", "[unit][socketio]") {
  Fleet fleet{2};
  for (int i = 0; i < 64; ++i) fleet.deliver(hello());
  fleet.nsp.send();
  CHECK(fleet.outlets[0].send_queue().segments() == 1);
  CHECK(fleet.counts() == Counts{64, 64});
}

TEST_CASE("A room's event reaches its members once, whichever of their rooms are named", "[unit][socketio]") {
  Fleet fleet{4};
  fleet.nsp.enter(*fleet.sockets[0], "red");
  fleet.nsp.enter(*fleet.sockets[1], "red");
  fleet.nsp.enter(*fleet.sockets[1], "blue");
  fleet.nsp.enter(*fleet.sockets[1], "blue");
  const Names rooms{"red", "blue", fleet.sockets[3]->sid().text(), "empty"};
  auto emit = hello();
  emit.rooms = rooms;
  CHECK(fleet.deliver(emit) == 3);
  CHECK(fleet.counts() == Counts{1, 1, 0, 1});
}

TEST_CASE("Those in an excepted room, or named by their id, get nothing", "[unit][socketio]") {
  Fleet fleet{4};
  fleet.nsp.enter(*fleet.sockets[0], "red");
  fleet.nsp.enter(*fleet.sockets[1], "red");
  const Names except{"red", fleet.sockets[3]->sid().text()};
  auto emit = hello();
  emit.except = except;
  CHECK(fleet.deliver(emit) == 1);
  CHECK(fleet.counts() == Counts{0, 0, 1, 0});
}

TEST_CASE("Members that leave, close or disconnect are not met again", "[unit][socketio]") {
  Fleet fleet{4};
  for (auto* socket : fleet.sockets) fleet.nsp.enter(*socket, "red");
  fleet.nsp.leave(*fleet.sockets[0], "red");
  fleet.connections[2].leave(*fleet.sockets[2]);
  const Names rooms{"red"};
  auto emit = hello();
  emit.rooms = rooms;
  CHECK(fleet.deliver(emit) == 2);
  CHECK(fleet.counts() == Counts{0, 1, 0, 1});
  CHECK(fleet.deliver(hello()) == 3);
  fleet.counts();
  fleet.nsp.close("red");
  CHECK(fleet.deliver(emit) == 0);
  CHECK(fleet.nsp.size() == 3);
}

TEST_CASE("A socket is in a bounded number of rooms", "[unit][socketio]") {
  Fleet fleet{1};
  for (std::size_t i = 0; i < socketio::Namespace::kMaxRooms; ++i)
    REQUIRE(fleet.nsp.enter(*fleet.sockets[0], "room" + std::to_string(i)));
  CHECK_FALSE(fleet.nsp.enter(*fleet.sockets[0], "one too many"));
  fleet.nsp.leave(*fleet.sockets[0], "room7");
  CHECK(fleet.nsp.enter(*fleet.sockets[0], "one more"));
}

TEST_CASE("Attachments follow their event, as Base64 for those that asked for it", "[unit][socketio]") {
  Fleet fleet{1};
  support::KeptOutlet old{fleet.turn, true};
  fleet.connections.emplace_back().join(fleet.ids.next(), fleet.nsp, old);
  const std::array<std::string_view, 1> args{R"({"_placeholder":true,"num":0})"};
  const std::array<std::string_view, 1> attachments{"\x01\x02\x03"};
  fleet.deliver({.event = R"("b")", .args = args, .attachments = attachments});
  CHECK(fleet.outlets[0].taken() ==
        std::vector<std::string>{R"(451-["b",{"_placeholder":true,"num":0}])", "<binary>\x01\x02\x03"});
  CHECK(old.taken() == std::vector<std::string>{R"(451-["b",{"_placeholder":true,"num":0}])", "bAQID"});
}

TEST_CASE("An acknowledgement is taken once, by the id that was sent, and old ones are forgotten", "[unit][socketio]") {
  Fleet fleet{1};
  auto emit = hello();
  emit.callback = std::make_shared<socketio::RemoteCallback>(socketio::RemoteCallback{"host", "sid", "/", "9"});
  for (std::uint64_t id = 1; id <= socketio::kMaxPendingAcks + 1; ++id) fleet.deliver(emit, id);
  CHECK(fleet.outlets[0].taken().at(6) == R"(427["hello",{"echo":"x"}])");
  auto& socket = *fleet.sockets[0];
  CHECK(socket.take_ack("1") == nullptr);
  CHECK(socket.take_ack("2") == emit.callback);
  CHECK(socket.take_ack("2") == nullptr);
  CHECK(socket.take_ack("999999") == nullptr);
}

TEST_CASE("An outlet that is full accepts no more, and the others continue", "[unit][socketio]") {
  Fleet fleet{2};
  fleet.turn.limits.bytes = 100;
  for (int i = 0; i < 10; ++i) {
    fleet.deliver(hello());
    fleet.nsp.send();
    fleet.turn.list.flush_all();
    fleet.outlets[1].taken();
  }
  CHECK(fleet.outlets[0].overflowed());
  CHECK(fleet.outlets[0].send_queue().bytes() <= 100);
  CHECK_FALSE(fleet.outlets[1].overflowed());
}

namespace {

/// Texts that an outlet has been sent, in whatever way.
std::vector<std::string> all_of(support::KeptOutlet& outlet) {
  std::vector<std::string> texts;
  for (std::string_view rest = outlet.at_once; !rest.empty();) {
    const auto frame = engineio::decode_own_frame(rest);
    texts.emplace_back(frame.payload);
    rest.remove_prefix(frame.size);
  }
  for (auto& text : outlet.taken()) texts.push_back(std::move(text));
  return texts;
}

Emit named(std::string_view event) { return {.event = event}; }

}  // namespace

TEST_CASE("What all clients get in a turn is sent at once, and only what they do not take is kept",
          "[unit][socketio]") {
  Fleet fleet{3};
  fleet.outlets[0].accepts = 1'000'000;
  fleet.outlets[1].accepts = 40;
  for (int i = 0; i < 3; ++i) fleet.deliver(hello());
  CHECK(fleet.outlets[0].at_once.empty());
  fleet.nsp.send();
  CHECK(fleet.outlets[0].send_queue().empty());
  CHECK(fleet.outlets[1].send_queue().bytes() == fleet.outlets[0].at_once.size() - 40);
  CHECK(fleet.outlets[2].send_queue().bytes() == fleet.outlets[0].at_once.size());
  // The one that waits for the rest gets nothing before it.
  fleet.outlets[1].accepts = 1'000'000;
  fleet.deliver(hello());
  fleet.nsp.send();
  CHECK(fleet.outlets[1].at_once.size() == 40);
  CHECK(all_of(fleet.outlets[0]) == std::vector<std::string>(4, R"(42["hello",{"echo":"x"}])"));
  auto& second = fleet.outlets[1];
  std::vector<iovec> parts(second.send_queue().segments());
  second.send_queue().gather(parts);
  std::string bytes = second.at_once;
  for (const auto& part : parts) bytes.append(static_cast<const char*>(part.iov_base), part.iov_len);
  CHECK(bytes == fleet.outlets[0].at_once);
}

TEST_CASE("A client gets everything in the order in which it was sent, in whatever way", "[unit][socketio]") {
  Fleet fleet{3};
  for (auto& outlet : fleet.outlets) outlet.accepts = 1'000'000;
  fleet.nsp.enter(*fleet.sockets[0], "red");
  const Names red{"red"};
  const Names except{fleet.sockets[1]->sid().text()};
  auto to_red = named(R"("2 red")");
  to_red.rooms = red;
  auto not_to_second = named(R"("3 but second")");
  not_to_second.except = except;
  fleet.deliver(named(R"("1 all")"));
  fleet.deliver(to_red);
  fleet.deliver(not_to_second);
  fleet.encoder.event(named(R"("4 first")")).send_to(fleet.sockets[0]->outlet());
  fleet.deliver(named(R"("5 all")"));
  SECTION("until the end of the turn") {}
  SECTION("or until another namespace is used") { fleet.nsp.catch_up_all(); }
  SECTION("and again in the next turn") {
    fleet.nsp.send();
    for (auto& outlet : fleet.outlets) all_of(outlet);
    for (auto& outlet : fleet.outlets) outlet.at_once.clear();
    fleet.deliver(named(R"("1 all")"));
    fleet.deliver(to_red);
    fleet.deliver(not_to_second);
    fleet.encoder.event(named(R"("4 first")")).send_to(fleet.sockets[0]->outlet());
    fleet.deliver(named(R"("5 all")"));
  }
  fleet.nsp.send();
  using Texts = std::vector<std::string>;
  CHECK(all_of(fleet.outlets[0]) ==
        Texts{R"(42["1 all"])", R"(42["2 red"])", R"(42["3 but second"])", R"(42["4 first"])", R"(42["5 all"])"});
  CHECK(all_of(fleet.outlets[1]) == Texts{R"(42["1 all"])", R"(42["5 all"])"});
  CHECK(all_of(fleet.outlets[2]) == Texts{R"(42["1 all"])", R"(42["3 but second"])", R"(42["5 all"])"});
}

TEST_CASE("A client gets what was sent while it was in the namespace, neither more nor less", "[unit][socketio]") {
  Fleet fleet{2};
  fleet.deliver(named(R"("before")"));
  support::KeptOutlet late{fleet.turn};
  auto& connection = fleet.connections.emplace_back();
  auto& socket = connection.join(fleet.ids.next(), fleet.nsp, late);
  fleet.deliver(named(R"("during")"));
  connection.leave(socket);
  fleet.deliver(named(R"("after")"));
  fleet.nsp.send();
  CHECK(late.taken() == std::vector<std::string>{R"(42["during"])"});
  CHECK(fleet.counts() == Counts{3, 3});
}
