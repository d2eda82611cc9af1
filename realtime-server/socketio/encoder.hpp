// Socket.IO packets for clients, as complete frames (Socket.IO v5, "Packet encoding"). Each is encoded once for all
// receivers. Owned by a shard; one loop thread only.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "realtime-server/engineio/outlet.hpp"
#include "realtime-server/socketio/emit.hpp"

namespace socketio {

/// The frames of one packet: its text, then its attachments. Base64 attachments are created when the first receiver
/// needs them.
class EncodedPacket {
 public:
  /// Adds the packet to an outlet.
  void send_to(engineio::Outlet& outlet) {
    outlet.send(text_);
    if (!attachments_.empty()) send_attachments(outlet);
  }
  /// The frame of its text; all of a packet without attachments.
  const engineio::Range& text() const { return text_; }

 private:
  friend class Encoder;
  void send_attachments(engineio::Outlet& outlet);

  engineio::ChunkArena* arena_ = nullptr;
  engineio::Range text_;
  std::span<const std::string_view> attachments_;
  std::vector<engineio::Range> binary_;
  std::vector<engineio::Range> base64_;
};

class Encoder {
 public:
  explicit Encoder(engineio::ChunkArena& arena) : arena_{&arena} {}

  /// An event; with an acknowledgement id if `ack_id` is not 0. The attachments' bytes must outlive the result.
  EncodedPacket event(const Emit& emit, std::uint64_t ack_id = 0);
  /// The acknowledgement of an event; `args` are pieces as in Emit.
  EncodedPacket acknowledgement(std::string_view nsp, std::string_view id, std::span<const std::string_view> args,
                                std::span<const std::string_view> attachments);
  /// The answer to CONNECT.
  EncodedPacket connected(std::string_view nsp, std::string_view sid);
  /// CONNECT_ERROR with `{"message":…}`; the message is a constant and is not escaped.
  EncodedPacket connect_error(std::string_view nsp, std::string_view message);
  /// DISCONNECT: clients do not rejoin the namespace afterwards, so send it only on request.
  EncodedPacket disconnected(std::string_view nsp);

 private:
  void begin(char type, std::size_t attachments, std::string_view nsp);
  EncodedPacket finish(std::span<const std::string_view> attachments = {});

  engineio::ChunkArena* arena_;
  std::vector<std::string_view> pieces_;  ///< of the packet that is being encoded
  std::array<char, 8> head_{};
  std::array<char, 24> number_{};
};

}  // namespace socketio
