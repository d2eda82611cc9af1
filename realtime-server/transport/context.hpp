// What the connections of a shard share: the loop, one buffer to read into, deadlines, memory to send from, limits and
// counts. Owned by the shard; one loop thread only.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>

#include <boost/intrusive/list.hpp>

#include "realtime-server/engineio/outlet.hpp"
#include "realtime-server/loop/loop.hpp"
#include "realtime-server/transport/forwarded.hpp"
#include "realtime-server/transport/run_queue.hpp"

namespace transport {

using Queue = loop::Deadlines::Queue;

/// An open connection of any protocol. The context lists them so that all can be closed.
class OpenConnectionTag;
class OpenConnection
    : public boost::intrusive::list_base_hook<boost::intrusive::tag<OpenConnectionTag>,
                                              boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
 public:
  virtual ~OpenConnection() = default;
  /// Closes it at once, without callbacks.
  virtual void abandon() = 0;
};

using OpenConnections = boost::intrusive::list<
    OpenConnection,
    boost::intrusive::base_hook<boost::intrusive::list_base_hook<
        boost::intrusive::tag<OpenConnectionTag>, boost::intrusive::link_mode<boost::intrusive::auto_unlink>>>,
    boost::intrusive::constant_time_size<false>>;

/// Limits of requests and connections.
struct Limits {
  std::chrono::milliseconds header_timeout{10'000};
  std::chrono::milliseconds body_timeout{20'000};
  std::chrono::milliseconds idle_timeout{620'000};   ///< of a kept-alive connection between requests
  std::chrono::milliseconds answer_timeout{75'000};  ///< for the client to take an answer
  std::chrono::milliseconds pause{50};               ///< of reading from a client that sends too fast
  std::chrono::milliseconds close_timeout{5'000};    ///< for the client's part of a closing handshake
  std::chrono::milliseconds upgrade_timeout{10'000};
  std::size_t header_bytes = 16'384;  ///< of a request, and of what stands between chunks
  std::size_t max_payload = 1'000'000;
  std::size_t connections = 100'000;
  std::size_t received_bytes = 64 << 20;  ///< of all clients, waiting for their rest or their turn
};

/// Counters that all connections share.
struct Counters {
  std::uint64_t connections = 0;  ///< open sockets of any kind
  std::uint64_t bytes_in = 0;
  std::uint64_t bytes_out = 0;
  std::uint64_t messages_in = 0;
  std::uint64_t writes = 0;  ///< system calls that send to WebSockets
  std::uint64_t pauses = 0;  ///< of reading from clients that send too fast
};

struct Context {
  Context(loop::Loop& its_loop, const Limits& set, engineio::SendQueueLimits& send_queues, engineio::FlushList& list)
      : loop{its_loop}, limits{set}, send_queue_limits{send_queues}, flush_list{list} {}

  loop::Loop& loop;
  Limits limits;
  TrustedProxies trusted_proxies;
  engineio::SendQueueLimits& send_queue_limits;
  engineio::FlushList& flush_list;
  engineio::Holders<engineio::ToSend> waiting_to_send;
  engineio::ReceivedMemory received{limits.received_bytes};
  engineio::ChunkArena arena;
  RunQueue run_queue{loop, flush_list, send_queue_limits, received};
  Queue& header_deadlines = loop.deadlines().queue(limits.header_timeout);
  Queue& body_deadlines = loop.deadlines().queue(limits.body_timeout);
  Queue& idle_deadlines = loop.deadlines().queue(limits.idle_timeout);
  Queue& answer_deadlines = loop.deadlines().queue(limits.answer_timeout);
  Queue& pauses = loop.deadlines().queue(limits.pause);
  Queue& close_deadlines = loop.deadlines().queue(limits.close_timeout);
  Queue& upgrade_deadlines = loop.deadlines().queue(limits.upgrade_timeout);
  Counters counters;
  OpenConnections connections;
  std::array<char, 65'536> buffer{};  ///< bytes read in this turn; copy what must be kept
};

}  // namespace transport
