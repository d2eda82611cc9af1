#include "tests/support/loopback.hpp"

#include <array>
#include <cerrno>

#include <netinet/in.h>
#include <netinet/tcp.h>

#include "tests/support/catch.hpp"

namespace loopback {

namespace {

void set(const Descriptor& socket, int level, int option, int value) {
  REQUIRE(setsockopt(socket.get(), level, option, &value, sizeof value) == 0);
}

Descriptor make_socket(int family = AF_INET) {
  Descriptor made{::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  REQUIRE(made);
  return made;
}

}  // namespace

Descriptor connect_to(const loop::Endpoint& endpoint) {
  auto made = make_socket(endpoint.family());
  const loop::SystemAddress address{endpoint};
  REQUIRE(connect(made.get(), address.get(), address.size) == 0);
  return made;
}

Loop::Loop(const transport::Limits& limits, const engineio::SendQueueLimits& send_queue_limits)
    : send_queues{send_queue_limits},
      end_turn{loop::Stage::kSend,
               [this] {
                 flush_list.flush_all();
                 relieve();
               }},
      flush_list{[this] { loop.schedule(end_turn); }},
      context{loop, limits, send_queues, flush_list} {}

Loop::~Loop() {
  while (!context.connections.empty()) {
    auto& connection = context.connections.front();
    context.connections.pop_front();
    connection.abandon();
  }
  settle();
}

bool Loop::until(const std::function<bool()>& is_so) {
  const auto end = loop::Clock::now() + std::chrono::seconds{10};
  while (!is_so()) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - loop::Clock::now());
    if (left.count() <= 0) return false;
    loop.turn(left);
  }
  return true;
}

void Loop::settle() {
  while (loop.turn(std::chrono::milliseconds{0})) {
  }
}

std::pair<Descriptor, Descriptor> Loop::connect(int buffer) {
  const auto listener = make_socket();
  if (buffer > 0) set(listener, SOL_SOCKET, SO_SNDBUF, buffer);
  const loop::SystemAddress any{{boost::asio::ip::address_v4::loopback(), 0}};
  REQUIRE(bind(listener.get(), any.get(), any.size) == 0);
  REQUIRE(listen(listener.get(), 1) == 0);
  auto theirs = make_socket();
  if (buffer > 0) set(theirs, SOL_SOCKET, SO_RCVBUF, buffer);
  const loop::SystemAddress bound{loop::local_endpoint(listener.get())};
  REQUIRE(::connect(theirs.get(), bound.get(), bound.size) == 0);
  Descriptor ours{accept4(listener.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC)};
  REQUIRE(ours);
  set(ours, IPPROTO_TCP, TCP_NODELAY, 1);
  set(theirs, IPPROTO_TCP, TCP_NODELAY, 1);
  return {std::move(ours), std::move(theirs)};
}

Peer::Peer(Loop& loop, Descriptor socket) : loop_{loop}, socket_{std::move(socket)} {
  loop_.loop.watch(socket_.get(), 0, *this);
}

void Peer::watch_for() {
  if (gone_) return;
  const auto wanted =
      (reads_ && !ended_ ? std::uint32_t{EPOLLIN} : 0U) | (unsent_.empty() ? 0U : std::uint32_t{EPOLLOUT});
  if (wanted != std::exchange(watched_, wanted)) loop_.loop.change(socket_.get(), wanted, *this);
}

void Peer::send(const std::string& bytes) {
  unsent_ += bytes;
  write();
}

void Peer::write() {
  const auto count = ::send(socket_.get(), unsent_.data(), unsent_.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  if (count >= 0) unsent_.erase(0, static_cast<std::size_t>(count));
  if (count < 0 && errno != EAGAIN) {
    reset_ = reset_ || errno == ECONNRESET;
    unsent_.clear();
  }
  if (unsent_.empty()) std::string{}.swap(unsent_);
  if (unsent_.empty() && shuts_) ::shutdown(socket_.get(), SHUT_WR);
  watch_for();
}

void Peer::read() {
  reads_ = true;
  watch_for();
}

void Peer::on_ready(std::uint32_t events) {
  if ((events & EPOLLOUT) != 0) write();
  if (!reads_ || ended_) {
    if ((events & EPOLLERR) != 0) reset_ = true;
    if ((events & (EPOLLERR | EPOLLHUP)) != 0) leave();
    return;
  }
  std::array<char, 65'536> buffer;
  const auto count = recv(socket_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
  if (count > 0) {
    received_.append(buffer.data(), static_cast<std::size_t>(count));
    return;
  }
  if (count < 0 && errno == EAGAIN) return;
  ended_ = count == 0;
  if (ended_) return watch_for();
  reset_ = reset_ || errno == ECONNRESET;
  leave();
}

/// Nothing comes any more.
void Peer::leave() {
  std::string{}.swap(unsent_);
  if (!std::exchange(gone_, true)) loop_.loop.forget(socket_.get(), *this);
}

void Peer::shut() {
  shuts_ = true;
  if (unsent_.empty()) ::shutdown(socket_.get(), SHUT_WR);
}

void Peer::close(bool reset) {
  if (!socket_) return;
  if (reset) {
    const linger hard{.l_onoff = 1, .l_linger = 0};
    setsockopt(socket_.get(), SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
  }
  leave();
  socket_.close();
}

}  // namespace loopback
