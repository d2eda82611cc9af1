// Assembles the packets of one client: a binary packet is complete when all its attachments have arrived, as separate
// messages in order (Socket.IO v5, "Binary"). Owned by a client; one loop thread only.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "realtime-server/socketio/packet.hpp"

namespace socketio {

/// A whole packet; the views are valid until the assembler or the scratch is used again.
struct Assembled {
  const Packet* packet = nullptr;  ///< null: incomplete, or an error
  std::string_view text{};         ///< the text that the offsets of the packet's placeholders refer to
  std::span<const std::string> attachments{};
  PacketError error = PacketError::kNone;
};

class Assembler {
 public:
  /// A text message; packets without attachments are decoded into `scratch`, which all clients of a shard share.
  /// `most` limits the size of a packet including its attachments.
  Assembled on_text(std::string_view text, Packet& scratch, std::size_t most);

  /// A binary message: the next attachment.
  Assembled on_binary(std::string_view bytes, std::size_t most);

  /// Whether attachments are missing.
  bool is_partial() const { return partial_ != nullptr; }

  /// What it keeps of an incomplete packet, in bytes.
  std::size_t memory() const;

  /// Frees a packet, complete or not.
  void release() { partial_.reset(); }

 private:
  struct Partial {
    std::string text;
    Packet packet;
    std::vector<std::string> attachments;
    std::size_t bytes = 0;
  };
  std::unique_ptr<Partial> partial_;
};

}  // namespace socketio
