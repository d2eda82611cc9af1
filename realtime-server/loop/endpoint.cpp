#include "realtime-server/loop/endpoint.hpp"

#include <cstring>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>

namespace loop {

namespace ip = boost::asio::ip;

std::string Endpoint::text() const {
  return address.is_v6() ? fmt::format("[{}]:{}", address.to_string(), port)
                         : fmt::format("{}:{}", address.to_string(), port);
}

SystemAddress::SystemAddress(const Endpoint& endpoint) {
  if (endpoint.address.is_v6()) {
    sockaddr_in6 system{};
    system.sin6_family = AF_INET6;
    system.sin6_port = htons(endpoint.port);
    system.sin6_scope_id = static_cast<std::uint32_t>(endpoint.address.to_v6().scope_id());
    const auto bytes = endpoint.address.to_v6().to_bytes();
    std::memcpy(&system.sin6_addr, bytes.data(), bytes.size());
    std::memcpy(&storage, &system, size = sizeof system);
  } else {
    sockaddr_in system{};
    system.sin_family = AF_INET;
    system.sin_port = htons(endpoint.port);
    const auto bytes = endpoint.address.to_v4().to_bytes();
    std::memcpy(&system.sin_addr, bytes.data(), bytes.size());
    std::memcpy(&storage, &system, size = sizeof system);
  }
}

Endpoint SystemAddress::endpoint() const {
  if (storage.ss_family == AF_INET) {
    sockaddr_in system{};
    std::memcpy(&system, &storage, sizeof system);
    return {ip::address_v4{ntohl(system.sin_addr.s_addr)}, ntohs(system.sin_port)};
  }
  if (storage.ss_family != AF_INET6) return {};
  sockaddr_in6 system{};
  std::memcpy(&system, &storage, sizeof system);
  ip::address_v6::bytes_type bytes;
  std::memcpy(bytes.data(), &system.sin6_addr, bytes.size());
  const ip::address_v6 address{bytes, system.sin6_scope_id};
  const auto port = ntohs(system.sin6_port);
  if (address.is_v4_mapped()) return {ip::make_address_v4(ip::v4_mapped, address), port};
  return {address, port};
}

Endpoint local_endpoint(int socket) {
  SystemAddress address;
  return getsockname(socket, address.get(), &address.size) == 0 ? address.endpoint() : Endpoint{};
}

Endpoint peer_endpoint(int socket) {
  SystemAddress address;
  return getpeername(socket, address.get(), &address.size) == 0 ? address.endpoint() : Endpoint{};
}

}  // namespace loop
