// Fills the templates of rules with the arguments of an event, as slices: nothing is copied before the frame is
// encoded. Binary data are counted anew in the order in which they are used. Owned by a shard; one loop thread only.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "realtime-server/server/rules.hpp"
#include "realtime-server/socketio/assembler.hpp"

namespace server {

/// A filled template; valid until the filler is used again or the event dies.
struct Filled {
  std::span<const std::string_view> args;  ///< pieces, as in socketio::Emit
  std::span<const std::string_view> attachments;
  bool too_many_attachments = false;  ///< more than a packet may have: it cannot be sent
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
};

}  // namespace server
