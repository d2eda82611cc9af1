// A polling payload of arbitrary bytes: it is split without loss, its packets are what they say, and what is sent of
// them again arrives as it was.
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "core/digest.hpp"
#include "realtime-server/engineio/packet.hpp"
#include "realtime-server/engineio/send_queue.hpp"
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

void send(engineio::ChunkArena& arena, engineio::SendQueue& send_queue, const Kept& packet) {
  const std::string_view data = packet.data;
  FUZZ_CHECK(send_queue.push(packet.binary ? engineio::encode_base64(arena, data)
                                           : engineio::encode_text(arena, packet.type, std::array{data})));
}

std::string joined(const std::vector<engineio::Range>& ranges) {
  std::string text;
  for (const auto& range : ranges) text.append(range.begin(), range.length);
  return text;
}

/// What is in the frames of a send queue.
std::vector<Kept> packets_in(engineio::SendQueue& send_queue) {
  std::vector<iovec> vectors(send_queue.segments());
  std::string bytes;
  for (std::size_t i = 0, count = send_queue.gather(vectors); i < count; ++i)
    bytes.append(static_cast<const char*>(vectors[i].iov_base), vectors[i].iov_len);
  std::vector<Kept> packets;
  for (std::string_view rest = bytes; !rest.empty();) {
    const auto frame = engineio::decode_own_frame(rest);
    rest.remove_prefix(frame.size);
    if (frame.opcode == engineio::Opcode::kBinary)
      packets.push_back({engineio::PacketType::kMessage, true, std::string{frame.payload}});
    else
      packets.push_back(
          {static_cast<engineio::PacketType>(frame.payload.front()), false, std::string{frame.payload.substr(1)}});
  }
  return packets;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // Of exactly this size, so that a read beyond it is found.
  const std::vector<char> bytes(data, data + size);
  const auto packets = packets_in({bytes.data(), bytes.size()});
  engineio::SendQueueLimits limits;
  engineio::ChunkArena arena;
  engineio::SendQueue send_queue{limits};
  // Half of them leave over polling, the rest over the WebSocket after it.
  for (const auto& packet : packets) send(arena, send_queue, packet);
  std::vector<Kept> arrived;
  while (arrived.size() < packets.size() / 2) {
    const auto payload = joined(send_queue.take_payload(engineio::kPacketsPerPoll, arena));
    const auto some = packets_in(payload);
    FUZZ_CHECK(!some.empty() && some.size() <= engineio::kPacketsPerPoll);
    arrived.insert(arrived.end(), some.begin(), some.end());
  }
  send_queue.decode_base64(arena);
  const auto rest = packets_in(send_queue);
  arrived.insert(arrived.end(), rest.begin(), rest.end());
  FUZZ_CHECK(arrived == packets);
  send_queue.clear();
  FUZZ_CHECK(limits.total_used == 0);
  return 0;
}
