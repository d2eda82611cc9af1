// Looks up the addresses of a name on a thread of its own, as the system's resolver blocks. Owned by whoever asks; the
// loop's thread only.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/result.hpp"
#include "realtime-server/loop/endpoint.hpp"
#include "realtime-server/loop/loop.hpp"

namespace loop {

class Resolver {
 public:
  using Resolved = std::function<void(core::Result<std::vector<Endpoint>>)>;

  explicit Resolver(const Loop& loop) : mailbox_{loop.mailbox()} {}
  ~Resolver() { cancel(); }

  /// Calls `resolved` on the loop's thread with the addresses, at least one, in the order in which to try them; or with
  /// kUnavailable and the resolver's message. Cancels what was asked before.
  void resolve(const std::string& host, std::uint16_t port, Resolved resolved);
  /// `resolved` is not called any more. The thread ends when the system answers.
  void cancel();

 private:
  Mailbox mailbox_;
  std::shared_ptr<Resolved> waiting_;
};

}  // namespace loop
