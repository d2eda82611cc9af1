#include "realtime-server/transport/listener.hpp"

#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include "core/log.hpp"

namespace transport {

using loop::Descriptor;
using loop::Endpoint;
using loop::IpAddress;
using loop::SystemAddress;

namespace {

constexpr int kBacklog = 4'096;
constexpr int kAcceptsPerTurn = 256;
/// What the kernel holds of one connection before it sends it. More would wait there as well as here, but uncounted.
constexpr int kUnsentBytes = 131'072;
/// What it holds at most: of these it takes twice as much for its own records, see socket(7). Left alone it lets each
/// connection grow to many MiB, and the pod's cgroup is charged for them.
constexpr int kSendBytes = 212'992;
constexpr int kReceiveBytes = 65'536;

bool set(int socket, int level, int option, int value) {
  return setsockopt(socket, level, option, &value, sizeof value) == 0;
}

}  // namespace

core::Result<void> Listener::listen(const Endpoint& wanted, std::chrono::milliseconds user_timeout) {
  auto endpoint = wanted;
  constexpr int kType = SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC;
  socket_ = Descriptor{socket(endpoint.family(), kType, 0)};
  // A kernel without IPv6 has no such sockets.
  if (!socket_ && errno == EAFNOSUPPORT && wanted.address == boost::asio::ip::address_v6::any()) {
    endpoint.address = boost::asio::ip::address_v4::any();
    socket_ = Descriptor{socket(AF_INET, kType, 0)};
  }
  const int fd = socket_.get();
  const SystemAddress address{endpoint};
  const bool listens = socket_ && set(fd, SOL_SOCKET, SO_REUSEADDR, 1) && set(fd, SOL_SOCKET, SO_REUSEPORT, 1) &&
                       (endpoint.family() == AF_INET || set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 0)) &&
                       // Accepted sockets inherit these.
                       set(fd, SOL_SOCKET, SO_SNDBUF, kSendBytes) && set(fd, SOL_SOCKET, SO_RCVBUF, kReceiveBytes) &&
                       set(fd, IPPROTO_TCP, TCP_NODELAY, 1) && set(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, kUnsentBytes) &&
                       set(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, static_cast<int>(user_timeout.count())) &&
                       bind(fd, address.get(), address.size) == 0 && ::listen(fd, kBacklog) == 0;
  if (!listens) {
    const int error = errno;
    return core::fail(core::ErrorKind::kUnavailable,
                      fmt::format("cannot listen on {}: {}", wanted.text(), std::strerror(error)));
  }
  watch();
  return {};
}

void Listener::watch() {
  try {
    loop_.watch(socket_.get(), EPOLLIN, *this);
    watched_ = true;
  } catch (const std::system_error& error) {
    pause(error.code().value());
  }
}

void Listener::on_ready(std::uint32_t) {
  for (int i = 0; i < kAcceptsPerTurn && watched_; ++i) {
    SystemAddress address;
    Descriptor accepted{accept4(socket_.get(), address.get(), &address.size, SOCK_NONBLOCK | SOCK_CLOEXEC)};
    if (accepted) {
      try {
        on_accept_(std::move(accepted), address.endpoint());
      } catch (const std::system_error& error) {
        return pause(error.code().value());
      }
      continue;
    }
    if (errno == EAGAIN) return;
    if (errno == ECONNABORTED || errno == EINTR) continue;
    return pause(errno);
  }
}

/// Most likely out of file descriptors, or of what epoll may watch: open connections must close first.
void Listener::pause(int error) {
  if (core::is_worth_a_line(++failures_))
    core::log(core::LogLevel::kWarning, "cannot accept a connection",
              {{"error", std::strerror(error)}, {"failures", static_cast<std::int64_t>(failures_)}});
  if (std::exchange(watched_, false)) loop_.forget(socket_.get(), *this);
  pause_.start(std::chrono::milliseconds{100});
}

void Listener::stop() {
  if (std::exchange(watched_, false)) loop_.forget(socket_.get(), *this);
  pause_.stop();
  socket_.close();
}

}  // namespace transport
