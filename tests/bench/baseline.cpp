// The baseline: the least that a single thread can do to broadcast over WebSockets, for servers to be compared with. It
// upgrades, opens, joins every client to "/", answers `message` by broadcasting `response`, and acknowledges `ask`; it
// validates nothing, has no rooms, no timeouts and no polling. What it does as well as it can is the broadcast: a frame
// is encoded once, appended to what is pending of each connection, and each connection is written to once a turn of the
// loop.
//   bench-baseline PORT
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/bench/frames.hpp"

namespace bench {

namespace {

constexpr int kEventsATurn = 512;
constexpr std::size_t kReadBytes = 64 * 1024;
constexpr std::string_view kMessage = "42[\"message\",";
constexpr std::string_view kAsk = "[\"ask\",";

struct Connection {
  int descriptor = -1;
  bool upgraded = false;
  bool blocked = false;      // the socket's buffer is full
  bool ending = false;       // closed as soon as what is pending was sent
  std::size_t position = 0;  // among those that joined; 0: has not
  std::string unread;        // the start of a frame whose rest has not come
  std::string pending;       // frames of this turn, or what the socket did not take
};

class Floor {
 public:
  explicit Floor(std::uint16_t port);
  [[noreturn]] void run();

 private:
  void accept_all();
  void read(Connection& connection);
  std::size_t take(Connection& connection, char* bytes, std::size_t size);
  std::size_t upgrade(Connection& connection, std::string_view text);
  void take_frame(Connection& connection, const Frame& frame);
  void broadcast(std::string_view data);
  void acknowledge(Connection& connection, std::string_view event);
  void append(Connection& connection, std::string_view bytes);
  void flush();
  void end(Connection& connection);

  int listener_;
  int epoll_;
  std::uint64_t joined_ever_ = 0;
  std::vector<Connection*> joined_ = {nullptr};  // position 0 is nobody's
  std::vector<Connection*> dirty_;
  std::vector<std::unique_ptr<Connection>> ended_;  // an event of this turn may still name them
  std::string frame_;
  std::string packet_;
  std::array<char, kReadBytes> buffer_{};
};

void check(bool good, const char* what) {
  if (good) return;
  std::perror(what);
  std::exit(1);
}

Floor::Floor(std::uint16_t port)
    : listener_(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)), epoll_(epoll_create1(EPOLL_CLOEXEC)) {
  const sockaddr_in address{
      .sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)}, .sin_zero = {}};
  const int on = 1;
  setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  setsockopt(listener_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);  // what is accepted inherits it
  check(bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0, "bind");
  check(listen(listener_, 4096) == 0, "listen");
  epoll_event event{.events = EPOLLIN, .data = {.ptr = nullptr}};
  check(epoll_ctl(epoll_, EPOLL_CTL_ADD, listener_, &event) == 0, "epoll_ctl");
}

void Floor::run() {
  std::vector<epoll_event> events(kEventsATurn);
  while (true) {
    const int count = epoll_wait(epoll_, events.data(), kEventsATurn, -1);
    for (int i = 0; i < count; ++i) {
      const epoll_event& event = events[static_cast<std::size_t>(i)];
      if (event.data.ptr == nullptr) {
        accept_all();
        continue;
      }
      auto& connection = *static_cast<Connection*>(event.data.ptr);
      if (connection.descriptor >= 0 && (event.events & EPOLLOUT) != 0) dirty_.push_back(&connection);
      if (connection.descriptor >= 0 && (event.events & ~std::uint32_t{EPOLLOUT}) != 0) read(connection);
    }
    flush();
    ended_.clear();
  }
}

void Floor::accept_all() {
  while (true) {
    const int descriptor = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (descriptor < 0) return;
    auto connection = std::make_unique<Connection>();
    connection->descriptor = descriptor;
    epoll_event event{.events = EPOLLIN, .data = {.ptr = connection.release()}};
    check(epoll_ctl(epoll_, EPOLL_CTL_ADD, descriptor, &event) == 0, "epoll_ctl");
  }
}

void Floor::read(Connection& connection) {
  const ssize_t got = recv(connection.descriptor, buffer_.data(), buffer_.size(), 0);
  if (got < 0 && errno == EAGAIN) return;
  if (got <= 0) return end(connection);
  const auto size = static_cast<std::size_t>(got);
  if (connection.unread.empty()) {
    const std::size_t taken = take(connection, buffer_.data(), size);
    if (taken < size) connection.unread.assign(buffer_.data() + taken, size - taken);
  } else {
    connection.unread.append(buffer_.data(), size);
    const std::size_t taken = take(connection, connection.unread.data(), connection.unread.size());
    connection.unread.erase(0, taken);
  }
}

