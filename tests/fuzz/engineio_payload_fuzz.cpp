// A polling payload of arbitrary bytes: it is split without loss, its packets are what they say, and what is sent of
// them again arrives as it was.
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "core/digest.hpp"
#include "realtime-server/engineio/outbox.hpp"
#include "realtime-server/engineio/packet.hpp"
#include "tests/fuzz/check.hpp"

namespace {

using engineio::Packet;
using engineio::PacketType;

struct Kept {
  PacketType type;
  bool binary;
  std::string data;
  bool operator==(const Kept&) const = default;
};

void check_packet(const Packet& packet, std::string_view text) {
  FUZZ_CHECK(packet.type >= PacketType::kOpen && packet.type <= PacketType::kNoop);
  if (packet.binary) {
    FUZZ_CHECK(packet.type == PacketType::kMessage && text.front() == 'b');
    const auto encoded = core::base64_encode(packet.data);
    FUZZ_CHECK(encoded.size() <= text.size() - 1);
    FUZZ_CHECK(core::base64_decode(encoded) == packet.data);
  } else {
    FUZZ_CHECK(text.front() == static_cast<char>(packet.type) && text.substr(1) == packet.data);
  }
}

/// The packets of a payload; those that are none are left out.
std::vector<Kept> packets_in(std::string_view payload) {
  std::vector<Kept> packets;
  std::string scratch;
  while (!payload.empty()) {
    const auto before = payload;
    const auto text = engineio::next_in_payload(payload);
    FUZZ_CHECK(payload.size() < before.size());
    FUZZ_CHECK(before.starts_with(text) && text.find('\x1e') == std::string_view::npos);
    FUZZ_CHECK(text.size() == before.size() || before[text.size()] == '\x1e');
    const auto packet = engineio::decode_packet(text, scratch);
    if (!packet) continue;
    check_packet(*packet, text);
    packets.push_back({packet->type, packet->binary, std::string{packet->data}});
  }
  return packets;
}

void send(engineio::ChunkArena& arena, engineio::Outbox& outbox, const Kept& packet, bool base64) {
  const std::string_view data = packet.data;
  const auto frame = !packet.binary ? engineio::encode_text(arena, packet.type, std::array{data})
                     : base64       ? engineio::encode_base64(arena, data)
                                    : engineio::encode_binary(arena, data);
  FUZZ_CHECK(outbox.push(frame));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // Of exactly this size, so that whoever reads beyond it is found.
  const std::vector<char> bytes(data, data + size);
  const auto packets = packets_in({bytes.data(), bytes.size()});
  engineio::OutboxLimits limits;
  engineio::ChunkArena arena;
  engineio::Outbox outbox{limits};
  for (std::size_t i = 0; i < packets.size(); ++i) send(arena, outbox, packets[i], i % 2 == 0);
  std::vector<Kept> arrived;
  while (!outbox.empty()) {
    const auto some = packets_in(outbox.take_payload(engineio::kPacketsPerPoll));
    FUZZ_CHECK(!some.empty() && some.size() <= engineio::kPacketsPerPoll);
    arrived.insert(arrived.end(), some.begin(), some.end());
  }
  FUZZ_CHECK(arrived == packets);
  FUZZ_CHECK(limits.process_used == 0);
  return 0;
}
