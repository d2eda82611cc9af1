// One client on a WebSocket, as light as it can be: its only buffers hold what could not be read or sent
// whole.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "tests/bench/generator/loop.hpp"
#include "tests/bench/generator/session.hpp"
#include "tests/bench/generator/target.hpp"

namespace bench {

/// Appends the frame of a text message, masked as a client has to.
void append_text(std::string& out, std::string_view packet);

class Client final : public Session, public Handler {
 public:
  /// With `stamped`, packets come with the moment at which the kernel had them, else with that at which they were read.
  Client(Loop& loop, Owner& owner, const Target& target, std::uint32_t index, bool stamped = false);
  ~Client() override { reset(); }

  void open() override;
  /// Starts the closing handshake; it is the server that closes the connection, as RFC 6455 wants it.
  void close() override;
  void drop() override { reset(); }
  [[nodiscard]] bool is_joined() const override { return state_ == State::kJoined; }

  /// Its id, once it has joined; of Socket.IO, that in the namespace "/".
  [[nodiscard]] const std::string& sid() const { return sid_; }
  [[nodiscard]] bool is_closing() const { return state_ == State::kClosing; }

  /// Sends frames as they are.
  void send(std::string_view frames);

  void on_ready(std::uint32_t events) override;

 private:
  enum class State { kClosed, kUpgrading, kOpening, kJoining, kJoined, kClosing };

  void send_packet(std::uint8_t opcode, std::string_view packet);
  void flush();
  void read();
  std::size_t take(std::span<char> bytes, std::int64_t now);
  std::size_t take_upgrade(std::span<char> bytes);
  void take_frame(std::uint8_t opcode, std::string_view payload, std::int64_t now);
  void take_message(std::string_view message, std::int64_t now);
  void lose(std::string_view why);
  void reset();
  void forget();

  Loop& loop_;
  const Protocol& protocol_;
  std::uint16_t port_;
  bool stamped_;
  int descriptor_ = -1;
  State state_ = State::kClosed;
  bool wants_to_write_ = false;
  std::string sid_;
  std::string unread_;  // the start of a frame whose rest has not come
  std::string unsent_;
};

/// Makes the clients of a crowd; see Client's constructor.
Crowd::Make clients_of(Loop& loop, const Target& target, bool stamped);

/// A non-blocking TCP socket that is connected to a port of this machine, or will be; -1 if there is none.
int connect_to(std::uint16_t port);

}  // namespace bench