std::size_t Floor::take(Connection& connection, char* bytes, std::size_t size) {
  std::size_t taken = 0;
  if (!connection.upgraded) {
    taken = upgrade(connection, {bytes, size});
    if (taken == 0) return 0;
  }
  while (taken < size && connection.descriptor >= 0) {
    const Frame frame = decode({bytes + taken, size - taken});
    if (frame.size == 0) break;
    taken += frame.size;
    take_frame(connection, frame);
  }
  return taken;
}

std::size_t Floor::upgrade(Connection& connection, std::string_view text) {
  const std::size_t end = text.find("\r\n\r\n");
  if (end == std::string_view::npos) return 0;
  connection.upgraded = true;
  // The only client there is always has the same key.
  std::string answer =
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " +
      std::string(kHandshakeAccept) + "\r\n\r\n";
  append_frame(
      answer, kText,
      R"(0{"sid":"AAAAAAAAAAAAAAAAAAAA","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000})");
  append(connection, answer);
  return end + 4;
}

void Floor::take_frame(Connection& connection, const Frame& frame) {
  if (frame.opcode == kText && frame.payload.starts_with(kMessage) && connection.position != 0) {
    return broadcast(frame.payload.substr(kMessage.size(), frame.payload.size() - kMessage.size() - 1));
  }
  if (frame.opcode == kText && frame.payload.starts_with("42") && connection.position != 0)
    return acknowledge(connection, frame.payload.substr(2));
  frame_.clear();
  if (frame.opcode == kText && frame.payload == "40" && connection.position == 0) {
    char answer[64];
    const int size =
        std::snprintf(answer, sizeof answer, R"(40{"sid":"%020llx"})", static_cast<unsigned long long>(++joined_ever_));
    append_frame(frame_, kText, {answer, static_cast<std::size_t>(size)});
    connection.position = joined_.size();
    joined_.push_back(&connection);
  } else if (frame.opcode == kClose || frame.opcode == kBroken) {
    append_frame(frame_, kClose, frame.payload);
    connection.ending = true;
  } else if (frame.opcode == kPing) {
    append_frame(frame_, kPong, frame.payload);
  }
  if (!frame_.empty()) append(connection, frame_);
}

void Floor::broadcast(std::string_view data) {
  packet_ = "42[\"response\",{\"echo\":";
  packet_ += data;
  packet_ += "}]";
  frame_.clear();
  append_frame(frame_, kText, packet_);
  for (std::size_t i = 1; i < joined_.size(); ++i) append(*joined_[i], frame_);
}

void Floor::acknowledge(Connection& connection, std::string_view event) {
  const std::size_t digits = event.find('[');
  if (digits == std::string_view::npos || !event.substr(digits).starts_with(kAsk)) return;
  packet_ = "43";
  packet_ += event.substr(0, digits);
  packet_ += '[';
  packet_ += event.substr(digits + kAsk.size());
  frame_.clear();
  append_frame(frame_, kText, packet_);
  append(connection, frame_);
}

void Floor::append(Connection& connection, std::string_view bytes) {
  if (connection.pending.empty()) dirty_.push_back(&connection);
  connection.pending += bytes;
}

void Floor::flush() {
  for (Connection* connection : dirty_) {
    if (connection->descriptor < 0) continue;
    const ssize_t sent =
        send(connection->descriptor, connection->pending.data(), connection->pending.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN) {
      end(*connection);
      continue;
    }
    if (static_cast<std::size_t>(sent) == connection->pending.size()) {
      connection->pending.clear();
    } else if (sent > 0) {
      connection->pending.erase(0, static_cast<std::size_t>(sent));
    }
    if (connection->pending.empty() && connection->ending) {
      end(*connection);
    } else if (const bool blocked = !connection->pending.empty(); blocked != connection->blocked) {
      connection->blocked = blocked;
      epoll_event event{.events = EPOLLIN | (blocked ? std::uint32_t{EPOLLOUT} : 0), .data = {.ptr = connection}};
      epoll_ctl(epoll_, EPOLL_CTL_MOD, connection->descriptor, &event);
    }
  }
  dirty_.clear();
}

void Floor::end(Connection& connection) {
  close(connection.descriptor);
  connection.descriptor = -1;
  if (connection.position != 0) {
    joined_[connection.position] = joined_.back();
    joined_[connection.position]->position = connection.position;
    joined_.pop_back();
  }
  ended_.emplace_back(&connection);
}

}  // namespace

}  // namespace bench

int main(int count, char** words) {
  if (count != 2) {
    std::fputs("usage: bench-baseline PORT\n", stderr);
    return 2;
  }
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  const auto server = std::make_unique<bench::Floor>(static_cast<std::uint16_t>(std::atoi(words[1])));
  server->run();
}
