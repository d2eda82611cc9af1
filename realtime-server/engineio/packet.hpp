// Engine.IO packets (protocol v4, "Packet encoding") and the payloads that carry several of them over long polling.
// Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "realtime-server/engineio/chunk.hpp"
#include "realtime-server/engineio/frame.hpp"

namespace engineio {

enum class PacketType : char {
  kOpen = '0',
  kClose = '1',
  kPing = '2',
  kPong = '3',
  kMessage = '4',
  kUpgrade = '5',
  kNoop = '6',
};

/// A packet as received; binary packets are always messages.
struct Packet {
  PacketType type = PacketType::kMessage;
  bool binary = false;
  std::string_view data{};
};

/// The maximum number of packets in one polling answer: python-socketio's client refuses more.
inline constexpr std::size_t kPacketsPerPoll = 16;

/// Reads a text packet from a WebSocket frame or a payload. Returns nothing if it is empty or of an unknown type. `b…`
/// is binary in Base64, which is decoded into `scratch`.
std::optional<Packet> decode_packet(std::string_view text, std::string& scratch);

/// Removes the next packet's text from the front of a polling payload (separated by U+001E) and returns it.
std::string_view next_in_payload(std::string_view& payload);

/// The complete frame of one text packet whose data are the concatenated pieces.
Range encode_text(ChunkArena& arena, PacketType type, std::span<const std::string_view> pieces);

/// The complete frame of a binary message, or of its Base64 text for a client that asked for it (`b64=1`).
Range encode_binary(ChunkArena& arena, std::string_view data);
Range encode_base64(ChunkArena& arena, std::string_view data);

/// A complete control frame (RFC 6455, section 5.5); at most 125 bytes of payload.
Range encode_control(ChunkArena& arena, Opcode opcode, std::string_view payload);

}  // namespace engineio
