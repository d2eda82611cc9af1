// Redis as the adapters see it: publish to channels, hear what others publish. Two connections, as one that subscribes
// may not publish, each kept by itself. Owned by a shard, which calls it on its loop thread only; callbacks come on
// that thread too and may call everything but the destructor.
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

namespace boost::asio {
class io_context;
}

namespace redis {

enum class BusState {
  kConnecting,    ///< there has been no subscription yet
  kSubscribed,    ///< messages come in
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
  std::vector<std::string> channels;            ///< to subscribe to; at least one
  std::string client_name = "realtime-server";  ///< in CLIENT LIST, with "-subscribe" or "-publish" behind it
  RespLimits limits;                            ///< of what Redis sends; bulk_bytes is the most a message may measure
  std::size_t queue_bytes = std::size_t{16} << 20U;  ///< of publishes that the kernel has not taken yet
  std::chrono::milliseconds connect_timeout{5000};
  std::chrono::milliseconds ping_interval{5000};  ///< on each connection
  std::chrono::milliseconds ping_timeout{5000};
  std::chrono::milliseconds backoff_first{100};
  /// A second, so that a fleet hears itself within two when Redis has come back.
  std::chrono::milliseconds backoff_last{1000};
  std::chrono::milliseconds healthy_after{10'000};  ///< the back-off of a connection that held this long starts anew
};

struct BusCounters {
  std::uint64_t publishes = 0;   ///< calls of publish
  std::uint64_t lost = 0;        ///< publishes that Redis has not confirmed: not sent, refused, or cut off
  std::uint64_t messages = 0;    ///< messages handed to on_message
  std::uint64_t refused = 0;     ///< messages over the limit, which were skipped
  std::uint64_t reconnects = 0;  ///< times that one of the connections came back
  std::uint64_t writes = 0;      ///< writes to the publishing socket
};

class Bus {
 public:
  struct Events {
    /// A message. The payload's bytes are valid during the call only.
    std::function<void(std::string_view channel, std::string_view payload)> on_message;
    /// The state has changed; `trouble` says why when it is for the worse.
    std::function<void(BusState)> on_state;
    /// Something went wrong, and what to change, in words without secrets; not told again while it stays the same.
    std::function<void(std::string_view words)> on_trouble;
  };

  Bus(boost::asio::io_context& loop, BusOptions options, Events events);
  ~Bus();
  Bus(const Bus&) = delete;
  Bus& operator=(const Bus&) = delete;

  /// Once.
  void start();
  /// Hands the kernel what it takes of what is queued, and closes. No callback comes afterwards.
  void stop();

  /// Publishes: written at the end of this turn of the loop, together with all others of the turn. While there is no
  /// connection, or the queue is full, the payload is lost, and counted.
  void publish(std::string_view channel, std::string_view payload);

  BusState state() const;
  BusCounters counters() const;
  /// What is wrong now, in the words of on_trouble; empty if nothing is known to be.
  const std::string& trouble() const;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace redis
