// Accepts connections on one address, with SO_REUSEPORT so that every shard has a listener of its own. Owned by a
// shard; one loop thread only.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>

#include "core/result.hpp"
#include "realtime-server/loop/endpoint.hpp"
#include "realtime-server/loop/loop.hpp"

namespace transport {

class Listener final : private loop::Watched {
 public:
  /// Receives an accepted socket, which does not block, and where it comes from.
  using OnAccept = std::function<void(loop::Descriptor, const loop::Endpoint&)>;

  Listener(loop::Loop& loop, OnAccept on_accept)
      : loop_{loop}, pause_{loop.timers(), [this] { watch(); }}, on_accept_{std::move(on_accept)} {}
  ~Listener() override { stop(); }
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  /// Port 0 selects a free one; the unspecified IPv6 address includes IPv4, and is that of IPv4 where the machine has
  /// no IPv6. Unacknowledged data is given up after `user_timeout`. Fails with kUnavailable if it cannot listen on the
  /// address.
  core::Result<void> listen(const loop::Endpoint& wanted, std::chrono::milliseconds user_timeout);

  /// Where it listens.
  loop::Endpoint endpoint() const { return loop::local_endpoint(socket_.get()); }
  void stop();

 private:
  void watch();
  void pause(int error);
  void on_ready(std::uint32_t events) override;

  loop::Loop& loop_;
  loop::Descriptor socket_;
  loop::Timer pause_;
  OnAccept on_accept_;
  bool watched_ = false;
  std::uint64_t failures_ = 0;  // to accept
};

}  // namespace transport
