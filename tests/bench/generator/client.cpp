#include "tests/bench/generator/client.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <span>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "tests/bench/frames.hpp"

namespace bench {

namespace {

// Any key will do against a server on the same machine.
constexpr const char* kMask = "\x5a\xc3\x96\x0f";

// The clients are on the same machine as the server. If the receive buffers of thousands could grow, those that are
// slow would use up the memory that the kernel has for TCP; it would then drop packets of others, which wait 200 ms for
// the next attempt.
constexpr int kReceiveBuffer = 65'536;

std::string upgrade_request(std::string_view target, std::uint16_t port) {
  return "GET " + std::string(target) + " HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(port) +
         "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " +
         std::string(kHandshakeKey) + "\r\n\r\n";
}

/// How long the kernel has had the last of the bytes that were read, in nanoseconds. Its stamps are of another clock.
std::int64_t age(msghdr& message) {
  for (cmsghdr* part = CMSG_FIRSTHDR(&message); part != nullptr; part = CMSG_NXTHDR(&message, part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SO_TIMESTAMPNS) continue;
    timespec stamp{};
    timespec now{};
    std::memcpy(&stamp, CMSG_DATA(part), sizeof stamp);
    clock_gettime(CLOCK_REALTIME, &now);
    return (now.tv_sec - stamp.tv_sec) * kSecond + now.tv_nsec - stamp.tv_nsec;
  }
  return 0;
}

/// What follows `mark` up to the next quote.
std::string text_after(std::string_view text, std::string_view mark) {
  const std::size_t at = text.find(mark);
  if (at == std::string_view::npos) return {};
  text.remove_prefix(at + mark.size());
  return std::string(text.substr(0, text.find('"')));
}

}  // namespace

int connect_to(std::uint16_t port) {
  const int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (descriptor < 0) fail("socket");
  const int on = 1;
  setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &kReceiveBuffer, sizeof kReceiveBuffer);
  const sockaddr_in address{
      .sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)}, .sin_zero = {}};
  if (connect(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 && errno != EINPROGRESS) {
    ::close(descriptor);
    return -1;
  }
  return descriptor;
}

void append_text(std::string& out, std::string_view packet) { append_frame(out, kText, packet, kMask); }

Client::Client(Loop& loop, Owner& owner, const Target& target, std::uint32_t index, bool stamped)
    : Session(owner, index), loop_(loop), protocol_(*target.protocol), port_(target.port), stamped_(stamped) {}

Crowd::Make clients_of(Loop& loop, const Target& target, bool stamped) {
  return [&loop, &target, stamped](Session::Owner& owner, std::uint32_t index) {
    return std::make_unique<Client>(loop, owner, target, index, stamped);
  };
}

void Client::open() {
  descriptor_ = connect_to(port_);
  if (descriptor_ < 0) return lose("connection refused");
  state_ = State::kUpgrading;
  const int on = 1;
  if (stamped_) setsockopt(descriptor_, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on);
  loop_.add(descriptor_, EPOLLIN, *this);
  // On this machine connect() has mostly succeeded by now, though it says that it is in progress.
  send(upgrade_request(protocol_.target(), port_));
}

void Client::close() {
  if (state_ == State::kClosed) return;
  state_ = State::kClosing;
  send_packet(kClose, "\x03\xe8");
}

void Client::reset() {
  if (descriptor_ < 0) return;
  // No TIME_WAIT, which would keep the port: a run makes more connections than there are ports.
  const linger reset{.l_onoff = 1, .l_linger = 0};
  setsockopt(descriptor_, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  forget();
}

void Client::forget() {
  ::close(descriptor_);
  descriptor_ = -1;
  state_ = State::kClosed;
  wants_to_write_ = false;
  unread_.clear();
  unsent_.clear();
}

void Client::lose(std::string_view why) {
  const bool wanted = state_ == State::kClosing;
  if (wanted) {
    forget();
  } else {
    reset();
  }
  owner().on_closed(*this, wanted ? "" : why);
}

void Client::send(std::string_view frames) {
  if (unsent_.empty()) {
    const ssize_t sent = ::send(descriptor_, frames.data(), frames.size(), MSG_NOSIGNAL);
    if (sent >= 0) frames.remove_prefix(static_cast<std::size_t>(sent));
  }
  if (frames.empty()) return;
  unsent_ += frames;
  if (!wants_to_write_) {
    wants_to_write_ = true;
    loop_.modify(descriptor_, EPOLLIN | EPOLLOUT, *this);
  }
}

void Client::flush() {
  const ssize_t sent = ::send(descriptor_, unsent_.data(), unsent_.size(), MSG_NOSIGNAL);
  if (sent > 0) unsent_.erase(0, static_cast<std::size_t>(sent));
  if (unsent_.empty()) {
    wants_to_write_ = false;
    loop_.modify(descriptor_, EPOLLIN, *this);
  }
}

void Client::send_packet(std::uint8_t opcode, std::string_view packet) {
  std::string frame;
  append_frame(frame, opcode, packet, kMask);
  send(frame);
}

void Client::on_ready(std::uint32_t events) {
  if (state_ == State::kClosed) return;
  if (wants_to_write_ && (events & EPOLLOUT) != 0) flush();
  if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) read();
}

