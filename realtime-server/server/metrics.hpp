// The server's metrics: the catalogue, what a shard counts, and the Prometheus text format. A `Snapshot` is created on
// a shard's loop thread; `Exposition` belongs to the admin server.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <string>

#include "core/metrics.hpp"
#include "realtime-server/adapter/adapter.hpp"
#include "realtime-server/engineio/close_reason.hpp"

namespace server {

inline constexpr core::MetricInfo kConnections{core::MetricType::kGauge, "realtime_server_connections",
                                               "Open Engine.IO sessions by transport."};
inline constexpr core::MetricInfo kSockets{core::MetricType::kGauge, "realtime_server_tcp_connections",
                                           "Open TCP connections of any kind."};
inline constexpr core::MetricInfo kConnects{core::MetricType::kCounter, "realtime_server_connects_total",
                                            "Handshakes and CONNECTs by outcome."};
inline constexpr core::MetricInfo kCloses{core::MetricType::kCounter, "realtime_server_closes_total",
                                          "Closed sessions and connections, by reason."};
inline constexpr core::MetricInfo kMessages{core::MetricType::kCounter, "realtime_server_messages_total",
                                            "Messages from clients, and events sent to clients."};
inline constexpr core::MetricInfo kDropped{core::MetricType::kCounter, "realtime_server_messages_dropped_total",
                                           "Packets that could not be forwarded."};
inline constexpr core::MetricInfo kBytes{core::MetricType::kCounter, "realtime_server_bytes_total",
                                         "Bytes from and to clients."};
inline constexpr core::MetricInfo kWrites{core::MetricType::kCounter, "realtime_server_websocket_writes_total",
                                          "System calls that send to WebSockets."};
inline constexpr core::MetricInfo kSendQueue{core::MetricType::kGauge, "realtime_server_send_queue_bytes",
                                             "Bytes in all send queues; shared bytes count for each client."};
inline constexpr core::MetricInfo kSendQueueMemory{core::MetricType::kGauge, "realtime_server_send_queue_memory_bytes",
                                                   "Memory of all send queues; shared bytes count once."};
inline constexpr core::MetricInfo kReceivedMemory{core::MetricType::kGauge, "realtime_server_received_memory_bytes",
                                                  "Memory of what clients sent that waits for its rest or its turn."};
inline constexpr core::MetricInfo kPauses{core::MetricType::kCounter, "realtime_server_pauses_total",
                                          "Pauses of reading from clients that send faster than they may."};
inline constexpr core::MetricInfo kLoopLag{core::MetricType::kGauge, "realtime_server_loop_lag_seconds",
                                           "How long this scrape waited for the loop."};
inline constexpr core::MetricInfo kRedisState{core::MetricType::kGauge, "realtime_server_redis_state",
                                              "1 for the current state of the connection to Redis, 0 for the others."};
inline constexpr core::MetricInfo kRedisPublishes{core::MetricType::kCounter, "realtime_server_redis_publishes_total",
                                                  "Events published to Redis."};
inline constexpr core::MetricInfo kRedisLost{core::MetricType::kCounter, "realtime_server_redis_publishes_lost_total",
                                             "Events that Redis did not accept or confirm."};
inline constexpr core::MetricInfo kRedisMessages{core::MetricType::kCounter, "realtime_server_redis_messages_total",
                                                 "Messages from Redis."};
inline constexpr core::MetricInfo kRedisRefused{
    core::MetricType::kCounter, "realtime_server_redis_messages_refused_total", "Invalid messages from Redis."};
inline constexpr core::MetricInfo kDraining{core::MetricType::kGauge, "realtime_server_draining",
                                            "1 while the server shuts down, else 0."};

/// How a handshake or a CONNECT ended.
enum class ConnectOutcome : std::uint8_t {
  kPolling,           ///< a session over polling
  kWebSocket,         ///< a session over WebSocket
  kUpgraded,          ///< a session that changed from polling to WebSocket
  kRefused,           ///< a handshake that violates the protocol
  kForbidden,         ///< a handshake from an origin that is not allowed
  kGoingAway,         ///< a handshake while the server shuts down
  kTooMany,           ///< a handshake while there are more connections than may be
  kTooManySessions,   ///< a handshake over the limit of sessions
  kTooManyOfAddress,  ///< a handshake over the limit of sessions of its address
  kTooFast,           ///< a handshake over the rate of new sessions
  kNamespace,         ///< an accepted CONNECT
  kUnknownNamespace,  ///< a CONNECT to an unknown namespace
};
inline constexpr std::array<std::string_view, 12> kConnectOutcomes{
    "polling",           "websocket",           "upgraded", "refused",   "forbidden",        "draining", "too_many",
    "too_many_sessions", "too_many_of_address", "too_fast", "namespace", "unknown_namespace"};

/// The `outcome` label of metrics.
constexpr std::string_view name_of(ConnectOutcome outcome) {
  return kConnectOutcomes.at(static_cast<std::size_t>(outcome));
}

/// All values at one moment.
struct Snapshot {
  std::uint64_t polling = 0;
  std::uint64_t websocket = 0;
  std::uint64_t sockets = 0;
  std::array<std::uint64_t, kConnectOutcomes.size()> connects{};
  std::array<std::uint64_t, engineio::kCloseReasons.size()> closes{};
  std::uint64_t messages_in = 0;
  std::uint64_t messages_out = 0;
  std::uint64_t dropped = 0;
  std::uint64_t bytes_in = 0;
  std::uint64_t bytes_out = 0;
  std::uint64_t writes = 0;
  std::uint64_t pauses = 0;
  std::uint64_t received_memory = 0;
  std::uint64_t send_queue_bytes = 0;
  std::uint64_t send_queue_memory = 0;
  std::chrono::duration<double> loop_lag{};
  adapter::State redis = adapter::State::kLocal;
  std::string problem;
  adapter::Counters backplane;
  bool draining = false;

  std::uint64_t& of(ConnectOutcome outcome) { return connects.at(static_cast<std::size_t>(outcome)); }
  std::uint64_t& of(engineio::CloseReason reason) { return closes.at(static_cast<std::size_t>(reason)); }
};

class Exposition {
 public:
  /// The snapshot and process metrics in the Prometheus text format. Safe on any thread.
  std::string text(const Snapshot& now);

 private:
  void count(const core::MetricInfo& info, const core::Metrics::Labels& labels, std::uint64_t now,
             std::uint64_t& exposed);

  std::mutex mutex_;
  core::Metrics metrics_;
  Snapshot exposed_;  ///< the highest counter values that were exposed
};

}  // namespace server
