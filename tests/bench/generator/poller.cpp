#include "tests/bench/generator/poller.hpp"

#include <cerrno>
#include <charconv>
#include <utility>

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/bench/generator/client.hpp"

namespace bench {

namespace {

constexpr std::string_view kTarget = "/socket.io/?EIO=4&transport=polling";

/// The value of a header, by its name in lower case; empty if there is none.
std::string_view header(std::string_view head, std::string_view name) {
  for (std::size_t line = head.find("\r\n"); line != std::string_view::npos; line = head.find("\r\n", line)) {
    line += 2;
    const std::string_view rest = head.substr(line);
    bool same = rest.size() > name.size() && rest[name.size()] == ':';
    for (std::size_t i = 0; same && i < name.size(); ++i) same = (rest[i] | 0x20) == name[i];
    if (!same) continue;
    std::string_view value = rest.substr(name.size() + 1, rest.find("\r\n") - name.size() - 1);
    while (value.starts_with(' ')) value.remove_prefix(1);
    return value;
  }
  return {};
}

}  // namespace

HttpConnection::HttpConnection(Loop& loop, std::uint16_t port, Answered answered)
    : loop_(loop), port_(port), answered_(std::move(answered)) {}

void HttpConnection::send(std::string_view method, std::string_view target, std::string_view body) {
  std::string request = std::string(method) + " " + std::string(target) +
                        " HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(port_) + "\r\n";
  if (method == "POST") {
    request += "Content-Type: text/plain;charset=UTF-8\r\nContent-Length: " + std::to_string(body.size()) + "\r\n";
  }
  request += "\r\n";
  request += body;
  received_.clear();
  if (descriptor_ < 0) {
    descriptor_ = connect_to(port_);
    if (descriptor_ < 0) return answered_(0, {});
    loop_.add(descriptor_, EPOLLIN | EPOLLOUT, *this);
    unsent_ = std::move(request);
    return;
  }
  if (::send(descriptor_, request.data(), request.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(request.size())) {
    fail_request();
  }
}

void HttpConnection::drop() {
  if (descriptor_ < 0) return;
  const linger reset{.l_onoff = 1, .l_linger = 0};
  setsockopt(descriptor_, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  ::close(descriptor_);
  descriptor_ = -1;
}

void HttpConnection::fail_request() {
  drop();
  answered_(0, {});
}

void HttpConnection::on_ready(std::uint32_t events) {
  if (descriptor_ < 0) return;
  if ((events & EPOLLOUT) != 0 && !unsent_.empty()) {
    const std::string request = std::move(unsent_);
    unsent_.clear();
    loop_.modify(descriptor_, EPOLLIN, *this);
    if (::send(descriptor_, request.data(), request.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(request.size())) {
      return fail_request();
    }
  }
  if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) == 0) return;
  const auto buffer = loop_.buffer();
  const ssize_t got = recv(descriptor_, buffer.data(), buffer.size(), 0);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (got <= 0) return fail_request();
  received_.append(buffer.data(), static_cast<std::size_t>(got));
  take();
}

void HttpConnection::take() {
  const std::size_t end = received_.find("\r\n\r\n");
  if (end == std::string::npos) return;
  const std::string_view head(received_.data(), end + 2);
  const std::string_view length = header(head, "content-length");
  std::size_t size = 0;
  int status = 0;
  std::from_chars(length.data(), length.data() + length.size(), size);
  if (length.empty() || head.size() < 12) return fail_request();
  std::from_chars(head.data() + 9, head.data() + 12, status);
  if (received_.size() < end + 4 + size) return;
  const std::string body = received_.substr(end + 4, size);
  if (header(head, "connection") == "close") drop();
  answered_(status, body);
}

Poller::Poller(Loop& loop, Owner& owner, std::uint16_t port, std::uint32_t index)
    : Session(owner, index),
      polls_(loop, port, [this](int status, const std::string& body) { on_answer(status, body); }),
      goodbye_(loop, port, [this](int, const std::string&) { on_goodbye(); }) {}

void Poller::open() {
  target_ = kTarget;
  state_ = State::kOpening;
  poll();
}

void Poller::close() {
  state_ = State::kClosing;
  goodbye_.send("POST", target_, "1");
}

void Poller::drop() {
  state_ = State::kClosed;
  polls_.drop();
  goodbye_.drop();
}

void Poller::lose(std::string_view why) {
  drop();
  owner().on_closed(*this, why);
}

void Poller::on_goodbye() {
  drop();
  owner().on_closed(*this, {});
}

void Poller::poll() { polls_.send("GET", target_, {}); }

void Poller::post(std::string_view body) { polls_.send("POST", target_, body); }

void Poller::on_answer(int status, const std::string& body) {
  if (state_ == State::kClosed || state_ == State::kClosing) return;
  if (status != 200) return lose("a request was answered by " + std::to_string(status));
  switch (state_) {
    case State::kOpening: {
      const std::size_t start = body.find("\"sid\":\"");
      if (start == std::string::npos) return lose("the handshake has no sid");
      target_ += "&sid=" + body.substr(start + 7, body.find('"', start + 7) - start - 7);
      state_ = State::kPosting;
      return post("40");
    }
    case State::kPosting:
      state_ = State::kJoining;
      return poll();
    case State::kPonging:
      state_ = State::kJoined;
      return poll();
    default:
      return take_packets(body);
  }
}

void Poller::take_packets(std::string_view body) {
  bool pinged = false;
  while (!body.empty()) {
    const std::size_t end = body.find('\x1e');
    const std::string_view packet = body.substr(0, end);
    body = end == std::string_view::npos ? std::string_view{} : body.substr(end + 1);
    if (packet == "2") pinged = true;
    if (packet == "1" || packet.starts_with("44")) return lose("closed by the server's packet");
    if (state_ == State::kJoining && packet.starts_with("40")) {
      state_ = State::kJoined;
      owner().on_joined(*this);
    } else if (is_joined() && packet.starts_with('4')) {
      owner().on_message(*this, packet, now_ns());
    }
  }
  if (!pinged) return poll();
  if (state_ == State::kJoined) state_ = State::kPonging;
  post("3");
}

}  // namespace bench