void Client::read() {
  const std::span<char> buffer = loop_.buffer();
  iovec bytes_wanted{.iov_base = buffer.data(), .iov_len = buffer.size()};
  alignas(cmsghdr) std::array<char, 128> control;  // which the kernel fills
  msghdr message{};
  message.msg_iov = &bytes_wanted;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = stamped_ ? control.size() : 0;
  const ssize_t got = recvmsg(descriptor_, &message, 0);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (got <= 0) return lose(got == 0 ? "closed by the server" : std::strerror(errno));
  const std::int64_t now = now_ns() - (stamped_ ? age(message) : 0);
  const auto bytes = buffer.first(static_cast<std::size_t>(got));
  if (unread_.empty()) {
    const std::size_t taken = take(bytes, now);
    if (state_ != State::kClosed) unread_.assign(bytes.data() + taken, bytes.size() - taken);
  } else {
    std::string all = std::move(unread_);
    all.append(bytes.data(), bytes.size());
    const std::size_t taken = take(all, now);
    if (state_ != State::kClosed) unread_.assign(all, taken);
  }
}

std::size_t Client::take(std::span<char> bytes, std::int64_t now) {
  std::size_t taken = state_ == State::kUpgrading ? take_upgrade(bytes) : 0;
  if (state_ == State::kJoined) taken = owner().take_frames(*this, {bytes.data(), bytes.size()}, now);
  while (taken < bytes.size() && state_ != State::kClosed && state_ != State::kUpgrading) {
    const Frame frame = decode(bytes.subspan(taken));
    if (frame.size == 0) break;
    taken += frame.size;
    take_frame(frame.opcode, frame.payload, now);
  }
  return taken;
}

std::size_t Client::take_upgrade(std::span<char> bytes) {
  const std::string_view text(bytes.data(), bytes.size());
  const std::size_t end = text.find("\r\n\r\n");
  if (end == std::string_view::npos) return 0;
  const std::string_view head = text.substr(0, end);
  if (!head.starts_with("HTTP/1.1 101") || head.find(kHandshakeAccept) == std::string_view::npos) {
    lose("the upgrade was refused");
    return bytes.size();
  }
  state_ = State::kOpening;
  if (!protocol_.hello().empty()) send_packet(kText, protocol_.hello());
  return end + 4;
}

void Client::take_frame(std::uint8_t opcode, std::string_view payload, std::int64_t now) {
  if (state_ == State::kClosing) return;  // what was under way, and the answering close frame: the end follows
  if (opcode == kClose) return lose("closed by the server's close frame");
  if (opcode == kPing) return send_packet(kPong, payload);
  if (opcode != kText || payload.empty()) return lose("a frame that is none of a text message");
  // Centrifugo joins messages by lines; no other has a line break in one.
  while (!payload.empty() && state_ != State::kClosed) {
    const auto end = payload.find('\n');
    take_message(payload.substr(0, end), now);
    payload = end == std::string_view::npos ? std::string_view{} : payload.substr(end + 1);
  }
}

void Client::take_message(std::string_view message, std::int64_t now) {
  const auto meaning = protocol_.meaning(message);
  if (meaning == Protocol::Meaning::kAlive) return send_packet(kText, protocol_.pong());
  if (state_ == State::kJoined) return owner().on_message(*this, message, now);
  if (meaning == Protocol::Meaning::kRefused) return lose("CONNECT was refused");
  if (auto id = text_after(message, protocol_.id_mark()); !id.empty()) sid_ = std::move(id);
  if (meaning == Protocol::Meaning::kOpened && state_ == State::kOpening) {
    state_ = State::kJoining;
    send_packet(kText, protocol_.join());
  } else if (meaning == Protocol::Meaning::kJoined && state_ == State::kJoining) {
    state_ = State::kJoined;
    owner().on_joined(*this);
  }
}

}  // namespace bench
