// Fills the templates of rules with the arguments of an event, as slices: nothing is copied before the frame is
// encoded. Attachments are renumbered in the order of their first use, each once, for any number of placeholders that
// refer to it. Owned by a shard; one loop thread only.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "realtime-server/server/rules.hpp"
#include "realtime-server/socketio/assembler.hpp"

namespace server {

/// A filled template; valid until the filler is used again or the event is destroyed.
struct Filled {
  std::span<const std::string_view> args;         ///< pieces, as in socketio::Emit
  std::span<const std::string_view> attachments;  ///< at most as many as the event has
};

class RuleFiller {
 public:
  /// Of an event, or of a connect, whose packet has no arguments.
  Filled fill(const Template& pattern, const socketio::Assembled& event);

 private:
  void put_argument(std::size_t index);

  const socketio::Assembled* event_ = nullptr;
  std::vector<std::string_view> pieces_;
  std::vector<std::string_view> attachments_;
  std::array<std::int8_t, socketio::kMaxAttachments>
      numbers_{};  ///< new numbers, indexed by the event's; -1: not used yet
};

}  // namespace server
