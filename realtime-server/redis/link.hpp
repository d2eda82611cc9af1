// Keeps one connection to Redis: establishes it, checks it with PING, and reconnects with back-off when it is lost.
// Owned by a Bus, which has one that subscribes and one that publishes. Loop thread only.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <string_view>

#include "core/result.hpp"
#include "realtime-server/redis/backoff.hpp"
#include "realtime-server/redis/connection.hpp"

namespace redis {

struct LinkOptions {
  ConnectionOptions connection;
  std::size_t queue_bytes = std::size_t{16}
                            << 20U;  ///< of commands that the kernel has not accepted yet, without PINGs
  std::chrono::milliseconds ping_interval{5000};
  std::chrono::milliseconds ping_timeout{5000};
  std::chrono::milliseconds backoff_first{100};
  std::chrono::milliseconds backoff_last{1000};
  std::chrono::milliseconds healthy_after{10'000};  ///< a connection that lasted this long resets the back-off
};

class Link {
 public:
  using Clock = loop::Clock;

  /// Called on the loop thread, and not after stop().
  struct Events {
    std::function<void()> up;
    std::function<void(const Reply&)> reply;    ///< the answer to a command, in the order of the commands
    std::function<void(const Reply&)> message;  ///< the messages of a subscription
    std::function<void()> alive;                ///< a PING was answered: see proved_at()
    /// The connection was lost or could not be established. `unanswered`: commands that had no answer.
    std::function<void(const core::Error&, std::uint64_t unanswered)> down;
  };

  Link(loop::Loop& loop, LinkOptions options, Events events);

  void start();
  /// Sends what the kernel accepts of the queued commands, and closes.
  void stop();
  /// Sends a command that has one answer. Returns false and sends nothing if the link is down or its queue is full; an
  /// empty queue accepts any command.
  bool send(std::initializer_list<std::string_view> command);
  /// Sends a PING now instead of at the next interval.
  void ping_now();
  /// Tries again at once if Redis could not be reached or does not answer an attempt: another connection has just
  /// reached it.
  void try_now();
  /// Drops the connection because of an answer from Redis, and tries again with back-off.
  void give_up(const core::Error& error);

  bool is_up() const { return place_ == Place::kUp; }
  /// Bytes of commands that the kernel has not taken yet.
  std::size_t queued_bytes() const { return connection_ ? connection_->queued_bytes() : 0; }
  /// When the latest answered PING was sent.
  Clock::time_point proved_at() const { return proved_at_; }
  /// Number of writes to the socket, over all connections.
  std::uint64_t writes() const { return writes_ + (connection_ ? connection_->writes() : 0); }
  std::uint64_t last_skipped_bytes() const { return connection_ ? connection_->last_skipped_bytes() : 0; }

 private:
  enum class Place { kStopped, kOpening, kUp, kWaiting };

  void open();
  void on_ready();
  void on_reply(const Reply& reply);
  void on_pong();
  void on_ping_due();
  void on_silence();
  void drop(const core::Error& error, bool at_once);

  loop::Loop& loop_;
  const LinkOptions options_;
  const Events events_;
  Backoff backoff_;
  std::shared_ptr<Connection> connection_;
  Place place_ = Place::kStopped;
  loop::Timer retry_timer_;
  loop::Timer ping_timer_;
  Clock::time_point opened_at_;
  Clock::time_point up_since_;
  bool was_up_ = false;            // the connection before the wait had come up
  std::uint64_t unanswered_ = 0;   // commands without an answer, not counting PINGs
  bool pinging_ = false;           // a PING has no answer yet
  bool ping_again_ = false;        // the answer to a later PING is wanted
  std::uint64_t before_pong_ = 0;  // commands whose answers come before that of the PING
  std::uint64_t received_at_ping_ = 0;
  Clock::time_point pinged_at_;
  Clock::time_point proved_at_;
  std::uint64_t writes_ = 0;  // of earlier connections
};

}  // namespace redis
