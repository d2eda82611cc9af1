#include "realtime-server/transport/forwarded.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <string>

namespace transport {

using loop::IpAddress;
using Kind = ProxyHeader::Kind;

namespace {

constexpr std::string_view kSignature1 = "PROXY ";
constexpr std::string_view kSignature2{"\r\n\r\n\0\r\nQUIT\n", 12};
constexpr std::size_t kMost1 = 107;       // with CR and LF
constexpr std::size_t kFixedBytes2 = 16;  // before the addresses

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

/// An IPv4 address that is mapped into IPv6 becomes IPv4.
IpAddress unmapped(const IpAddress& address) {
  if (address.is_v6() && address.to_v6().is_v4_mapped())
    return boost::asio::ip::make_address_v4(boost::asio::ip::v4_mapped, address.to_v6());
  return address;
}

std::optional<IpAddress> read_address(std::string_view text) {
  boost::system::error_code error;
  const auto address = boost::asio::ip::make_address(std::string{text}, error);
  return error ? std::nullopt : std::optional{unmapped(address)};
}

/// An address as proxies write it: some add the port, some put every IPv6 address in brackets.
std::optional<IpAddress> read_forwarded(std::string_view text) {
  text = trimmed(text);
  if (text.starts_with('[')) return read_address(text.substr(1, text.find(']') - 1));
  if (std::count(text.begin(), text.end(), ':') == 1) text = text.substr(0, text.find(':'));
  return read_address(text);
}

/// Removes and returns the last element of a list.
std::string_view take_last(std::string_view& list) {
  const auto comma = list.rfind(',');
  const auto last = comma == std::string_view::npos ? list : list.substr(comma + 1);
  list = comma == std::string_view::npos ? std::string_view{} : list.substr(0, comma);
  return last;
}

/// Removes and returns the first word.
std::string_view take_word(std::string_view& text) {
  const auto word = text.substr(0, text.find(' '));
  text.remove_prefix(std::min(word.size() + 1, text.size()));
  return word;
}

bool is_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc{} && end == text.data() + text.size();
}

ProxyHeader read_version1(std::string_view bytes) {
  const auto end = bytes.substr(0, kMost1).find("\r\n");
  if (end == std::string_view::npos) return {bytes.size() < kMost1 ? Kind::kIncomplete : Kind::kInvalid};
  auto line = bytes.substr(kSignature1.size(), end - kSignature1.size());
  const ProxyHeader nobody{Kind::kFound, end + 2};
  const auto family = take_word(line);
  if (family == "UNKNOWN") return nobody;
  const auto source = read_address(take_word(line));
  const auto destination = read_address(take_word(line));
  const bool is_known = family == "TCP4" || family == "TCP6";
  if (!is_known || !source || !destination || !is_port(take_word(line)) || !is_port(line)) return {Kind::kInvalid};
  return {Kind::kFound, end + 2, source};
}

template <class Address>
IpAddress address_at(std::string_view bytes) {
  typename Address::bytes_type raw;
  std::memcpy(raw.data(), bytes.data(), raw.size());
  return unmapped(Address{raw});
}

ProxyHeader read_version2(std::string_view bytes, std::size_t most) {
  if (bytes.size() < kFixedBytes2) return {Kind::kIncomplete};
  const auto byte = [bytes](std::size_t i) { return static_cast<unsigned char>(bytes[i]); };
  const auto command = byte(12);
  const auto family = byte(13);
  const auto length = std::size_t{byte(14)} << 8U | byte(15);
  if ((command != 0x20 && command != 0x21) || kFixedBytes2 + length > most) return {Kind::kInvalid};
  if (bytes.size() < kFixedBytes2 + length) return {Kind::kIncomplete};
  const ProxyHeader nobody{Kind::kFound, kFixedBytes2 + length};
  if (command == 0x20) return {Kind::kFound, nobody.size, std::nullopt, true};
  const auto addresses = bytes.substr(kFixedBytes2, length);
  auto found = nobody;
  if (family == 0x11 || family == 0x12) {
    if (length < 12) return {Kind::kInvalid};
    found.client = address_at<boost::asio::ip::address_v4>(addresses);
  } else if (family == 0x21 || family == 0x22) {
    if (length < 36) return {Kind::kInvalid};
    found.client = address_at<boost::asio::ip::address_v6>(addresses);
  }
  return found;
}

}  // namespace

bool TrustedProxies::trusts(const IpAddress& address) const {
  return std::any_of(networks_.begin(), networks_.end(),
                     [&address](const auto& network) { return network.contains(address); });
}

IpAddress TrustedProxies::client_of(const IpAddress& peer, const std::vector<std::string_view>& lines) const {
  auto client = peer;
  for (auto line = lines.rbegin(); line != lines.rend(); ++line) {
    auto left = *line;
    while (!left.empty()) {
      const auto before = read_forwarded(take_last(left));
      if (!before) return client;
      client = *before;
      if (!trusts(client)) return client;
    }
  }
  return client;
}

ProxyHeader read_proxy_header(std::string_view bytes, std::size_t most) {
  if (bytes.starts_with(kSignature1)) return read_version1(bytes);
  if (bytes.starts_with(kSignature2)) return read_version2(bytes, most);
  const bool may_come = kSignature1.starts_with(bytes) || kSignature2.starts_with(bytes);
  return {may_come && !bytes.empty() ? Kind::kIncomplete : Kind::kNone};
}

}  // namespace transport
