// One TCP connection to Redis: resolve, connect, greet (AUTH, SELECT, CLIENT SETNAME, PING), then commands out and
// replies in. Created for each attempt and owned by a Link. Loop thread only.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"
#include "realtime-server/loop/endpoint.hpp"
#include "realtime-server/loop/loop.hpp"
#include "realtime-server/loop/resolver.hpp"
#include "realtime-server/redis/reply_reader.hpp"
#include "realtime-server/redis/url.hpp"

namespace redis {

struct ConnectionOptions {
  Url url;
  std::string client_name;  ///< for CLIENT LIST; bytes that Redis does not accept in a name become "-"
  RespLimits limits;
  std::chrono::milliseconds connect_timeout{5000};    ///< from resolving the name to the answer to the greeting's PING
  std::chrono::milliseconds handshake_timeout{1500};  ///< of TCP, for each resolved address
  /// How many bytes of replies may be taken in a turn of the loop; asked for each turn. Empty: as many as fit.
  std::function<std::size_t()> read_size;
};

class Connection final : public std::enable_shared_from_this<Connection>, private loop::Watched {
 public:
  /// Called on the loop thread, and not after close().
  struct Events {
    std::function<void()> ready;
    std::function<void(const Reply&)> reply;  ///< each reply after ready
    std::function<void(core::Error)> closed;  ///< the connection failed or could not be established
  };

  Connection(loop::Loop& loop, ConnectionOptions options, Events events);
  ~Connection() override { close(); }

  /// Call once. Fails by Events::closed, but not within the call.
  void open();
  /// Queues a command. Commands queued in one turn of the loop are sent in one write at its end.
  void send(std::initializer_list<std::string_view> command);
  /// Bytes of commands that the kernel has not accepted yet. Callers that send much must limit it.
  std::size_t queued_bytes() const { return queued_.size() - sent_; }
  /// Sends at once what the kernel accepts of the queued commands, before close().
  void flush_now();
  void close();

  std::uint64_t writes() const { return writes_; }
  std::uint64_t received_bytes() const { return received_bytes_; }
  std::uint64_t last_skipped_bytes() const { return reader_.last_skipped_bytes(); }

 private:
  enum class Stage { kResolving, kConnecting, kGreeting, kReady, kClosed };
  enum class Greeting { kAuth, kSelect, kName, kPing };

  void on_ready(std::uint32_t events) override;
  void connect_next();
  bool try_next();
  void on_connect_done();
  void on_connect_timeout();
  void on_connected();
  void leave_socket();
  void greet();
  void on_greeting_reply(const Reply& reply);
  void on_deadline();
  void read();
  void take(std::string_view bytes);
  void flush();
  void watch_for(std::uint32_t events);
  void fail(core::ErrorKind kind, std::string message);

  loop::Loop& loop_;
  const ConnectionOptions options_;
  const Events events_;
  loop::Resolver resolver_;
  loop::Descriptor socket_;
  std::uint32_t watched_ = 0;  // the events that the loop watches for
  loop::Timer deadline_;
  loop::Timer handshake_deadline_;
  loop::Deferred flush_;
  Stage stage_ = Stage::kResolving;
  std::vector<loop::Endpoint> endpoints_;
  std::size_t next_endpoint_ = 0;
  std::string connect_error_;  // of the last address that was tried
  std::vector<Greeting> greetings_;
  std::size_t greeted_ = 0;  // answers to the greeting received so far
  ReplyReader reader_;
  std::vector<char> incoming_;
  std::string queued_;
  std::size_t sent_ = 0;  // bytes of it that the kernel has accepted
  std::uint64_t writes_ = 0;
  std::uint64_t received_bytes_ = 0;
};

}  // namespace redis
