#include "realtime-server/socketio/assembler.hpp"

#include <utility>

namespace socketio {
namespace {

/// Moves a view into `from` to the same position in its copy `to`; views into other texts stay.
void rebase(std::string_view& view, std::string_view from, std::string_view to) {
  if (view.data() >= from.data() && view.data() < from.data() + from.size())
    view = to.substr(static_cast<std::size_t>(view.data() - from.data()), view.size());
}

}  // namespace

Assembled Assembler::on_text(std::string_view text, Packet& scratch, std::size_t most) {
  if (partial_) return {.error = PacketError::kBadAttachments};
  if (const auto error = decode(text, scratch); error != PacketError::kNone) return {.error = error};
  if (scratch.attachments == 0) return {&scratch, text};
  if (text.size() > most) return {.error = PacketError::kTooLarge};
  partial_ = std::make_unique<Partial>();
  partial_->text = text;
  partial_->bytes = text.size();
  partial_->packet = scratch;  // without what other clients made its vectors grow to
  auto& packet = partial_->packet;
  for (auto* view : {&packet.nsp, &packet.id, &packet.event}) rebase(*view, text, partial_->text);
  for (auto& argument : packet.args) rebase(argument, text, partial_->text);
  return {};
}

Assembled Assembler::on_binary(std::string_view bytes, std::size_t most) {
  if (!partial_) return {.error = PacketError::kBadAttachments};
  partial_->bytes += bytes.size();
  if (partial_->bytes > most) return {.error = PacketError::kTooLarge};
  partial_->attachments.emplace_back(bytes);
  if (partial_->attachments.size() < partial_->packet.attachments) return {};
  return {&partial_->packet, partial_->text, partial_->attachments};
}

std::size_t Assembler::memory() const {
  if (!partial_) return 0;
  const auto& packet = partial_->packet;
  return sizeof(Partial) + partial_->bytes + packet.args.capacity() * sizeof(std::string_view) +
         packet.placeholders.capacity() * sizeof(Placeholder) + partial_->attachments.capacity() * sizeof(std::string);
}

}  // namespace socketio
