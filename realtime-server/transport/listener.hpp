// Accepts connections on one address, with SO_REUSEPORT so that every shard has a listener of its own. Owned by a
// shard; one loop thread only.
#pragma once

#include <chrono>
#include <functional>

#include <boost/asio/steady_timer.hpp>

#include "core/result.hpp"
#include "realtime-server/transport/context.hpp"

namespace transport {

class Listener {
 public:
  using OnAccept = std::function<void(Socket)>;

  Listener(boost::asio::io_context& loop, OnAccept on_accept)
      : acceptor_{loop.get_executor()}, pause_{loop}, on_accept_{std::move(on_accept)} {}

  /// Port 0 selects a free one; the unspecified IPv6 address includes IPv4, and is that of IPv4 where the machine has
  /// no IPv6. Unacknowledged data is given up after `user_timeout`. Fails with kUnavailable if it cannot listen on the
  /// address.
  core::Result<void> listen(const boost::asio::ip::tcp::endpoint& wanted, std::chrono::milliseconds user_timeout);

  /// Where it listens.
  boost::asio::ip::tcp::endpoint endpoint() const;
  void stop();

 private:
  void accept();

  boost::asio::basic_socket_acceptor<boost::asio::ip::tcp, boost::asio::io_context::executor_type> acceptor_;
  boost::asio::steady_timer pause_;
  OnAccept on_accept_;
};

}  // namespace transport
