// A network of IP addresses, for example 10.0.0.0/8 or fd00::/8. A value; any thread.
#pragma once

#include <array>
#include <optional>
#include <string_view>

#include "realtime-server/loop/endpoint.hpp"

namespace loop {

/// An address as 16 bytes; IPv4 in the form that is mapped into IPv6 (RFC 4291, section 2.5.5.2).
using AddressBytes = std::array<unsigned char, 16>;
AddressBytes bytes_of(const IpAddress& address);

class Network {
 public:
  /// Reads `ADDRESS/BITS`, or an address alone; nothing if the text is neither.
  static std::optional<Network> parse(std::string_view text);

  bool contains(const IpAddress& address) const;

 private:
  AddressBytes prefix_{};
  unsigned bits_ = 0;  ///< of prefix_ that an address must share
};

}  // namespace loop
