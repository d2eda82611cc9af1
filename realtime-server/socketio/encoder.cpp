#include "realtime-server/socketio/encoder.hpp"

#include <charconv>

#include "realtime-server/engineio/packet.hpp"

namespace socketio {

void EncodedPacket::send_attachments(engineio::Outlet& outlet) {
  auto& frames = outlet.base64() ? base64_ : binary_;
  if (frames.empty())
    for (const auto bytes : attachments_)
      frames.push_back(outlet.base64() ? engineio::encode_base64(*arena_, bytes)
                                       : engineio::encode_binary(*arena_, bytes));
  for (const auto& frame : frames) outlet.send(frame);
}

/// Type, number of attachments and namespace.
void Encoder::begin(char type, std::size_t attachments, std::string_view nsp) {
  pieces_.clear();
  char* end = head_.data();
  *end++ = type;
  if (attachments > 0) {
    end = std::to_chars(end, head_.data() + head_.size(), attachments).ptr;
    *end++ = '-';
  }
  pieces_.emplace_back(head_.data(), static_cast<std::size_t>(end - head_.data()));
  if (nsp == "/") return;
  pieces_.push_back(nsp);
  pieces_.emplace_back(",");
}

EncodedPacket Encoder::finish(std::span<const std::string_view> attachments) {
  EncodedPacket packet;
  packet.arena_ = arena_;
  packet.text_ = engineio::encode_text(*arena_, engineio::PacketType::kMessage, pieces_);
  packet.attachments_ = attachments;
  return packet;
}

EncodedPacket Encoder::event(const Emit& emit, std::uint64_t ack_id) {
  begin(emit.attachments.empty() ? '2' : '5', emit.attachments.size(), emit.nsp);
  if (ack_id != 0) {
    const auto end = std::to_chars(number_.data(), number_.data() + number_.size(), ack_id).ptr;
    pieces_.emplace_back(number_.data(), static_cast<std::size_t>(end - number_.data()));
  }
  pieces_.emplace_back("[");
  pieces_.push_back(emit.event);
  if (!emit.args.empty()) pieces_.emplace_back(",");
  pieces_.insert(pieces_.end(), emit.args.begin(), emit.args.end());
  pieces_.emplace_back("]");
  return finish(emit.attachments);
}

EncodedPacket Encoder::acknowledgement(std::string_view nsp, std::string_view id,
                                       std::span<const std::string_view> args,
                                       std::span<const std::string_view> attachments) {
  begin(attachments.empty() ? '3' : '6', attachments.size(), nsp);
  pieces_.push_back(id);
  pieces_.emplace_back("[");
  pieces_.insert(pieces_.end(), args.begin(), args.end());
  pieces_.emplace_back("]");
  return finish(attachments);
}

EncodedPacket Encoder::connected(std::string_view nsp, std::string_view sid) {
  begin('0', 0, nsp);
  pieces_.insert(pieces_.end(), {R"({"sid":")", sid, R"("})"});
  return finish();
}

EncodedPacket Encoder::connect_error(std::string_view nsp, std::string_view message) {
  begin('4', 0, nsp);
  pieces_.insert(pieces_.end(), {R"({"message":")", message, R"("})"});
  return finish();
}

EncodedPacket Encoder::disconnected(std::string_view nsp) {
  begin('1', 0, nsp);
  return finish();
}

}  // namespace socketio
