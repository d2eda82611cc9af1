// An inbox of the backplane that records its calls as text, for comparison.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "realtime-server/adapter/adapter.hpp"

namespace support {

inline std::string joined(std::span<const std::string_view> pieces, std::string_view between) {
  std::string text;
  for (const auto piece : pieces) text.append(piece).append(between);
  return text.substr(0, text.size() - (pieces.empty() ? 0 : between.size()));
}

/// "emit NSP EVENT(ARGS) to ROOMS without EXCEPT with ATTACHMENTS for CALLBACK", what is empty left out.
inline std::string shown(const socketio::Emit& emit) {
  std::string text{"emit "};
  text.append(emit.nsp).append(" ").append(emit.event).append("(").append(joined(emit.args, "")).append(")");
  if (!emit.rooms.empty()) text.append(" to ").append(joined(emit.rooms, "|"));
  if (!emit.except.empty()) text.append(" without ").append(joined(emit.except, "|"));
  if (!emit.attachments.empty()) text.append(" with ").append(joined(emit.attachments, "|"));
  if (const auto& callback = emit.callback)
    text.append(" for ").append(callback->host + " " + callback->sid + " " + callback->nsp + " " + callback->id);
  return text;
}

struct RememberingInbox final : adapter::Inbox {
  std::vector<std::string> told;

  void on_emit(const socketio::Emit& emit) override { told.push_back(shown(emit)); }
  void on_disconnect(std::string_view nsp, std::string_view sid) override { tell("disconnect", {nsp, sid}); }
  void on_enter_room(std::string_view nsp, std::string_view sid, std::string_view room) override {
    tell("enter", {nsp, sid, room});
  }
  void on_leave_room(std::string_view nsp, std::string_view sid, std::string_view room) override {
    tell("leave", {nsp, sid, room});
  }
  void on_close_room(std::string_view nsp, std::string_view room) override { tell("close", {nsp, room}); }

 private:
  void tell(std::string_view what, std::initializer_list<std::string_view> words) {
    std::string text{what};
    for (const auto word : words) text.append(" ").append(word);
    told.push_back(std::move(text));
  }
};

}  // namespace support
