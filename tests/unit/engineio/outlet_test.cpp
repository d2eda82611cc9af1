#include "realtime-server/engineio/outlet.hpp"

#include <array>
#include <functional>
#include <memory>
#include <vector>

#include "realtime-server/engineio/packet.hpp"
#include "tests/support/catch.hpp"

using engineio::FlushList;
using engineio::Outlet;

namespace {

class Client final : public Outlet {
 public:
  Client(engineio::SendQueueLimits& limits, FlushList& list) : Outlet{limits, list, false} {}
  void flush() override {
    ++flushes;
    if (on_flush) on_flush();
  }
  void cut_off(engineio::ToSend) override {}
  std::size_t send_now(std::span<const iovec>) override { return 0; }
  int flushes = 0;
  std::function<void()> on_flush;
};

struct Turn {
  engineio::SendQueueLimits limits;
  engineio::ChunkArena arena;
  int scheduled = 0;
  FlushList list{[this] { ++scheduled; }};

  std::unique_ptr<Client> client() { return std::make_unique<Client>(limits, list); }
  void send(Client& client, std::string_view data = "hello") {
    client.send(engineio::encode_text(arena, engineio::PacketType::kMessage, std::array{data}));
  }
};

}  // namespace

TEST_CASE("A turn is flushed once, and every client of it once", "[unit][engineio]") {
  Turn turn;
  const auto first = turn.client();
  const auto second = turn.client();
  const auto idle = turn.client();
  for (int i = 0; i < 3; ++i) {
    turn.send(*first);
    turn.send(*second);
  }
  CHECK(turn.scheduled == 1);
  CHECK(first->flushes == 0);
  turn.list.flush_all();
  CHECK(first->flushes == 1);
  CHECK(second->flushes == 1);
  CHECK(idle->flushes == 0);
  CHECK(first->send_queue().bytes() == 3 * 8);

  turn.list.flush_all();
  CHECK(first->flushes == 1);
  turn.send(*first);
  CHECK(turn.scheduled == 2);
  turn.list.flush_all();
  CHECK(first->flushes == 2);
  CHECK(second->flushes == 1);
}

