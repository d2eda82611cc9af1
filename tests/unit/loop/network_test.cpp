#include "realtime-server/loop/network.hpp"

#include "tests/support/catch.hpp"

using loop::Network;

namespace {

bool contains(std::string_view network, std::string_view address) {
  const auto parsed = Network::parse(network);
  REQUIRE(parsed);
  return parsed->contains(boost::asio::ip::make_address(std::string{address}));
}

}  // namespace

TEST_CASE("A network contains the addresses with its prefix", "[unit][loop]") {
  CHECK(contains("10.0.0.0/8", "10.255.0.1"));
  CHECK_FALSE(contains("10.0.0.0/8", "11.0.0.1"));
  CHECK(contains("192.168.4.0/22", "192.168.7.255"));
  CHECK_FALSE(contains("192.168.4.0/22", "192.168.8.0"));
  CHECK(contains("10.0.0.7", "10.0.0.7"));
  CHECK_FALSE(contains("10.0.0.7", "10.0.0.6"));
  CHECK(contains("fd00::/9", "fd7f::1"));
  CHECK_FALSE(contains("fd00::/9", "fd80::1"));
  CHECK(contains("0.0.0.0/0", "8.8.8.8"));
  CHECK_FALSE(contains("0.0.0.0/0", "fd00::1"));
  CHECK(contains("::/0", "fd00::1"));
}

TEST_CASE("An IPv4 address is the same when it is mapped into IPv6", "[unit][loop]") {
  CHECK(contains("10.0.0.0/8", "::ffff:10.1.2.3"));
  CHECK(contains("::ffff:10.0.0.0/104", "10.1.2.3"));
}

TEST_CASE("What is no network is not read", "[unit][loop]") {
  for (const std::string_view text : {"", "/", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/8x", "10.0.0",
                                      "::/129", "a/8", "10.0.0.0/8/8", "fe80::1%eth0"}) {
    INFO(text);
    CHECK_FALSE(Network::parse(text));
  }
}
