#include "realtime-server/engineio/packet.hpp"

#include <array>
#include <cstring>

#include "core/digest.hpp"

namespace engineio {
namespace {

char* put(char* at, std::string_view bytes) {
  if (!bytes.empty()) std::memcpy(at, bytes.data(), bytes.size());
  return at + bytes.size();
}

/// A frame of `first` followed by the pieces.
Range encode(ChunkArena& arena, Opcode opcode, std::string_view first, std::span<const std::string_view> pieces = {}) {
  std::size_t size = first.size();
  for (const auto piece : pieces) size += piece.size();
  auto range = arena.take(frame_header_size(size) + size);
  char* at = put(write_frame_header(range.chunk->data() + range.offset, opcode, size), first);
  for (const auto piece : pieces) at = put(at, piece);
  return range;
}

}  // namespace

std::optional<Packet> decode_packet(std::string_view text, std::string& scratch) {
  if (text.empty()) return std::nullopt;
  const char type = text.front();
  if (type == 'b') {
    auto bytes = core::base64_decode(text.substr(1));
    if (!bytes) return std::nullopt;
    scratch = std::move(*bytes);
    return Packet{PacketType::kMessage, true, scratch};
  }
  if (type < '0' || type > '6') return std::nullopt;
  return Packet{static_cast<PacketType>(type), false, text.substr(1)};
}

std::string_view next_in_payload(std::string_view& payload) {
  const auto end = payload.find('\x1e');
  const auto packet = payload.substr(0, end);
  payload.remove_prefix(end == std::string_view::npos ? payload.size() : end + 1);
  return packet;
}

Range encode_text(ChunkArena& arena, PacketType type, std::span<const std::string_view> pieces) {
  const auto first = static_cast<char>(type);
  return encode(arena, Opcode::kText, {&first, 1}, pieces);
}

Range encode_binary(ChunkArena& arena, std::string_view data) { return encode(arena, Opcode::kBinary, data); }

Range encode_base64(ChunkArena& arena, std::string_view data) {
  const auto text = core::base64_encode(data);
  return encode(arena, Opcode::kText, "b", std::array{std::string_view{text}});
}

Range encode_control(ChunkArena& arena, Opcode opcode, std::string_view payload) {
  return encode(arena, opcode, payload.substr(0, 125));
}

}  // namespace engineio
