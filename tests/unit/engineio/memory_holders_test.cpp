#include "realtime-server/engineio/memory_holders.hpp"

#include <functional>
#include <memory>
#include <vector>

#include "realtime-server/engineio/send_queue.hpp"
#include "tests/support/catch.hpp"

using engineio::Chunk;
using engineio::ChunkArena;
using engineio::Range;
using engineio::SendQueue;
using engineio::ToSend;

namespace {

using Holders = engineio::Holders<ToSend>;

struct Peer final : engineio::Holder<ToSend> {
  Peer(engineio::SendQueueLimits& limits, Holders& all) : send_queue{limits}, holders{all} {}
  std::size_t held(ToSend) const override { return send_queue.memory(); }
  void cut_off(ToSend) override {
    ++cuts;
    if (on_cut_off) on_cut_off();
    send_queue.clear();
  }
  /// Gets this, and leaves it behind.
  void keep(const Range& range) {
    send_queue.add(range);
    holders.add(*this);
  }

  SendQueue send_queue;
  Holders& holders;
  int cuts = 0;
  std::function<void()> on_cut_off;
};

/// Clients that may keep a million bytes together.
struct World {
  engineio::SendQueueLimits limits;
  ChunkArena arena;
  std::size_t bound = Chunk::allocated() + 1'000'000;
  Holders holders;

  std::unique_ptr<Peer> peer() { return std::make_unique<Peer>(limits, holders); }
  void relieve() {
    holders.relieve([this] { return Chunk::allocated() > bound; });
  }
};

}  // namespace

TEST_CASE("A broadcast that many clients keep is in memory once, and no client is disconnected for it",
          "[unit][engineio]") {
  World world;
  std::vector<std::unique_ptr<Peer>> peers;
  for (int i = 0; i < 100; ++i) peers.push_back(world.peer());
  for (int i = 0; i < 3; ++i) {
    const auto shared = world.arena.take(300'000);
    for (const auto& peer : peers) peer->keep(shared);
    world.relieve();
  }
  for (const auto& peer : peers) CHECK(peer->cuts == 0);
}

TEST_CASE("Memory is taken from those who keep it, not from those who share it", "[unit][engineio]") {
  World world;
  std::vector<std::unique_ptr<Peer>> sharing;
  std::vector<std::unique_ptr<Peer>> pinning;
  const auto hog = world.peer();
  {
    const auto shared = world.arena.take(300'000);
    for (int i = 0; i < 100; ++i) sharing.emplace_back(world.peer())->keep(shared);
  }
  hog->keep(world.arena.take(200'000));
  for (int i = 0; i < 30; ++i) {
    pinning.push_back(world.peer());
    for (int chunk = 0; chunk < 3; ++chunk) {
      pinning.back()->keep(world.arena.take(10));
      for (int others = 0; others < 4; ++others) world.arena.take(ChunkArena::kChunkBytes / 4);
    }
  }
  REQUIRE(Chunk::allocated() > 1'500'000);
  world.relieve();
  CHECK(Chunk::allocated() <= world.bound);
  CHECK(hog->cuts == 1);
  int cuts = 0;
  for (const auto& peer : pinning) cuts += peer->cuts;
  CHECK(cuts >= 15);
  for (const auto& peer : sharing) CHECK(peer->cuts == 0);
}

TEST_CASE("When there is too much, those with most are cut off, and no more of them than need be", "[unit][engineio]") {
  World world;
  const auto large = world.peer();
  const auto larger = world.peer();
  const auto small = world.peer();
  const auto idle = world.peer();
  for (int i = 0; i < 3; ++i) large->keep(world.arena.take(100'000));
  for (int i = 0; i < 6; ++i) larger->keep(world.arena.take(100'000));
  small->keep(world.arena.take(50'000));
  world.relieve();
  CHECK(larger->cuts == 0);
  small->keep(world.arena.take(60'000));
  world.relieve();
  CHECK(larger->cuts == 1);
  CHECK(large->cuts + small->cuts + idle->cuts == 0);

  SECTION("one after another, until it is enough") {
    small->keep(world.arena.take(900'000));
    world.relieve();
    CHECK(small->cuts == 1);
    CHECK(large->cuts == 0);
  }
  SECTION("those with little too, if there are many of them") {
    std::vector<std::unique_ptr<Peer>> many;
    for (int i = 0; i < 100; ++i) many.push_back(world.peer());
    for (const auto& peer : many) peer->keep(world.arena.take(20'000));
    world.relieve();
    CHECK(large->cuts == 1);
    int cuts = 0;
    for (const auto& peer : many) cuts += peer->cuts;
    CHECK(cuts >= 50);
    CHECK(cuts <= 56);
  }
  SECTION("not those who have sent it meanwhile") {
    large->send_queue.clear();
    small->send_queue.clear();
    const auto shared = world.arena.take(2'000'000);
    world.relieve();
    CHECK(large->cuts + small->cuts == 0);
  }
}

TEST_CASE("A client may be destroyed with what it keeps, and while another one is disconnected", "[unit][engineio]") {
  World world;
  auto first = world.peer();
  auto second = world.peer();
  auto third = world.peer();
  for (auto* peer : {first.get(), second.get(), third.get()}) peer->keep(world.arena.take(600'000));
  SECTION("before") {
    first.reset();
    third.reset();
    world.relieve();
    CHECK(second->cuts == 0);
  }
  SECTION("meanwhile") {
    first->on_cut_off = [&] { second.reset(); };
    world.relieve();
    CHECK(first->cuts == 1);
    CHECK(third->cuts == 0);
  }
}
