// What a proxy says of the client on whose behalf it connects: the PROXY protocol at the start of a connection, and
// X-Forwarded-For in each request. Believed only of proxies that the configuration trusts. Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

#include "realtime-server/loop/network.hpp"

namespace transport {

class TrustedProxies {
 public:
  TrustedProxies() = default;
  explicit TrustedProxies(std::vector<loop::Network> networks) : networks_{std::move(networks)} {}

  bool trusts(const loop::IpAddress& address) const;

  /// The client of a request from `peer`, which is trusted. `lines` are the values of X-Forwarded-For in order: each
  /// proxy appends the address that it saw. The last one that is not itself trusted is the client; what precedes it may
  /// be invented. If one cannot be read, the last that was is taken.
  loop::IpAddress client_of(const loop::IpAddress& peer, const std::vector<std::string_view>& lines) const;

 private:
  std::vector<loop::Network> networks_;
};

/// The header of the PROXY protocol, version 1 or 2 (https://www.haproxy.org/download/3.0/doc/proxy-protocol.txt).
struct ProxyHeader {
  enum class Kind : std::uint8_t { kNone, kIncomplete, kInvalid, kFound };
  Kind kind = Kind::kNone;
  std::size_t size = 0;                     ///< in bytes, of kFound
  std::optional<loop::IpAddress> client{};  ///< nothing if it is not known, or the proxy's own
  bool is_of_proxy = false;                 ///< the proxy speaks for itself (LOCAL)
};

/// Looks for a header at the beginning of a connection's bytes. kNone: they are something else, such as a request.
/// kIncomplete: more bytes must come. No header that is accepted exceeds `most` bytes.
ProxyHeader read_proxy_header(std::string_view bytes, std::size_t most);

}  // namespace transport
