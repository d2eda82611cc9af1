// The first bytes of connections from trusted proxies, and their X-Forwarded-For: a header is within the bytes and the
// limit, and the same whatever follows it.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "realtime-server/transport/forwarded.hpp"
#include "tests/fuzz/check.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using transport::ProxyHeader;
  constexpr std::size_t kMost = 1'000;
  const std::string_view bytes{reinterpret_cast<const char*>(data), size};
  const auto header = transport::read_proxy_header(bytes, kMost);
  if (header.kind == ProxyHeader::Kind::kFound) {
    FUZZ_CHECK(header.size > 0 && header.size <= size && header.size <= kMost);
    const auto again = transport::read_proxy_header(std::string{bytes.substr(0, header.size)} + "GET /", kMost);
    FUZZ_CHECK(again.kind == header.kind && again.size == header.size && again.client == header.client);
  } else {
    FUZZ_CHECK(!header.client);
  }
  if (header.kind == ProxyHeader::Kind::kIncomplete) FUZZ_CHECK(size < kMost);
  const transport::TrustedProxies trusted{{*loop::Network::parse("10.0.0.0/8")}};
  const auto peer = boost::asio::ip::make_address("10.0.0.1");
  const auto client = trusted.client_of(peer, {bytes});
  FUZZ_CHECK(!client.is_v6() || !client.to_v6().is_v4_mapped());
  return 0;
}
