#include "realtime-server/transport/forwarded.hpp"

#include "tests/support/catch.hpp"

using boost::asio::ip::make_address;
using transport::ProxyHeader;
using transport::TrustedProxies;
using Kind = transport::ProxyHeader::Kind;

namespace {

const TrustedProxies kTrusted{{*loop::Network::parse("10.0.0.0/8"), *loop::Network::parse("fd00::/8")}};

std::string client_of(const std::vector<std::string_view>& lines) {
  return kTrusted.client_of(make_address("10.0.0.1"), lines).to_string();
}

ProxyHeader read(std::string_view bytes) { return transport::read_proxy_header(bytes, 1'000); }

const std::string kSignature{"\r\n\r\n\0\r\nQUIT\n", 12};

/// A header of version 2.
std::string version2(char command, char family, const std::string& content) {
  return kSignature + command + family + static_cast<char>(content.size() >> 8U) + static_cast<char>(content.size()) +
         content;
}

const std::string kAddresses4{"\xcb\x00\x71\x07\x0a\x00\x00\x01\x1f\x90\x01\xbb", 12};

}  // namespace

TEST_CASE("The client is the last address that no trusted proxy has", "[unit][transport]") {
  CHECK(client_of({}) == "10.0.0.1");
  CHECK(client_of({"203.0.113.7"}) == "203.0.113.7");
  CHECK(client_of({"203.0.113.7, 10.0.0.9"}) == "203.0.113.7");
  CHECK(client_of({"1.2.3.4, 203.0.113.7,10.0.0.9 "}) == "203.0.113.7");
  CHECK(client_of({"1.2.3.4", "203.0.113.7", "10.0.0.9"}) == "203.0.113.7");
  CHECK(client_of({"10.0.0.8, 10.0.0.9"}) == "10.0.0.8");
  CHECK(client_of({"203.0.113.7:1234"}) == "203.0.113.7");
  CHECK(client_of({"2001:db8::7"}) == "2001:db8::7");
  CHECK(client_of({"[2001:db8::7]:1234, fd00::1"}) == "2001:db8::7");
  CHECK(client_of({"::ffff:203.0.113.7"}) == "203.0.113.7");
}

TEST_CASE("What cannot be read ends the search", "[unit][transport]") {
  CHECK(client_of({"203.0.113.7, unknown, 10.0.0.9"}) == "10.0.0.9");
  CHECK(client_of({"203.0.113.7, "}) == "10.0.0.1");
  CHECK(client_of({"["}) == "10.0.0.1");
  CHECK(client_of({"<script>"}) == "10.0.0.1");
}

TEST_CASE("A header of the PROXY protocol names the client", "[unit][transport]") {
  const auto first = read("PROXY TCP4 203.0.113.7 10.0.0.1 56324 443\r\nGET / HTTP/1.1\r\n");
  CHECK(first.kind == Kind::kFound);
  CHECK(first.size == 43);
  CHECK(first.client == make_address("203.0.113.7"));
  CHECK(read("PROXY TCP6 2001:db8::7 fd00::1 56324 443\r\n").client == make_address("2001:db8::7"));
  CHECK(read(version2(0x21, 0x11, kAddresses4)).client == make_address("203.0.113.7"));
  const auto with_more = read(version2(0x21, 0x11, kAddresses4 + std::string(100, 'x')) + "GET /");
  CHECK(with_more.client == make_address("203.0.113.7"));
  CHECK(with_more.size == 128);
  const auto mapped = make_address("::ffff:203.0.113.7").to_v6().to_bytes();
  const std::string mapped_bytes{reinterpret_cast<const char*>(mapped.data()), mapped.size()};
  CHECK(read(version2(0x21, 0x21, mapped_bytes + std::string(20, '\0'))).client == make_address("203.0.113.7"));
  const auto ipv6 = make_address("2001:db8::7").to_v6().to_bytes();
  const std::string bytes{reinterpret_cast<const char*>(ipv6.data()), ipv6.size()};
  CHECK(read(version2(0x21, 0x21, bytes + std::string(20, '\0'))).client == make_address("2001:db8::7"));
}

TEST_CASE("A proxy may speak for itself", "[unit][transport]") {
  for (const auto& header :
       {std::string{"PROXY UNKNOWN\r\n"}, std::string{"PROXY UNKNOWN x y z\r\n"}, version2(0x20, 0x00, ""),
        version2(0x20, 0x11, kAddresses4), version2(0x21, 0x00, "abc"), version2(0x21, 0x31, std::string(216, 'x'))}) {
    const auto found = read(header);
    CHECK(found.kind == Kind::kFound);
    CHECK(found.size == header.size());
    CHECK_FALSE(found.client);
  }
}

TEST_CASE("Every part of a header is waited for", "[unit][transport]") {
  for (const auto& header :
       {std::string{"PROXY TCP4 203.0.113.7 10.0.0.1 56324 443\r\n"}, version2(0x21, 0x11, kAddresses4)})
    for (std::size_t size = 1; size < header.size(); ++size) {
      CAPTURE(size);
      CHECK(read(std::string_view{header}.substr(0, size)).kind == Kind::kIncomplete);
    }
}

TEST_CASE("A request is no header", "[unit][transport]") {
  for (const auto* bytes : {"", "GET / HTTP/1.1\r\n", "PUT /", "PROXX ", "\r\nGET / HTTP/1.1\r\n", "\r\n\r\nG"})
    CHECK(read(bytes).kind == Kind::kNone);
}

TEST_CASE("An invalid header is refused", "[unit][transport]") {
  for (const auto& header :
       {std::string{"PROXY TCP4 203.0.113.7 10.0.0.1 56324 443x\r\n"},
        std::string{"PROXY TCP4 203.0.113.7 10.0.0.1 99999 443\r\n"}, std::string{"PROXY TCP4 203.0.113.7\r\n"},
        std::string{"PROXY UDP4 203.0.113.7 10.0.0.1 56324 443\r\n"}, std::string{"PROXY \r\n"},
        "PROXY " + std::string(200, 'x'), version2(0x31, 0x11, kAddresses4), version2(0x22, 0x11, kAddresses4),
        version2(0x21, 0x11, "short"), version2(0x21, 0x21, std::string(35, 'x')),
        version2(0x21, 0x11, std::string(1'000, 'x'))}) {
    INFO(header);
    CHECK(read(header).kind == Kind::kInvalid);
  }
}
