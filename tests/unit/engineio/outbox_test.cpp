#include "realtime-server/engineio/outbox.hpp"

#include <array>
#include <memory>
#include <vector>

#include "realtime-server/engineio/packet.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/heap.hpp"

using engineio::ChunkArena;
using engineio::Opcode;
using engineio::Outbox;
using engineio::OutboxLimits;
using engineio::PacketType;
using engineio::Range;

namespace {

Range text(ChunkArena& arena, std::string_view data) {
  return engineio::encode_text(arena, PacketType::kMessage, std::array{data});
}

std::size_t ranges_of(const Outbox& outbox) {
  std::vector<iovec> vectors(20'000);
  return outbox.gather(vectors);
}

std::string content_of(const Outbox& outbox) {
  std::vector<iovec> vectors(20'000);
  std::string content;
  const auto count = outbox.gather(vectors);
  for (std::size_t i = 0; i < count; ++i) content.append(static_cast<char*>(vectors[i].iov_base), vectors[i].iov_len);
  return content;
}

}  // namespace

TEST_CASE("Frames that lie side by side share a range of an outbox", "[unit][engineio]") {
  OutboxLimits limits;
  ChunkArena arena;
  Outbox outbox{limits};
  CHECK(outbox.empty());
  for (int i = 0; i < 10; ++i) REQUIRE(outbox.push(text(arena, "hello")));
  CHECK(ranges_of(outbox) == 1);
  CHECK(outbox.bytes() == 80);

  SECTION("not with a frame of another chunk") {
    ChunkArena other;
    REQUIRE(outbox.push(text(other, "hello")));
    CHECK(ranges_of(outbox) == 2);
    REQUIRE(outbox.push(text(arena, "hello")));
    CHECK(ranges_of(outbox) == 3);
  }
  SECTION("not with a frame of another chunk that lies where the next one would") {
    ChunkArena other;
    const auto others = other.take(80);
    REQUIRE(outbox.push(text(other, "hello")));
    CHECK(ranges_of(outbox) == 2);
  }
  SECTION("not across a frame for somebody else") {
    const auto others = text(arena, "others");
    REQUIRE(outbox.push(text(arena, "mine")));
    CHECK(ranges_of(outbox) == 2);
    CHECK(content_of(outbox).find("others") == std::string::npos);
  }
  SECTION("not with a frame that was sent before") {
    const auto again = text(arena, "again");
    REQUIRE(outbox.push(again));
    CHECK(ranges_of(outbox) == 1);
    REQUIRE(outbox.push(again));
    CHECK(ranges_of(outbox) == 2);
  }
}

TEST_CASE("An outbox takes no more than its bound of bytes", "[unit][engineio]") {
  OutboxLimits limits{.bytes = 24};
  ChunkArena arena;
  Outbox outbox{limits};
  for (int i = 0; i < 3; ++i) REQUIRE(outbox.push(text(arena, "hello")));
  const auto before = content_of(outbox);
  CHECK_FALSE(outbox.push(text(arena, "")));
  CHECK(content_of(outbox) == before);
  CHECK(limits.process_used == 24);
  outbox.consume(8);
  CHECK(outbox.push(text(arena, "hello")));
}

TEST_CASE("An outbox takes no more than its bound of ranges", "[unit][engineio]") {
  OutboxLimits limits{.entries = 3};
  std::array<ChunkArena, 4> arenas;
  Outbox outbox{limits};
  for (std::size_t i = 0; i < 3; ++i) REQUIRE(outbox.push(text(arenas.at(i), "hello")));
  CHECK_FALSE(outbox.push(text(arenas[3], "hello")));
  CHECK(ranges_of(outbox) == 3);
  CHECK(limits.process_used == 24);
  SECTION("which does not count what merges") {
    CHECK(outbox.push(text(arenas[2], "hello")));
    CHECK(ranges_of(outbox) == 3);
  }
  SECTION("which does not count what was sent") {
    outbox.consume(8);
    CHECK(outbox.push(text(arenas[3], "hello")));
  }
}

TEST_CASE("The outboxes of a process together take no more than its bound", "[unit][engineio]") {
  OutboxLimits limits{.process_bytes = 24};
  ChunkArena arena;
  auto first = std::make_unique<Outbox>(limits);
  Outbox second{limits};
  const auto shared = text(arena, "hello");
  REQUIRE(first->push(shared));
  REQUIRE(first->push(shared));
  REQUIRE(second.push(shared));
  CHECK(limits.process_used == 24);
  CHECK_FALSE(second.push(shared));
  SECTION("until some of it is sent") {
    first->consume(7);
    CHECK_FALSE(second.push(shared));
    first->consume(1);
    CHECK(second.push(shared));
  }
  SECTION("until one of them dies") {
    first.reset();
    CHECK(limits.process_used == 8);
    CHECK(second.push(shared));
  }
  SECTION("until one of them is cleared") {
    first->clear();
    CHECK(first->empty());
    CHECK(limits.process_used == 8);
  }
}

TEST_CASE("What was sent is forgotten, at whatever byte a write ends", "[unit][engineio]") {
  std::array<ChunkArena, 3> arenas;
  std::vector<Range> frames;
  for (std::size_t i = 0; i < 9; ++i) frames.push_back(text(arenas.at(i / 2 % 3), std::string(i, 'a')));
  std::string content;
  for (const auto& frame : frames) content.append(frame.begin(), frame.length);
  for (std::size_t first = 0; first <= content.size(); ++first)
    for (std::size_t second = 0; first + second <= content.size(); ++second) {
      OutboxLimits limits;
      Outbox outbox{limits};
      for (const auto& frame : frames) outbox.push(frame);
      outbox.consume(first);
      outbox.consume(second);
      const auto left = content.substr(first + second);
      INFO(first << " bytes, then " << second);
      REQUIRE(content_of(outbox) == left);
      REQUIRE(outbox.bytes() == left.size());
      REQUIRE(outbox.empty() == left.empty());
      REQUIRE(limits.process_used == left.size());
    }
}

TEST_CASE("The memory of what was sent is free at once", "[unit][engineio]") {
  OutboxLimits limits;
  ChunkArena arena;
  Outbox outbox{limits};
  for (int i = 0; i < 3; ++i) outbox.push(text(arena, std::string(20'000, 'x')));
  const auto before = engineio::Chunk::allocated();
  outbox.consume(20'005 + 20'004);
  CHECK(engineio::Chunk::allocated() < before - 20'000);
  CHECK(engineio::Chunk::allocated() > before - 40'000);
}

TEST_CASE("As many ranges are gathered as there is room for", "[unit][engineio]") {
  OutboxLimits limits;
  std::array<ChunkArena, 5> arenas;
  Outbox outbox{limits};
  for (auto& arena : arenas) outbox.push(text(arena, "hello"));
  std::array<iovec, 3> vectors{};
  CHECK(outbox.gather(vectors) == 3);
  outbox.consume(4 * 8);
  CHECK(outbox.gather(vectors) == 1);
  outbox.consume(8);
  CHECK(outbox.gather(vectors) == 0);
}

TEST_CASE("An outbox that never quite empties does not keep what it has sent", "[unit][engineio]") {
  const auto before = engineio::Chunk::allocated();
  {
    const auto heap_before = heap::in_use();
    OutboxLimits limits{.entries = 300};
    ChunkArena arena;
    Outbox outbox{limits};
    std::string expected;
    int refused = 0;  // counted, for some of Catch2's reporters keep every assertion, which is memory too
    for (int i = 0; i < 10'000; ++i) {
      const auto frame = text(arena, std::to_string(i));
      arena.take(1);  // so that nothing merges
      if (!outbox.push(frame)) ++refused;
      expected.append(frame.begin(), frame.length);
      if (expected.size() < 1000) continue;
      const auto sent = expected.size() - 990;  // seldom at the end of a frame
      outbox.consume(sent);
      expected.erase(0, sent);
    }
    CHECK(refused == 0);
    CHECK(content_of(outbox) == expected);
    CHECK(engineio::Chunk::allocated() - before < 4 * ChunkArena::kChunkBytes);
    CHECK(heap::in_use() - heap_before < 6 * ChunkArena::kChunkBytes);
  }
  CHECK(engineio::Chunk::allocated() == before);
}

TEST_CASE("A polling client gets packets out of the same frames, sixteen at once", "[unit][engineio]") {
  OutboxLimits limits;
  ChunkArena arena;
  Outbox outbox{limits};
  std::string first;
  std::string second;
  for (int i = 0; i < 20; ++i) {
    const auto data = std::to_string(i) + std::string(static_cast<std::size_t>(i) * 20, '-');
    outbox.push(text(arena, data));
    auto& payload = i < 16 ? first : second;
    payload += (payload.empty() ? "4"
                                : "\x1e"
                                  "4") +
               data;
  }
  CHECK(outbox.take_payload(engineio::kPacketsPerPoll) == first);
  CHECK(outbox.take_payload(engineio::kPacketsPerPoll) == second);
  CHECK(outbox.empty());
  CHECK(limits.process_used == 0);
  CHECK(outbox.take_payload(engineio::kPacketsPerPoll).empty());
}

TEST_CASE("Binary data leave over polling as Base64, large ones too", "[unit][engineio]") {
  OutboxLimits limits;
  ChunkArena arena;
  Outbox outbox{limits};
  outbox.push(engineio::encode_binary(arena, std::string{"\x01\x02\x03\x04", 4}));
  outbox.push(text(arena, "text"));
  outbox.push(engineio::encode_binary(arena, ""));
  outbox.push(engineio::encode_base64(arena, "\xff"));
  outbox.push(engineio::encode_binary(arena, std::string(70'000, '\0')));
  outbox.push(text(arena, "last"));
  std::string zeros;
  for (int i = 0; i < 70'000 / 3; ++i) zeros += "AAAA";
  CHECK(outbox.take_payload(16) ==
        "bAQIDBA==\x1e"
        "4text\x1e"
        "b\x1e"
        "b/w==\x1e"
        "b" +
            zeros +
            "AA==\x1e"
            "4last");
}

TEST_CASE("Control frames are left out of a polling answer, and do not count", "[unit][engineio]") {
  OutboxLimits limits;
  ChunkArena arena;
  Outbox outbox{limits};
  outbox.push(engineio::encode_control(arena, Opcode::kPing, "ping"));
  outbox.push(text(arena, "a"));
  outbox.push(engineio::encode_control(arena, Opcode::kPong, ""));
  outbox.push(text(arena, "b"));
  outbox.push(text(arena, "c"));
  CHECK(outbox.take_payload(2) ==
        "4a\x1e"
        "4b");
  CHECK(outbox.take_payload(2) == "4c");
}

TEST_CASE("What waits for a poll goes on over the WebSocket, behind what is there", "[unit][engineio]") {
  OutboxLimits limits;
  std::array<ChunkArena, 3> arenas;
  Outbox web_socket{limits};
  std::string expected;
  {
    Outbox polling{limits};
    web_socket.push(text(arenas[0], "sent before"));
    web_socket.push(text(arenas[1], "probe"));
    web_socket.consume(14 + 3);
    expected = content_of(web_socket);
    polling.push(text(arenas[1], "taken by a poll"));
    polling.push(text(arenas[2], "first"));
    polling.push(text(arenas[0], "second"));
    CHECK(polling.take_payload(1) == "4taken by a poll");
    expected += content_of(polling);
    const auto used = limits.process_used;
    web_socket.append(polling);
    CHECK(limits.process_used == used);
    CHECK(polling.empty());
    CHECK(content_of(polling).empty());
    CHECK(content_of(web_socket) == expected);
    CHECK(web_socket.bytes() == expected.size());
    polling.push(text(arenas[0], "anew"));
  }
  CHECK(limits.process_used == expected.size());
  web_socket.push(text(arenas[1], "third"));
  CHECK(content_of(web_socket) == expected +
                                      "\x81\x06"
                                      "4third");
  web_socket.consume(web_socket.bytes());
  CHECK(limits.process_used == 0);
}

TEST_CASE("A slow client keeps little more memory than its frames have bytes", "[unit][engineio]") {
  const auto before = engineio::Chunk::allocated();
  OutboxLimits limits;
  ChunkArena arena;
  auto outbox = std::make_unique<Outbox>(limits);
  std::string expected;
  for (int i = 0; i < 3'000; ++i) {
    const auto frame = text(arena, std::to_string(i) + std::string(90, '-'));
    expected.append(frame.begin(), frame.length);
    REQUIRE(outbox->push(frame));
    // Four chunks' worth of frames for others, who take them at once.
    for (int others = 0; others < 16; ++others) arena.take(ChunkArena::kChunkBytes / 4);
  }
  CHECK(content_of(*outbox) == expected);
  CHECK(outbox->bytes() == expected.size());
  CHECK(limits.process_used == expected.size());
  CHECK(engineio::Chunk::allocated() - before < expected.size() + 40 * ChunkArena::kChunkBytes);

  SECTION("which is free when they are sent, byte by byte") {
    while (!outbox->empty()) outbox->consume(1);
    CHECK(engineio::Chunk::allocated() - before < 2 * ChunkArena::kChunkBytes);
  }
  SECTION("which it gives away over polling") {
    CHECK(outbox->take_payload(2'999).size() > 2'999 * 92);
    CHECK(outbox->take_payload(2) == "42999" + std::string(90, '-'));
    CHECK(engineio::Chunk::allocated() - before < 2 * ChunkArena::kChunkBytes);
  }
  SECTION("which goes with it to a WebSocket") {
    Outbox web_socket{limits};
    web_socket.append(*outbox);
    outbox.reset();
    CHECK(content_of(web_socket) == expected);
    web_socket.clear();
    CHECK(engineio::Chunk::allocated() - before < 2 * ChunkArena::kChunkBytes);
  }
}
