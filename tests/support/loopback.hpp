// A loop with what connections share, run on the test's thread, and peers at the other end of real sockets.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "realtime-server/transport/context.hpp"

namespace loopback {

using transport::Socket;

class Loop {
 public:
  explicit Loop(const transport::Limits& limits = {}, const engineio::SendQueueLimits& send_queue_limits = {});
  /// Ends every connection and runs what they have left.
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  /// Runs the loop until `is_so`; false if that does not come within ten seconds, or cannot come any more.
  bool until(const std::function<bool()>& is_so);
  /// Runs what is ready; on one machine that is all that the peers have done.
  void settle();

  /// Both ends of a connection over 127.0.0.1: ours, and the peer's. `buffer` bytes are what our socket may hold unsent
  /// and the peer's unread, about; 0 leaves that to the system.
  std::pair<Socket, Socket> connect(int buffer = 0);

  boost::asio::io_context io;
  engineio::SendQueueLimits send_queues;
  engineio::FlushList flush_list;
  transport::Context context;
};

/// The other end of a connection. Sends and reads on the loop of the test.
class Peer {
 public:
  Peer(Loop& loop, Socket socket);
  ~Peer();
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;

  /// Sends all of it, after what was to be sent before.
  void send(std::string bytes);
  /// Takes what comes from now on.
  void read();
  /// Has nothing more to send.
  void shut();
  /// Goes away; with a reset if told so.
  void close(bool reset = false);

  const std::string& received() const;
  /// What was received, which is forgotten.
  std::string take();
  /// Our side has closed in an orderly way, after everything was received.
  bool ended() const;
  /// The connection was reset.
  bool was_reset() const;
  /// Bytes that could not be sent yet.
  std::size_t unsent() const;
  Socket& socket();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace loopback
