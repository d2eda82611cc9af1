// A TCP proxy on the test's own loop that can be slow, or stop forwarding without closing anything, as a network does
// that loses what it was given.
#pragma once

#include <cstddef>
#include <memory>

#include <boost/asio/io_context.hpp>

namespace support {

class TcpProxy {
 public:
  /// Listens on a free port of 127.0.0.1 and forwards to another.
  TcpProxy(boost::asio::io_context& loop, int upstream_port);
  ~TcpProxy();
  TcpProxy(const TcpProxy&) = delete;
  TcpProxy& operator=(const TcpProxy&) = delete;

  enum class Frozen {
    kNothing,
    kSubscriptions,  ///< connections on which the client has said SUBSCRIBE, from then on
    kEverything,
  };

  int port() const;
  /// What is not forwarded from now on; what was held back before is forwarded if it may be.
  void freeze(Frozen what);
  /// From now on 1000 bytes in each direction of a connection, at the most, every ten milliseconds.
  void slow_down();
  /// Closes the connections on which the client has said SUBSCRIBE.
  void cut_subscriptions();
  /// Connections that were accepted so far.
  std::size_t accepted() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace support
