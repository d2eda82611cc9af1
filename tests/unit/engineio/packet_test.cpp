#include "realtime-server/engineio/packet.hpp"

#include <array>
#include <vector>

#include "tests/support/catch.hpp"
#include "tests/support/frames.hpp"

using engineio::ChunkArena;
using engineio::Opcode;
using engineio::PacketType;
using engineio::Range;

namespace {

std::vector<frames::Own> decoded(const Range& range) { return frames::own_in({range.begin(), range.length}); }

std::vector<std::string> split(std::string_view payload) {
  std::vector<std::string> packets;
  while (!payload.empty()) packets.emplace_back(engineio::next_in_payload(payload));
  return packets;
}

}  // namespace

TEST_CASE("Packets are recognized by their first character, and others are invalid", "[unit][engineio]") {
  std::string scratch;
  CHECK_FALSE(engineio::decode_packet("", scratch));
  for (int character = 0; character < 256; ++character) {
    const auto c = static_cast<char>(character);
    const auto text = std::string{c} + "data";
    const auto packet = engineio::decode_packet(text, scratch);
    INFO("character " << character);
    if (c == 'b') {
      REQUIRE(packet);
      CHECK(packet->binary);
      continue;
    }
    REQUIRE(packet.has_value() == (c >= '0' && c <= '6'));
    if (!packet) continue;
    CHECK(packet->type == static_cast<PacketType>(c));
    CHECK_FALSE(packet->binary);
    CHECK(packet->data == "data");
  }
  CHECK(engineio::decode_packet("4", scratch)->data.empty());
}

TEST_CASE("Binary packets are Base64 after a b, otherwise invalid", "[unit][engineio]") {
  std::string scratch;
  const auto decode = [&](std::string_view text) -> std::optional<std::string> {
    const auto packet = engineio::decode_packet(text, scratch);
    if (!packet) return std::nullopt;
    CHECK(packet->binary);
    CHECK(packet->type == PacketType::kMessage);
    return std::string{packet->data};
  };
  CHECK(decode("b") == "");
  CHECK(decode("bAQIDBA==") == std::string{"\x01\x02\x03\x04"});
  CHECK(decode("b+/+/") == "\xfb\xff\xbf");
  CHECK(decode("bAAAA") == std::string(3, '\0'));
  for (const auto* text : {"bA", "bAA", "bAAA", "bAAA*", "bAAAAA", "b=", "b====", "bA===", "bAA=A", "b=AAA",
                           "bAA==AAAA", "bAAA=AAAA", "bAAAA----", "b-_-_", "bAAA\x80", "b AAAA*"}) {
    INFO(text);
    CHECK_FALSE(decode(text));
  }
}

TEST_CASE("A payload is split at its separators", "[unit][engineio]") {
  using Packets = std::vector<std::string>;
  CHECK(split("4hello") == Packets{"4hello"});
  CHECK(split("4a\x1e"
              "4b\x1e"
              "bAQ==") == Packets{"4a", "4b", "bAQ=="});
  CHECK(split("\x1e"
              "4a") == Packets{"", "4a"});
  CHECK(split("4a\x1e\x1e"
              "4b") == Packets{"4a", "", "4b"});
  CHECK(split("\x1e") == Packets{""});
  std::string_view nothing;
  CHECK(engineio::next_in_payload(nothing).empty());
}

TEST_CASE("Text packets are encoded once, as a frame of all their pieces", "[unit][engineio]") {
  ChunkArena arena;
  const std::array<std::string_view, 4> pieces{"2[\"event\",", "", "{\"a\":1}", "]"};
  const auto range = engineio::encode_text(arena, PacketType::kMessage, pieces);
  CHECK(decoded(range) == std::vector<frames::Own>{{Opcode::kText, R"(42["event",{"a":1}])"}});
  CHECK(range.length == 2 + 19);
  CHECK(decoded(engineio::encode_text(arena, PacketType::kPing, {})) == std::vector<frames::Own>{{Opcode::kText, "2"}});
  for (const std::size_t size : {124U, 125U, 126U, 65'534U, 65'535U, 65'536U}) {
    const std::string data(size, 'd');
    CHECK(decoded(engineio::encode_text(arena, PacketType::kMessage, std::array{std::string_view{data}})) ==
          std::vector<frames::Own>{{Opcode::kText, "4" + data}});
  }
}

TEST_CASE("Binary packets are frames of their bytes, or text for clients that want it", "[unit][engineio]") {
  ChunkArena arena;
  const std::string data{"\x00\xff\x01", 3};
  CHECK(decoded(engineio::encode_binary(arena, data)) == std::vector<frames::Own>{{Opcode::kBinary, data}});
  CHECK(decoded(engineio::encode_base64(arena, data)) == std::vector<frames::Own>{{Opcode::kText, "bAP8B"}});
  CHECK(decoded(engineio::encode_binary(arena, "")) == std::vector<frames::Own>{{Opcode::kBinary, ""}});
}

TEST_CASE("A control frame is never longer than it may be", "[unit][engineio]") {
  ChunkArena arena;
  CHECK(decoded(engineio::encode_control(arena, Opcode::kPong, "p")) == std::vector<frames::Own>{{Opcode::kPong, "p"}});
  const auto long_one = engineio::encode_control(arena, Opcode::kClose, std::string(200, 'p'));
  CHECK(decoded(long_one) == std::vector<frames::Own>{{Opcode::kClose, std::string(125, 'p')}});
}
