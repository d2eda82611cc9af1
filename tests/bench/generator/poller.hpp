// One Socket.IO client on long polling. It polls and posts over one connection, in turn: it only receives. Its close
// uses a separate connection.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "tests/bench/generator/loop.hpp"
#include "tests/bench/generator/session.hpp"

namespace bench {

/// A connection of HTTP/1.1 for one request at a time.
class HttpConnection final : public Handler {
 public:
  /// Status 0: there was no answer.
  using Answered = std::function<void(int status, const std::string& body)>;

  HttpConnection(Loop& loop, std::uint16_t port, Answered answered);
  HttpConnection(const HttpConnection&) = delete;
  HttpConnection& operator=(const HttpConnection&) = delete;
  ~HttpConnection() override { drop(); }

  /// Connects if need be.
  void send(std::string_view method, std::string_view target, std::string_view body);
  void drop();
  void on_ready(std::uint32_t events) override;

 private:
  void take();
  void fail_request();

  Loop& loop_;
  std::uint16_t port_;
  Answered answered_;
  int descriptor_ = -1;
  std::string unsent_;
  std::string received_;
};

class Poller final : public Session {
 public:
  Poller(Loop& loop, Owner& owner, std::uint16_t port, std::uint32_t index);

  void open() override;
  void close() override;
  void drop() override;
  [[nodiscard]] bool is_joined() const override { return state_ == State::kJoined; }

 private:
  enum class State { kClosed, kOpening, kPosting, kJoining, kJoined, kPonging, kClosing };

  void on_answer(int status, const std::string& body);
  void on_goodbye();
  void take_packets(std::string_view body);
  void poll();
  void post(std::string_view body);
  void lose(std::string_view why);

  HttpConnection polls_;
  HttpConnection goodbye_;
  std::string target_;  // with the session's id
  State state_ = State::kClosed;
};

}  // namespace bench
