#include "realtime-server/server/admission.hpp"

namespace server {

Admission::Admission(const LimitsConfig& limits) : limits_{limits}, connects_{limits.connects_per_second} {}

Admission::Source Admission::source_of(const loop::IpAddress& address) {
  const auto bytes = loop::bytes_of(address);
  // The second half of an IPv4 address in this form is no prefix of IPv6 networks that are in use.
  const std::size_t begin = address.is_v6() ? 0 : 8;
  Source source = 0;
  for (auto i = begin; i < begin + 8; ++i) source = source << 8U | bytes.at(i);
  return source;
}

std::optional<Full> Admission::refusal(const loop::IpAddress& address, std::size_t connections,
                                       loop::Clock::time_point now) {
  if (connections > limits_.max_connections)
    return Full{ConnectOutcome::kTooMany, 503, 5,
                "the server has as many connections as it may; see limits.maxConnections\n"};
  if (sessions_ >= limits_.max_sessions)
    return Full{ConnectOutcome::kTooManySessions, 503, 5,
                "the server has as many sessions as it may; see limits.maxSessions\n"};
  if (limits_.per_address > 0) {
    const auto found = by_source_.find(source_of(address));
    if (found != by_source_.end() && found->second >= limits_.per_address)
      return Full{ConnectOutcome::kTooManyOfAddress, 429, 5,
                  "this address has as many sessions as it may; see limits.perAddress\n"};
  }
  if (!connects_.has(now))
    return Full{ConnectOutcome::kTooFast, 503, 1, "too many new sessions at once; see limits.connectsPerSecond\n"};
  return std::nullopt;
}

void Admission::opened(const loop::IpAddress& address) {
  ++sessions_;
  connects_.take(1);
  if (limits_.per_address > 0) ++by_source_[source_of(address)];
}

void Admission::closed(const loop::IpAddress& address) {
  --sessions_;
  if (limits_.per_address == 0) return;
  const auto found = by_source_.find(source_of(address));
  if (--found->second == 0) by_source_.erase(found);
}

}  // namespace server
