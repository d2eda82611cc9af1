#include "realtime-server/loop/network.hpp"

#include <algorithm>
#include <charconv>
#include <string>

namespace loop {
namespace {

constexpr unsigned kMappedBits = 96;  ///< before an IPv4 address that is mapped into IPv6

}  // namespace

AddressBytes bytes_of(const IpAddress& address) {
  namespace ip = boost::asio::ip;
  return address.is_v6() ? address.to_v6().to_bytes() : ip::make_address_v6(ip::v4_mapped, address.to_v4()).to_bytes();
}

std::optional<Network> Network::parse(std::string_view text) {
  const auto slash = text.find('/');
  boost::system::error_code error;
  const auto address = boost::asio::ip::make_address(std::string{text.substr(0, slash)}, error);
  if (error || (address.is_v6() && address.to_v6().scope_id() != 0)) return std::nullopt;
  const unsigned most = address.is_v6() ? 128 : 32;
  unsigned bits = most;
  if (slash != std::string_view::npos) {
    const auto digits = text.substr(slash + 1);
    const auto [end, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), bits);
    if (failure != std::errc{} || end != digits.data() + digits.size() || bits > most) return std::nullopt;
  }
  Network network;
  network.prefix_ = bytes_of(address);
  network.bits_ = address.is_v6() ? bits : kMappedBits + bits;
  return network;
}

bool Network::contains(const IpAddress& address) const {
  const auto bytes = bytes_of(address);
  const auto whole = bits_ / 8;
  if (!std::equal(prefix_.begin(), prefix_.begin() + whole, bytes.begin())) return false;
  if (bits_ % 8 == 0) return true;
  const auto shift = 8U - bits_ % 8;
  return prefix_[whole] >> shift == bytes[whole] >> shift;
}

}  // namespace loop
