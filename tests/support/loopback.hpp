// A loop with what connections share, run on the test's thread, and peers at the other end of real sockets.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "realtime-server/loop/endpoint.hpp"
#include "realtime-server/transport/context.hpp"

namespace loopback {

using loop::Descriptor;

/// A connected socket; the test fails if the address refuses.
Descriptor connect_to(const loop::Endpoint& endpoint);

class Loop {
 public:
  explicit Loop(const transport::Limits& limits = {}, const engineio::SendQueueLimits& send_queue_limits = {});
  /// Ends every connection and runs what they have left.
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  /// Runs the loop until `is_so`; false if that does not come within ten seconds.
  bool until(const std::function<bool()>& is_so);
  /// Runs what is ready; on one machine that is all that the peers have done.
  void settle();
  /// Disconnects those who hold most if memory is short.
  void relieve() {
    if (send_queues.is_over()) context.waiting_to_send.relieve([this] { return send_queues.is_nearly_over(); });
  }

  /// Both ends of a connection over 127.0.0.1: ours, and the peer's. `buffer` bytes are what our socket may hold unsent
  /// and the peer's unread, about; 0 leaves that to the system.
  std::pair<Descriptor, Descriptor> connect(int buffer = 0);

  loop::Loop loop;
  engineio::SendQueueLimits send_queues;
  loop::Deferred end_turn;
  engineio::FlushList flush_list;
  transport::Context context;
};

/// The other end of a connection. Sends and reads on the loop of the test.
class Peer final : private loop::Watched {
 public:
  Peer(Loop& loop, Descriptor socket);
  ~Peer() override { close(); }
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;

  /// Sends all of it, after what was to be sent before.
  void send(const std::string& bytes);
  /// Takes what comes from now on.
  void read();
  /// Has nothing more to send.
  void shut();
  /// Goes away; with a reset if told so.
  void close(bool reset = false);

  const std::string& received() const { return received_; }
  /// What was received, which is forgotten.
  std::string take() { return std::exchange(received_, {}); }
  /// Our side has closed in an orderly way, after everything was received.
  bool ended() const { return ended_; }
  /// The connection was reset.
  bool was_reset() const { return reset_; }
  /// Bytes that could not be sent yet.
  std::size_t unsent() const { return unsent_.size(); }
  int socket() const { return socket_.get(); }

 private:
  void on_ready(std::uint32_t events) override;
  void write();
  void watch_for();
  void leave();

  Loop& loop_;
  Descriptor socket_;
  std::string unsent_;
  std::string received_;
  std::uint32_t watched_ = 0;
  bool reads_ = false;
  bool shuts_ = false;
  bool ended_ = false;
  bool reset_ = false;
  bool gone_ = false;
};

}  // namespace loopback
