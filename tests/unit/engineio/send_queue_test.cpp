#include "realtime-server/engineio/send_queue.hpp"

#include <array>
#include <memory>
#include <vector>

#include "realtime-server/engineio/packet.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/heap.hpp"

using engineio::Chunk;
using engineio::ChunkArena;
using engineio::Opcode;
using engineio::PacketType;
using engineio::Range;
using engineio::SendQueue;
using engineio::SendQueueLimits;

namespace {

Range text(ChunkArena& arena, std::string_view data) {
  return engineio::encode_text(arena, PacketType::kMessage, std::array{data});
}

std::size_t ranges_of(const SendQueue& send_queue) {
  std::vector<iovec> vectors(20'000);
  return send_queue.gather(vectors);
}

std::string content_of(const SendQueue& send_queue) {
  std::vector<iovec> vectors(20'000);
  std::string content;
  const auto count = send_queue.gather(vectors);
  for (std::size_t i = 0; i < count; ++i) content.append(static_cast<char*>(vectors[i].iov_base), vectors[i].iov_len);
  return content;
}

std::string joined(const std::vector<Range>& ranges) {
  std::string text;
  for (const auto& range : ranges) text.append(range.begin(), range.length);
  return text;
}

}  // namespace

TEST_CASE("Adjacent frames share a segment of a send queue", "[unit][engineio]") {
  SendQueueLimits limits;
  ChunkArena arena;
  SendQueue send_queue{limits};
  CHECK(send_queue.empty());
  for (int i = 0; i < 10; ++i) REQUIRE(send_queue.push(text(arena, "hello")));
  CHECK(ranges_of(send_queue) == 1);
  CHECK(send_queue.bytes() == 80);

  SECTION("not with a frame of another chunk") {
    ChunkArena other;
    REQUIRE(send_queue.push(text(other, "hello")));
    CHECK(ranges_of(send_queue) == 2);
    REQUIRE(send_queue.push(text(arena, "hello")));
    CHECK(ranges_of(send_queue) == 3);
  }
  SECTION("not with a frame of another chunk at the address of the next one") {
    ChunkArena other;
    const auto others = other.take(80);
    REQUIRE(send_queue.push(text(other, "hello")));
    CHECK(ranges_of(send_queue) == 2);
  }
  SECTION("not across a frame for another client") {
    const auto others = text(arena, "others");
    REQUIRE(send_queue.push(text(arena, "mine")));
    CHECK(ranges_of(send_queue) == 2);
    CHECK(content_of(send_queue).find("others") == std::string::npos);
  }
  SECTION("not with a frame that was sent before") {
    const auto again = text(arena, "again");
    REQUIRE(send_queue.push(again));
    CHECK(ranges_of(send_queue) == 1);
    REQUIRE(send_queue.push(again));
    CHECK(ranges_of(send_queue) == 2);
  }
}

TEST_CASE("A send queue takes no more than its limit of bytes", "[unit][engineio]") {
  SendQueueLimits limits{.bytes = 24};
  ChunkArena arena;
  SendQueue send_queue{limits};
  for (int i = 0; i < 3; ++i) REQUIRE(send_queue.push(text(arena, "hello")));
  send_queue.begin_turn();
  const auto before = content_of(send_queue);
  CHECK_FALSE(send_queue.push(text(arena, "")));
  CHECK(content_of(send_queue) == before);
  CHECK(limits.total_used == 24);
  send_queue.consume(8);
  CHECK(send_queue.push(text(arena, "hello")));
}

TEST_CASE("A send queue takes no more than its limit of segments", "[unit][engineio]") {
  SendQueueLimits limits{.segments = 3};
  std::array<ChunkArena, 4> arenas;
  SendQueue send_queue{limits};
  for (std::size_t i = 0; i < 3; ++i) REQUIRE(send_queue.push(text(arenas.at(i), "hello")));
  send_queue.begin_turn();
  CHECK_FALSE(send_queue.push(text(arenas[3], "hello")));
  CHECK(ranges_of(send_queue) == 3);
  CHECK(limits.total_used == 24);
  SECTION("which does not count what merges") {
    CHECK(send_queue.push(text(arenas[2], "hello")));
    CHECK(ranges_of(send_queue) == 3);
  }
  SECTION("which does not count what was sent") {
    send_queue.consume(8);
    CHECK(send_queue.push(text(arenas[3], "hello")));
  }
}

TEST_CASE("What was sent is removed, at whichever byte a write ends", "[unit][engineio]") {
  std::array<ChunkArena, 3> arenas;
  std::vector<Range> frames;
  for (std::size_t i = 0; i < 9; ++i) frames.push_back(text(arenas.at(i / 2 % 3), std::string(i, 'a')));
  std::string content;
  for (const auto& frame : frames) content.append(frame.begin(), frame.length);
  for (std::size_t first = 0; first <= content.size(); ++first)
    for (std::size_t second = 0; first + second <= content.size(); ++second) {
      SendQueueLimits limits;
      SendQueue send_queue{limits};
      for (const auto& frame : frames) send_queue.push(frame);
      send_queue.consume(first);
      send_queue.consume(second);
      const auto left = content.substr(first + second);
      INFO(first << " bytes, then " << second);
      REQUIRE(content_of(send_queue) == left);
      REQUIRE(send_queue.bytes() == left.size());
      REQUIRE(send_queue.empty() == left.empty());
      REQUIRE(limits.total_used == left.size());
    }
}

TEST_CASE("The memory of what was sent is free at once", "[unit][engineio]") {
  SendQueueLimits limits;
  ChunkArena arena;
  SendQueue send_queue{limits};
  for (int i = 0; i < 3; ++i) send_queue.push(text(arena, std::string(20'000, 'x')));
  const auto before = Chunk::allocated();
  send_queue.consume(20'005 + 20'004);
  CHECK(Chunk::allocated() < before - 20'000);
  CHECK(Chunk::allocated() > before - 40'000);
}

TEST_CASE("As many ranges are gathered as there is room for", "[unit][engineio]") {
  SendQueueLimits limits;
  std::array<ChunkArena, 5> arenas;
  SendQueue send_queue{limits};
  for (auto& arena : arenas) send_queue.push(text(arena, "hello"));
  std::array<iovec, 3> vectors{};
  CHECK(send_queue.gather(vectors) == 3);
  send_queue.consume(4 * 8);
  CHECK(send_queue.gather(vectors) == 1);
  send_queue.consume(8);
  CHECK(send_queue.gather(vectors) == 0);
}

TEST_CASE("A send queue that never becomes empty frees what it has sent", "[unit][engineio]") {
  const auto before = Chunk::allocated();
  {
    const auto heap_before = heap::in_use();
    SendQueueLimits limits{.segments = 300};
    ChunkArena arena;
    SendQueue send_queue{limits};
    std::string expected;
    int refused = 0;  // counted, for some of Catch2's reporters keep every assertion, which is memory too
    for (int i = 0; i < 10'000; ++i) {
      const auto frame = text(arena, std::to_string(i));
      arena.take(1);  // so that nothing merges
      if (!send_queue.push(frame)) ++refused;
      expected.append(frame.begin(), frame.length);
      if (expected.size() < 1000) continue;
      const auto sent = expected.size() - 990;  // seldom at the end of a frame
      send_queue.consume(sent);
      expected.erase(0, sent);
    }
    CHECK(refused == 0);
    CHECK(content_of(send_queue) == expected);
    CHECK(Chunk::allocated() - before < 4 * ChunkArena::kChunkBytes);
    CHECK(heap::in_use() - heap_before < 6 * ChunkArena::kChunkBytes);
  }
  CHECK(Chunk::allocated() == before);
}

TEST_CASE("A polling client gets packets out of the same frames, sixteen at once", "[unit][engineio]") {
  SendQueueLimits limits;
  ChunkArena arena;
  SendQueue send_queue{limits};
  std::string first;
  std::string second;
  for (int i = 0; i < 20; ++i) {
    const auto data = std::to_string(i) + std::string(static_cast<std::size_t>(i) * 20, '-');
    send_queue.push(text(arena, data));
    auto& payload = i < 16 ? first : second;
    payload += (payload.empty() ? "4"
                                : "\x1e"
                                  "4") +
               data;
  }
  CHECK(joined(send_queue.take_payload(engineio::kPacketsPerPoll, arena)) == first);
  CHECK(joined(send_queue.take_payload(engineio::kPacketsPerPoll, arena)) == second);
  CHECK(send_queue.empty());
  CHECK(limits.total_used == 0);
  CHECK(send_queue.take_payload(engineio::kPacketsPerPoll, arena).empty());
}

TEST_CASE("A poll is answered out of the memory that others send from", "[unit][engineio]") {
  SendQueueLimits limits;
  ChunkArena arena;
  std::vector<std::unique_ptr<SendQueue>> clients;
  const auto before = Chunk::allocated();
  const auto heap_before = heap::in_use();
  std::vector<std::vector<Range>> answers;
  {
    const auto shared = engineio::encode_base64(arena, std::string(1'000'000, 'x'));
    for (int i = 0; i < 100; ++i) REQUIRE(clients.emplace_back(std::make_unique<SendQueue>(limits))->push(shared));
  }
  for (const auto& client : clients) answers.push_back(client->take_payload(engineio::kPacketsPerPoll, arena));
  CHECK(joined(answers.back()).size() == 1'333'337);
  CHECK(Chunk::allocated() - before < 1'400'000);
  CHECK(heap::in_use() - heap_before < 1'600'000);
}

TEST_CASE("Binary data that wait as Base64 for a poll leave over a WebSocket as they are", "[unit][engineio]") {
  SendQueueLimits limits;
  std::array<ChunkArena, 2> arenas;
  SendQueue send_queue{limits};
  send_queue.push(text(arenas[0], "bytes"));
  send_queue.push(engineio::encode_base64(arenas[0], "\xff\x01"));
  send_queue.push(engineio::encode_base64(arenas[1], ""));
  send_queue.push(text(arenas[1], ""));
  send_queue.push(text(arenas[1], "b/w=="));
  send_queue.decode_base64(arenas[0]);
  const std::string expected =
      "\x81\x06"
      "4bytes"
      "\x82\x02\xff\x01"
      "\x82" +
      std::string(1, '\0') +
      "\x81\x01"
      "4"
      "\x81\x06"
      "4b/w==";
  CHECK(content_of(send_queue) == expected);
  CHECK(send_queue.bytes() == expected.size());
  CHECK(limits.total_used == expected.size());
}

TEST_CASE("What waits for a poll is sent over the WebSocket, after what is queued there", "[unit][engineio]") {
  SendQueueLimits limits;
  std::array<ChunkArena, 3> arenas;
  SendQueue web_socket{limits};
  std::string expected;
  {
    SendQueue polling{limits};
    web_socket.push(text(arenas[0], "sent before"));
    web_socket.push(text(arenas[1], "probe"));
    web_socket.consume(14 + 3);
    expected = content_of(web_socket);
    polling.push(text(arenas[1], "taken by a poll"));
    polling.push(text(arenas[2], "first"));
    polling.push(text(arenas[0], "second"));
    CHECK(joined(polling.take_payload(1, arenas[2])) == "4taken by a poll");
    expected += content_of(polling);
    const auto used = limits.total_used;
    web_socket.append(polling);
    CHECK(limits.total_used == used);
    CHECK(polling.empty());
    CHECK(content_of(polling).empty());
    CHECK(content_of(web_socket) == expected);
    CHECK(web_socket.bytes() == expected.size());
    polling.push(text(arenas[0], "again"));
  }
  CHECK(limits.total_used == expected.size());
  web_socket.push(text(arenas[1], "third"));
  CHECK(content_of(web_socket) == expected +
                                      "\x81\x06"
                                      "4third");
  web_socket.consume(web_socket.bytes());
  CHECK(limits.total_used == 0);
}

TEST_CASE("A slow client keeps little more memory than its frames have bytes", "[unit][engineio]") {
  const auto before = Chunk::allocated();
  SendQueueLimits limits;
  ChunkArena arena;
  auto send_queue = std::make_unique<SendQueue>(limits);
  std::string expected;
  for (int i = 0; i < 3'000; ++i) {
    const auto frame = text(arena, std::to_string(i) + std::string(90, '-'));
    expected.append(frame.begin(), frame.length);
    REQUIRE(send_queue->push(frame));
    // Four chunks' worth of frames for others, who take them at once.
    for (int others = 0; others < 16; ++others) arena.take(ChunkArena::kChunkBytes / 4);
  }
  CHECK(content_of(*send_queue) == expected);
  CHECK(send_queue->bytes() == expected.size());
  CHECK(limits.total_used == expected.size());
  CHECK(Chunk::allocated() - before < expected.size() + 80 * ChunkArena::kChunkBytes);
  CHECK(send_queue->memory() >= Chunk::allocated() - before - ChunkArena::kChunkBytes);

  SECTION("which is free when they are sent, byte by byte") {
    while (!send_queue->empty()) send_queue->consume(1);
    CHECK(Chunk::allocated() - before < 2 * ChunkArena::kChunkBytes);
  }
  SECTION("which it gives away over polling") {
    CHECK(joined(send_queue->take_payload(2'999, arena)).size() > 2'999 * 92);
    CHECK(joined(send_queue->take_payload(2, arena)) == "42999" + std::string(90, '-'));
    CHECK(Chunk::allocated() - before < 2 * ChunkArena::kChunkBytes);
  }
  SECTION("which goes with it to a WebSocket") {
    SendQueue web_socket{limits};
    web_socket.append(*send_queue);
    send_queue.reset();
    CHECK(content_of(web_socket) == expected);
    web_socket.clear();
    CHECK(Chunk::allocated() - before < 2 * ChunkArena::kChunkBytes);
  }
}
