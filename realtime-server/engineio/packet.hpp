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

/// A packet as it arrived; binary ones are always messages.
struct Packet {
  PacketType type = PacketType::kMessage;
  bool binary = false;
  std::string_view data{};
};

/// Most packets in one polling answer: python-socketio's client refuses more.
inline constexpr std::size_t kPacketsPerPoll = 16;

/// Reads a text packet, from a WebSocket frame or a payload: nothing if it is empty or of an unknown type. `b…` is
/// binary in Base64, which is decoded into `scratch`.
std::optional<Packet> decode_packet(std::string_view text, std::string& scratch);

/// Takes the next packet's text from the front of a polling payload (its separator is U+001E) and drops it there.
std::string_view next_in_payload(std::string_view& payload);

/// A ready frame of one text packet whose data are the pieces, one after another.
Range encode_text(ChunkArena& arena, PacketType type, std::span<const std::string_view> pieces);

/// A ready frame of a binary message, or, for a client that asked for Base64 (`b64=1`), of its text.
Range encode_binary(ChunkArena& arena, std::string_view data);
Range encode_base64(ChunkArena& arena, std::string_view data);

/// A ready control frame (RFC 6455, section 5.5); at most 125 bytes of payload.
Range encode_control(ChunkArena& arena, Opcode opcode, std::string_view payload);

}  // namespace engineio
