// Puts the packets of one client together: a binary packet is complete when its attachments have come, as separate
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
  const Packet* packet = nullptr;  ///< null: more has to come, or there is an error
  std::string_view text{};         ///< what the packet's placeholders count in
  std::span<const std::string> attachments{};
  PacketError error = PacketError::kNone;
};

class Assembler {
 public:
  /// A text message; packets without attachments are decoded into `scratch`, which all clients of a shard share.
  /// `most` bounds the bytes of a packet together with its attachments.
  Assembled on_text(std::string_view text, Packet& scratch, std::size_t most);

  /// A binary message: the next attachment.
  Assembled on_binary(std::string_view bytes, std::size_t most);

  /// Whether attachments are still to come.
  bool is_partial() const { return partial_ != nullptr; }

  /// Frees what a complete packet held, once it has been dealt with.
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
