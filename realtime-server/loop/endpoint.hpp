// An IP address and a port, as sockets take them. A value; any thread.
#pragma once

#include <cstdint>
#include <string>

#include <boost/asio/ip/address.hpp>
#include <sys/socket.h>

namespace loop {

using IpAddress = boost::asio::ip::address;

struct Endpoint {
  IpAddress address;
  std::uint16_t port = 0;

  /// AF_INET or AF_INET6.
  int family() const { return address.is_v6() ? AF_INET6 : AF_INET; }
  /// "ADDRESS:PORT", IPv6 in brackets.
  std::string text() const;
  bool operator==(const Endpoint&) const = default;
};

/// An endpoint in the system's form.
struct SystemAddress {
  sockaddr_storage storage{};
  socklen_t size = sizeof(sockaddr_storage);

  SystemAddress() = default;
  explicit SystemAddress(const Endpoint& endpoint);
  sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
  /// An IPv4 address that is mapped into IPv6 becomes IPv4. Another family gives 0.0.0.0, port 0.
  Endpoint endpoint() const;
};

/// Where the socket is bound, or what it is connected to; 0.0.0.0, port 0 if it is neither.
Endpoint local_endpoint(int socket);
Endpoint peer_endpoint(int socket);

}  // namespace loop
