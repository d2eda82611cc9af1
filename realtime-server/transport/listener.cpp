#include "realtime-server/transport/listener.hpp"

#include <boost/asio/ip/v6_only.hpp>
#include <fmt/ostream.h>
#include <netinet/tcp.h>

#include "core/log.hpp"

namespace transport {

namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

using ReusePort = asio::detail::socket_option::boolean<SOL_SOCKET, SO_REUSEPORT>;
using UserTimeout = asio::detail::socket_option::integer<IPPROTO_TCP, TCP_USER_TIMEOUT>;

}  // namespace

core::Result<void> Listener::listen(const tcp::endpoint& wanted, std::chrono::milliseconds user_timeout) {
  auto endpoint = wanted;
  boost::system::error_code error;
  const auto attempt = [&](auto&& step) {
    if (!error) step();
  };
  acceptor_.open(endpoint.protocol(), error);
  // A kernel without IPv6 has no such sockets.
  if (error == asio::error::address_family_not_supported && wanted.address() == asio::ip::address_v6::any()) {
    endpoint = {tcp::v4(), wanted.port()};
    acceptor_.open(endpoint.protocol(), error);
  }
  attempt([&] { acceptor_.set_option(asio::socket_base::reuse_address{true}, error); });
  attempt([&] { acceptor_.set_option(ReusePort{true}, error); });
  if (endpoint.protocol() == tcp::v6()) attempt([&] { acceptor_.set_option(asio::ip::v6_only{false}, error); });
  // Accepted sockets inherit both.
  attempt([&] { acceptor_.set_option(tcp::no_delay{true}, error); });
  attempt([&] { acceptor_.set_option(UserTimeout{static_cast<int>(user_timeout.count())}, error); });
  attempt([&] { acceptor_.bind(endpoint, error); });
  attempt([&] { acceptor_.listen(4096, error); });
  if (error)
    return core::fail(core::ErrorKind::kUnavailable,
                      fmt::format("cannot listen on {}: {}", fmt::streamed(wanted), error.message()));
  accept();
  return {};
}

tcp::endpoint Listener::endpoint() const {
  boost::system::error_code ignored;
  return acceptor_.local_endpoint(ignored);
}

void Listener::accept() {
  auto done = [this](const boost::system::error_code& error, Socket socket) {
    if (error == asio::error::operation_aborted || !acceptor_.is_open()) return;
    if (!error) {
      on_accept_(std::move(socket));
      return accept();
    }
    if (error == asio::error::connection_aborted) return accept();
    // Most likely out of file descriptors: open connections must close first.
    core::log(core::LogLevel::kWarning, "cannot accept a connection", {{"error", error.message()}});
    pause_.expires_after(std::chrono::milliseconds{100});
    pause_.async_wait([this](const boost::system::error_code& stopped) {
      if (!stopped) accept();
    });
  };
  acceptor_.async_accept(std::move(done));
}

void Listener::stop() {
  boost::system::error_code ignored;
  acceptor_.close(ignored);
  pause_.cancel();
}

}  // namespace transport
