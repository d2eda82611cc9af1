// What the generator says and hears over a WebSocket, in the words of a protocol. In each of them a client connects and
// joins, publishes a text that everyone receives, and sends events that are acknowledged.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace bench {

class Protocol {
 public:
  enum class Meaning { kOpened, kJoined, kRefused, kAlive, kOther };

  Protocol() = default;
  Protocol(const Protocol&) = delete;
  Protocol& operator=(const Protocol&) = delete;
  virtual ~Protocol() = default;

  /// Of the request that upgrades.
  [[nodiscard]] virtual std::string_view target() const = 0;
  /// What a client says at once; empty: it is the server that begins.
  [[nodiscard]] virtual std::string_view hello() const = 0;
  [[nodiscard]] virtual Meaning meaning(std::string_view message) const = 0;
  /// The answers to kOpened, and to kAlive, a ping.
  [[nodiscard]] virtual std::string_view join() const = 0;
  [[nodiscard]] virtual std::string_view pong() const = 0;
  /// What precedes the client's id, in the last message before it has joined that has one.
  [[nodiscard]] virtual std::string_view id_mark() const = 0;

  [[nodiscard]] virtual std::string publish(std::string_view text) const = 0;
  /// What everyone receives then is this, the text, and received_tail().
  [[nodiscard]] virtual std::string_view received_head() const = 0;
  [[nodiscard]] virtual std::string received_tail(std::string_view publisher_id) const = 0;

  /// An event with an acknowledgement, which is answer_head(), the number, and answer_tail() of the text.
  [[nodiscard]] virtual std::string ask(std::int64_t number, std::string_view text) const = 0;
  [[nodiscard]] virtual std::string_view answer_head() const = 0;
  [[nodiscard]] virtual std::string answer_tail(std::string_view text) const = 0;
};

/// Null if there is none of that name.
const Protocol* find_protocol(std::string_view name);

}  // namespace bench
