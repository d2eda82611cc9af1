#include "realtime-server/transport/listener.hpp"

#include <charconv>

#include <boost/asio/ip/v6_only.hpp>
#include <fmt/format.h>
#include <netinet/tcp.h>

#include "core/log.hpp"

namespace transport {

namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

using ReusePort = asio::detail::socket_option::boolean<SOL_SOCKET, SO_REUSEPORT>;
using UserTimeout = asio::detail::socket_option::integer<IPPROTO_TCP, TCP_USER_TIMEOUT>;

core::Result<tcp::endpoint> parse_endpoint(std::string_view address) {
  const auto colon = address.rfind(':');
  const auto port_text = colon == std::string_view::npos ? std::string_view{} : address.substr(colon + 1);
  auto host = address.substr(0, colon == std::string_view::npos ? 0 : colon);
  unsigned port = 0;
  const auto [end, failed] = std::from_chars(port_text.data(), port_text.data() + port_text.size(), port);
  const bool is_port = failed == std::errc{} && end == port_text.data() + port_text.size() && port < 65'536;
  // Without brackets nobody can tell where an IPv6 address ends.
  const bool bracketed = host.starts_with('[') && host.ends_with(']');
  if (bracketed) host = host.substr(1, host.size() - 2);
  boost::system::error_code error;
  const auto ip = asio::ip::make_address(host.empty() && !bracketed ? "0.0.0.0" : std::string{host}, error);
  if (!is_port || error || ip.is_v6() != bracketed)
    return core::fail(core::ErrorKind::kInvalidInput,
                      fmt::format("\"{}\" is not an address to listen on; write ADDR:PORT, [IPv6]:PORT, or :PORT for "
                                  "every interface",
                                  address));
  return tcp::endpoint{ip, static_cast<std::uint16_t>(port)};
}

}  // namespace

core::Result<void> Listener::listen(std::string_view address, std::chrono::milliseconds user_timeout) {
  const auto endpoint = parse_endpoint(address);
  if (!endpoint) return tl::unexpected(endpoint.error());
  boost::system::error_code error;
  const auto attempt = [&](auto&& step) {
    if (!error) step();
  };
  acceptor_.open(endpoint->protocol(), error);
  attempt([&] { acceptor_.set_option(asio::socket_base::reuse_address{true}, error); });
  attempt([&] { acceptor_.set_option(ReusePort{true}, error); });
  if (endpoint->protocol() == tcp::v6()) attempt([&] { acceptor_.set_option(asio::ip::v6_only{false}, error); });
  // Accepted sockets inherit both.
  attempt([&] { acceptor_.set_option(tcp::no_delay{true}, error); });
  attempt([&] { acceptor_.set_option(UserTimeout{static_cast<int>(user_timeout.count())}, error); });
  attempt([&] { acceptor_.bind(*endpoint, error); });
  attempt([&] { acceptor_.listen(4096, error); });
  if (error)
    return core::fail(core::ErrorKind::kUnavailable, fmt::format("cannot listen on {}: {}", address, error.message()));
  accept();
  return {};
}

std::string Listener::address() const {
  boost::system::error_code error;
  const auto endpoint = acceptor_.local_endpoint(error);
  const auto ip = endpoint.address();
  return fmt::format(fmt::runtime(ip.is_v6() ? "[{}]:{}" : "{}:{}"), ip.to_string(), endpoint.port());
}

void Listener::accept() {
  auto done = [this](const boost::system::error_code& error, Socket socket) {
    if (error == asio::error::operation_aborted || !acceptor_.is_open()) return;
    if (!error) {
      on_accept_(std::move(socket));
      return accept();
    }
    if (error == asio::error::connection_aborted) return accept();
    // Most likely out of descriptors: those that are open must end first.
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
