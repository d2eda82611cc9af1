#include "realtime-server/engineio/chunk.hpp"

#include <cstring>
#include <vector>

#include "tests/support/catch.hpp"

using engineio::Chunk;
using engineio::ChunkArena;
using engineio::Range;

TEST_CASE("Small pieces lie one after another in a shared chunk", "[unit][engineio]") {
  ChunkArena arena;
  const auto first = arena.take(100);
  const auto second = arena.take(28);
  CHECK(first.chunk == second.chunk);
  CHECK(second.offset == first.offset + 100);
  CHECK(second.length == 28);
  CHECK(first.begin() + 100 == second.begin());
}

TEST_CASE("A chunk without references is reused, others are not touched", "[unit][engineio]") {
  ChunkArena arena;
  const char* where = nullptr;
  {
    const auto first = arena.take(100);
    const auto second = arena.take(100);
    where = first.begin();
  }
  const auto alive = Chunk::allocated();
  auto again = arena.take(100);
  CHECK(again.begin() == where);
  CHECK(Chunk::allocated() == alive);
  // As long as one range is alive, all that was handed out stays.
  std::memset(again.chunk->data() + again.offset, 'x', again.length);
  const auto next = arena.take(100);
  CHECK(next.begin() == where + 100);
  CHECK(std::string(again.begin(), 100) == std::string(100, 'x'));
}

TEST_CASE("Large pieces have a chunk of their own, of just their size", "[unit][engineio]") {
  ChunkArena arena;
  const auto small = arena.take(ChunkArena::kChunkBytes / 4);
  const auto before = Chunk::allocated();
  {
    const auto large = arena.take(ChunkArena::kChunkBytes / 4 + 1);
    CHECK(large.chunk != small.chunk);
    CHECK(large.offset == 0);
    CHECK(large.chunk->free_bytes() == 0);
    CHECK(Chunk::allocated() == before + sizeof(Chunk) + large.length);
    CHECK_FALSE(large.chunk->is_shared());
  }
  CHECK(Chunk::allocated() == before);
  CHECK(arena.take(10).chunk == small.chunk);
}

TEST_CASE("A chunk that is full is followed by another, and freed with its last range", "[unit][engineio]") {
  const auto before = Chunk::allocated();
  {
    ChunkArena arena;
    std::vector<Range> ranges;
    for (int i = 0; i < 100; ++i) {
      auto& range = ranges.emplace_back(arena.take(1000));
      std::memset(range.chunk->data() + range.offset, i, range.length);
    }
    // Sixteen of them fit into one chunk.
    CHECK(Chunk::allocated() == before + 7 * (sizeof(Chunk) + ChunkArena::kChunkBytes));
    for (int i = 0; i < 100; ++i) {
      const auto& range = ranges[static_cast<std::size_t>(i)];
      REQUIRE(std::string(range.begin(), range.length) == std::string(1000, static_cast<char>(i)));
    }
    const auto copy = ranges[3];
    ranges.erase(ranges.begin(), ranges.begin() + 16);
    CHECK(copy.chunk->is_shared() == false);
    CHECK(Chunk::allocated() == before + 7 * (sizeof(Chunk) + ChunkArena::kChunkBytes));
    ranges.clear();
    CHECK(Chunk::allocated() == before + 2 * (sizeof(Chunk) + ChunkArena::kChunkBytes));
  }
  CHECK(Chunk::allocated() == before);
}
