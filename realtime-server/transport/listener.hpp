// Accepts connections on one address, with SO_REUSEPORT so that every shard has a listener of its own. Owned by a
// shard; one loop thread only.
#pragma once

#include <functional>
#include <string_view>

#include <boost/asio/steady_timer.hpp>

#include "core/result.hpp"
#include "realtime-server/transport/context.hpp"

namespace transport {

class Listener {
 public:
  using OnAccept = std::function<void(Socket)>;

  Listener(boost::asio::io_context& loop, OnAccept on_accept)
      : acceptor_{loop.get_executor()}, pause_{loop}, on_accept_{std::move(on_accept)} {}

  /// Listens on "ADDR:PORT", "[IPv6]:PORT" or ":PORT" (every interface); port 0 takes a free one. Unsent data of a peer
  /// that went away silently is given up after `user_timeout`. Fails with kInvalidInput for an address of another form
  /// and kUnavailable if it cannot be had.
  core::Result<void> listen(std::string_view address, std::chrono::milliseconds user_timeout);

  /// The address it listens on, as ADDR:PORT.
  std::string address() const;
  void stop();

 private:
  void accept();

  boost::asio::basic_socket_acceptor<boost::asio::ip::tcp, boost::asio::io_context::executor_type> acceptor_;
  boost::asio::steady_timer pause_;
  OnAccept on_accept_;
};

}  // namespace transport
