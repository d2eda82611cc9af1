// What this machine can listen on.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace support {

/// Whether a socket can be bound to ::1.
inline bool has_ipv6() {
  const int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return false;
  const sockaddr_in6 address{AF_INET6, 0, 0, IN6ADDR_LOOPBACK_INIT, 0};
  const bool is_bound = bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  close(fd);
  return is_bound;
}

}  // namespace support
