#include "realtime-server/server/metrics.hpp"

#include <algorithm>
#include <utility>

namespace server {

/// Concurrent scrapes may arrive out of order: a value below the exposed one is old.
void Exposition::count(const core::MetricInfo& info, const core::Metrics::Labels& labels, std::uint64_t now,
                       std::uint64_t& exposed) {
  const auto newest = std::max(now, exposed);
  metrics_.increment(info, labels, static_cast<double>(newest - std::exchange(exposed, newest)));
}

std::string Exposition::text(const Snapshot& now) {
  const std::lock_guard lock{mutex_};
  const auto set = [this](const core::MetricInfo& info, const core::Metrics::Labels& labels, double value) {
    metrics_.set(info, labels, value);
  };
  set(kConnections, {{"transport", "polling"}}, static_cast<double>(now.polling));
  set(kConnections, {{"transport", "websocket"}}, static_cast<double>(now.websocket));
  set(kSockets, {}, static_cast<double>(now.sockets));
  set(kSendQueue, {}, static_cast<double>(now.send_queue_bytes));
  set(kSendQueueMemory, {}, static_cast<double>(now.send_queue_memory));
  set(kReceivedMemory, {}, static_cast<double>(now.received_memory));
  set(kLoopLag, {}, now.loop_lag.count());
  set(kDraining, {}, now.draining ? 1 : 0);
  for (const auto state : {adapter::State::kLocal, adapter::State::kConnecting, adapter::State::kConnected,
                           adapter::State::kNotReceiving, adapter::State::kDisconnected})
    set(kRedisState, {{"state", std::string{adapter::name_of(state)}}}, state == now.redis ? 1 : 0);
  for (std::size_t i = 0; i < kConnectOutcomes.size(); ++i)
    count(kConnects, {{"outcome", std::string{kConnectOutcomes.at(i)}}}, now.connects.at(i), exposed_.connects.at(i));
  for (std::size_t i = 0; i < now.closes.size(); ++i)
    count(kCloses, {{"reason", std::string{engineio::kCloseReasons.at(i).name}}}, now.closes.at(i),
          exposed_.closes.at(i));
  count(kMessages, {{"direction", "in"}}, now.messages_in, exposed_.messages_in);
  count(kMessages, {{"direction", "out"}}, now.messages_out, exposed_.messages_out);
  count(kBytes, {{"direction", "in"}}, now.bytes_in, exposed_.bytes_in);
  count(kBytes, {{"direction", "out"}}, now.bytes_out, exposed_.bytes_out);
  count(kDropped, {}, now.dropped, exposed_.dropped);
  count(kWrites, {}, now.writes, exposed_.writes);
  count(kPauses, {}, now.pauses, exposed_.pauses);
  count(kRedisPublishes, {}, now.backplane.published, exposed_.backplane.published);
  count(kRedisLost, {}, now.backplane.lost, exposed_.backplane.lost);
  count(kRedisMessages, {}, now.backplane.received, exposed_.backplane.received);
  count(kRedisRefused, {}, now.backplane.refused, exposed_.backplane.refused);
  return metrics_.exposition();
}

}  // namespace server