TEST_CASE("A frame of few bytes counts as more, as it takes as long", "[unit][engineio]") {
  Turn turn;
  const auto client = turn.client();
  turn.send(*client);
  CHECK(turn.list.bytes() == Outlet::kLeastCost);
  turn.send(*client, std::string(2'000, 'x'));
  CHECK(turn.list.bytes() > Outlet::kLeastCost + 2'000);
}

TEST_CASE("What is sent while a turn is flushed belongs to the next one", "[unit][engineio]") {
  Turn turn;
  const auto first = turn.client();
  const auto second = turn.client();
  first->on_flush = [&] {
    turn.send(*first);
    turn.send(*second);
  };
  turn.send(*first);
  turn.list.flush_all();
  CHECK(turn.scheduled == 2);
  CHECK(first->flushes == 1);
  CHECK(second->flushes == 0);
  turn.list.flush_all();
  CHECK(first->flushes == 2);
  CHECK(second->flushes == 1);
}

TEST_CASE("A client that is destroyed with something to send is not flushed", "[unit][engineio]") {
  Turn turn;
  auto first = turn.client();
  auto second = turn.client();
  auto third = turn.client();
  turn.send(*first);
  turn.send(*second);
  turn.send(*third);

  SECTION("before the turn is flushed") {
    second.reset();
    turn.list.flush_all();
    CHECK(first->flushes + third->flushes == 2);
  }
  SECTION("all of them, after which the next turn is scheduled") {
    first.reset();
    second.reset();
    third.reset();
    turn.list.flush_all();
    const auto before = turn.scheduled;
    const auto next = turn.client();
    turn.send(*next);
    CHECK(turn.scheduled == before + 1);
    turn.list.flush_all();
    CHECK(next->flushes == 1);
  }
  SECTION("while another one is flushed, before it and after it") {
    second->on_flush = [&] {
      first.reset();
      third.reset();
    };
    turn.list.flush_all();
    CHECK(second->flushes == 1);
  }
  SECTION("while it is flushed itself") {
    second->on_flush = [&] {
      const auto keep = std::move(second->on_flush);  // what runs must outlive its owner
      second.reset();
    };
    turn.list.flush_all();
    CHECK(third->flushes == 1);
  }
  SECTION("after it was flushed and has sent again") {
    first->on_flush = [&] { turn.send(*first); };
    third->on_flush = [&] { first.reset(); };
    turn.list.flush_all();
    turn.list.flush_all();
    CHECK(third->flushes == 1);
  }
}

TEST_CASE("A client that reads too little is marked, and gets nothing more", "[unit][engineio]") {
  Turn turn;
  turn.limits.bytes = 16;
  const auto client = turn.client();
  turn.send(*client);
  turn.send(*client);
  CHECK_FALSE(client->overflowed());
  turn.list.flush_all();

  turn.send(*client);
  CHECK(client->overflowed());
  CHECK(turn.scheduled == 2);  // its next flush closes it
  turn.list.flush_all();
  CHECK(client->flushes == 2);

  // A gap would be worse than the end, so there is no way back.
  client->send_queue().consume(16);
  turn.send(*client);
  CHECK(client->send_queue().empty());
  CHECK(client->overflowed());
}

TEST_CASE("Frames from one turn never make a client slow", "[unit][engineio]") {
  Turn turn;
  turn.limits.bytes = 100'000;
  const auto client = turn.client();
  for (int i = 0; i < 5; ++i) turn.send(*client, std::string(90'000, 'x'));
  REQUIRE_FALSE(client->overflowed());
  turn.list.flush_all();

  SECTION("for a client that takes it") {
    client->send_queue().consume(client->send_queue().bytes());
    for (int i = 0; i < 5; ++i) turn.send(*client, std::string(90'000, 'x'));
    REQUIRE_FALSE(client->overflowed());
  }
  SECTION("in any number of pieces") {
    client->send_queue().clear();
    turn.limits.segments = 16;
    for (int i = 0; i < 10'000; ++i) {
      turn.send(*client);
      turn.arena.take(1);  // for others
    }
    CHECK_FALSE(client->overflowed());
    CHECK(client->send_queue().memory() < 4 * client->send_queue().bytes() + engineio::ChunkArena::kChunkBytes);
  }
  SECTION("but what it leaves behind is") {
    client->send_queue().consume(4 * 90'005);
    turn.send(*client);
    REQUIRE_FALSE(client->overflowed());
    turn.send(*client, std::string(90'000, 'x'));
    CHECK(client->overflowed());
  }
}

TEST_CASE("An outlet that takes over another one's frames takes over that some are missing", "[unit][engineio]") {
  Turn turn;
  turn.limits.bytes = 16;
  const auto before = turn.client();
  const auto after = turn.client();
  turn.send(*before);
  turn.send(*before);
  SECTION("not if none are") {
    after->take_over(*before);
    CHECK_FALSE(after->overflowed());
  }
  SECTION("if one did not fit") {
    turn.list.flush_all();
    turn.send(*before);
    after->take_over(*before);
    CHECK(after->overflowed());
  }
  CHECK(after->send_queue().bytes() == 16);
  CHECK(before->send_queue().empty());
}

TEST_CASE("A client that has ended gets nothing more, and keeps what waits", "[unit][engineio]") {
  Turn turn;
  const auto client = turn.client();
  turn.send(*client);
  client->end();
  turn.send(*client);
  CHECK(client->send_queue().bytes() == 8);
  turn.list.flush_all();
  turn.send(*client);
  CHECK(client->flushes == 1);
  CHECK(turn.scheduled == 1);
  CHECK_FALSE(client->overflowed());
}
