// Decides whether another session may open: counts sessions in all and by address, and limits how fast new ones come.
// Owned by a shard; one loop thread only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include <boost/unordered/unordered_flat_map.hpp>

#include "realtime-server/loop/network.hpp"
#include "realtime-server/server/config.hpp"
#include "realtime-server/server/metrics.hpp"
#include "realtime-server/server/token_bucket.hpp"

namespace server {

/// A refusal for want of room, and when it is worth another try.
struct Full {
  ConnectOutcome outcome;
  int status;  ///< of HTTP: 503 if the server is full, 429 if it is this client (RFC 6585, section 4)
  int retry_after_seconds;
  std::string_view message;
};

class Admission {
 public:
  explicit Admission(const LimitsConfig& limits);

  /// Why no session may open for this address; nothing if one may. `connections` are those that are open.
  std::optional<Full> refusal(const loop::IpAddress& address, std::size_t connections, loop::Clock::time_point now);
  /// A session of this address has opened; closed() with the same must follow.
  void opened(const loop::IpAddress& address);
  void closed(const loop::IpAddress& address);

 private:
  /// An IPv4 address, or the /64 network of an IPv6 address, which usually belongs to one client.
  using Source = std::uint64_t;
  static Source source_of(const loop::IpAddress& address);

  LimitsConfig limits_;
  TokenBucket connects_;
  std::size_t sessions_ = 0;
  boost::unordered_flat_map<Source, std::uint32_t> by_source_;  ///< counted only if limited
};

}  // namespace server
