// Redis as the adapters use it: publish to channels, receive what others publish. Two independent connections, because
// a subscribed one cannot publish. Owned by a shard and called on its loop thread only; callbacks run on that thread
// too and may call everything but the destructor.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "realtime-server/redis/resp_guard.hpp"
#include "realtime-server/redis/url.hpp"

namespace loop {
class Loop;
}

namespace redis {

enum class BusState {
  kConnecting,    ///< not subscribed yet
  kSubscribed,    ///< messages arrive
  kNotReceiving,  ///< Redis answers, but the subscription is down or silent
  kDisconnected,  ///< Redis does not answer at all
};

struct BusStateInfo {
  BusState state;
  std::string_view name;  ///< for logs and metrics
};

/// The catalogue of states.
inline constexpr std::array<BusStateInfo, 4> kBusStates{{{BusState::kConnecting, "connecting"},
                                                         {BusState::kSubscribed, "subscribed"},
                                                         {BusState::kNotReceiving, "not_receiving"},
                                                         {BusState::kDisconnected, "disconnected"}}};

std::string_view bus_state_name(BusState state);

struct BusOptions {
  Url url;
  std::vector<std::string> channels;                 ///< to subscribe to; at least one
  std::string client_name = "realtime-server";       ///< in CLIENT LIST, followed by "-subscribe" or "-publish"
  RespLimits limits;                                 ///< of what Redis sends; bulk_bytes limits the size of a message
  std::size_t queue_bytes = std::size_t{16} << 20U;  ///< of publishes that the kernel has not taken yet
  /// How many bytes of messages may be taken in a turn of the loop; asked for each turn. Empty: as many as fit.
  std::function<std::size_t()> read_size;
  std::chrono::milliseconds connect_timeout{5000};
  std::chrono::milliseconds ping_interval{5000};  ///< on each connection
  std::chrono::milliseconds ping_timeout{5000};
  std::chrono::milliseconds backoff_first{100};
  /// One second, so that replicas receive each other's messages within two seconds after Redis is back.
  std::chrono::milliseconds backoff_last{1000};
  std::chrono::milliseconds healthy_after{10'000};  ///< a connection that lasted this long resets its back-off
};

struct BusCounters {
  std::uint64_t publishes = 0;   ///< calls of publish
  std::uint64_t lost = 0;        ///< publishes that Redis did not confirm: not sent, refused, or interrupted
  std::uint64_t messages = 0;    ///< messages passed to on_message
  std::uint64_t refused = 0;     ///< messages over the limit, which were skipped
  std::uint64_t reconnects = 0;  ///< number of reconnects, of both connections
  std::uint64_t writes = 0;      ///< writes to the publishing socket
};

class Bus {
 public:
  struct Events {
    /// A message. The payload's bytes are valid during the call only.
    std::function<void(std::string_view channel, std::string_view payload)> on_message;
    /// The state changed. If it got worse, problem() says why.
    std::function<void(BusState)> on_state;
    /// What went wrong and how to fix it, without secrets. Not repeated while it stays the same.
    std::function<void(std::string_view message)> on_problem;
  };

  Bus(loop::Loop& loop, BusOptions options, Events events);
  ~Bus();
  Bus(const Bus&) = delete;
  Bus& operator=(const Bus&) = delete;

  /// Call once.
  void start();
  /// Sends what the kernel accepts of the queued data, and closes. No callbacks afterwards.
  void stop();

  /// Publishes at the end of this turn of the loop, in one write with all others of the turn. If there is no connection
  /// or the queue is full, the payload is lost and counted.
  void publish(std::string_view channel, std::string_view payload);

  BusState state() const;
  BusCounters counters() const;
  /// The current problem, as reported by on_problem; empty if there is none.
  const std::string& problem() const;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace redis
