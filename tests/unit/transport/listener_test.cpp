#include "realtime-server/transport/listener.hpp"

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <vector>

#include <netinet/tcp.h>

#include "tests/support/catch.hpp"
#include "tests/support/ip_families.hpp"
#include "tests/support/loopback.hpp"

using namespace std::chrono_literals;
using boost::asio::ip::make_address;
using core::ErrorKind;
using loop::Descriptor;
using loop::Endpoint;
using transport::Listener;

namespace {

const Endpoint kLoopback{boost::asio::ip::address_v4::loopback(), 0};

struct Door {
  loopback::Loop loop;
  std::vector<Descriptor> accepted;
  std::vector<Endpoint> peers;
  Listener listener{loop.loop, [this](Descriptor socket, const Endpoint& peer) {
                      accepted.push_back(std::move(socket));
                      peers.push_back(peer);
                    }};

  unsigned short port() const { return listener.endpoint().port; }
  /// Connects to the listener.
  Descriptor knock(const char* host = "127.0.0.1") { return loopback::connect_to({make_address(host), port()}); }
};

int option_of(const Descriptor& socket, int level, int name) {
  int value = -1;
  socklen_t size = sizeof value;
  getsockopt(socket.get(), level, name, &value, &size);
  return value;
}

}  // namespace

TEST_CASE("A listener is reached at its address, one for all by both families", "[unit][transport]") {
  struct Case {
    const char* asked;
    std::vector<const char*> reached_at;
  };
  std::vector<Case> cases{
      {"127.0.0.1", {"127.0.0.1"}}, {"127.0.0.2", {"127.0.0.2"}}, {"0.0.0.0", {"127.0.0.1", "127.0.0.3"}}};
  if (support::has_ipv6()) {
    cases.push_back({"::1", {"::1"}});
    cases.push_back({"::", {"::1", "127.0.0.1"}});
  }
  for (const auto& [asked, reached_at] : cases) {
    INFO(asked);
    Door door;
    REQUIRE(door.listener.listen({make_address(asked), 0}, 5s));
    CHECK(door.listener.endpoint().address == make_address(asked));
    CHECK(door.port() != 0);
    std::vector<Descriptor> peers;
    std::vector<Endpoint> expected;
    for (const auto* host : reached_at) {
      peers.push_back(door.knock(host));
      expected.push_back(loop::local_endpoint(peers.back().get()));
    }
    CHECK(door.loop.until([&] { return door.peers.size() == expected.size(); }));
    // IPv4 is called so, also where it reaches a listener of IPv6.
    CHECK(std::is_permutation(expected.begin(), expected.end(), door.peers.begin(), door.peers.end()));
  }
}

TEST_CASE("A listener for all addresses needs no IPv6 of the machine, and one for an IPv6 address does",
          "[unit][transport]") {
  Door all;
  REQUIRE(all.listener.listen({boost::asio::ip::address_v6::any(), 0}, 5s));
  const auto peer = all.knock();
  CHECK(all.loop.until([&] { return all.accepted.size() == 1; }));
  Door one;
  const auto outcome = one.listener.listen({boost::asio::ip::address_v6::loopback(), 0}, 5s);
  REQUIRE(outcome.has_value() == support::has_ipv6());
  if (!outcome) CHECK(outcome.error().kind == ErrorKind::kUnavailable);
}

TEST_CASE("An address that cannot be had is named", "[unit][transport]") {
  Door door;
  SECTION("of another machine") {
    const auto outcome = door.listener.listen({make_address("192.0.2.1"), 0}, 5s);
    REQUIRE_FALSE(outcome);
    CHECK(outcome.error().kind == ErrorKind::kUnavailable);
    CHECK(outcome.error().message == "cannot listen on 192.0.2.1:0: Cannot assign requested address");
  }
  SECTION("that is taken") {
    // Without SO_REUSEPORT, by which two of ours share a port.
    const Descriptor other{socket(AF_INET, SOCK_STREAM, 0)};
    const loop::SystemAddress address{kLoopback};
    REQUIRE(bind(other.get(), address.get(), address.size) == 0);
    const auto taken = loop::local_endpoint(other.get());
    const auto outcome = door.listener.listen(taken, 5s);
    REQUIRE_FALSE(outcome);
    CHECK(outcome.error().kind == ErrorKind::kUnavailable);
    CHECK(outcome.error().message ==
          "cannot listen on 127.0.0.1:" + std::to_string(taken.port) + ": Address already in use");
  }
}

TEST_CASE("Listeners share a port, so that every shard has one", "[unit][transport]") {
  Door first;
  REQUIRE(first.listener.listen(kLoopback, 5s));
  Door second;
  CHECK(second.listener.listen(first.listener.endpoint(), 5s));
}

TEST_CASE("What was accepted sends at once, and gives a silent peer up in time", "[unit][transport]") {
  Door door;
  REQUIRE(door.listener.listen(kLoopback, 12'345ms));
  const auto peer = door.knock();
  REQUIRE(door.loop.until([&] { return door.accepted.size() == 1; }));
  CHECK(option_of(door.accepted[0], IPPROTO_TCP, TCP_NODELAY) == 1);
  CHECK(option_of(door.accepted[0], IPPROTO_TCP, TCP_USER_TIMEOUT) == 12'345);
}

TEST_CASE("The kernel keeps little for what was accepted", "[unit][transport]") {
  Door door;
  REQUIRE(door.listener.listen(kLoopback, 5s));
  const auto peer = door.knock();
  REQUIRE(door.loop.until([&] { return door.accepted.size() == 1; }));
  // The kernel doubles what it is told.
  CHECK(option_of(door.accepted[0], SOL_SOCKET, SO_SNDBUF) <= 2 * 208 * 1024);
  CHECK(option_of(door.accepted[0], SOL_SOCKET, SO_RCVBUF) <= 2 * 64 * 1024);
  CHECK(option_of(door.accepted[0], IPPROTO_TCP, TCP_NOTSENT_LOWAT) == 128 * 1024);
}

TEST_CASE("A listener whose owner cannot take a connection tries again", "[unit][transport]") {
  loopback::Loop loop;
  int failures = 0;
  std::vector<Descriptor> accepted;
  Listener listener{loop.loop, [&](Descriptor socket, const Endpoint&) {
                      if (++failures == 1) throw std::system_error{ENOSPC, std::generic_category(), "epoll_ctl"};
                      accepted.push_back(std::move(socket));
                    }};
  REQUIRE(listener.listen(kLoopback, 5s));
  const auto first = loopback::connect_to(listener.endpoint());
  const auto second = loopback::connect_to(listener.endpoint());
  CHECK(loop.until([&] { return accepted.size() == 1; }));
}

TEST_CASE("A listener that is stopped accepts nothing more", "[unit][transport]") {
  Door door;
  REQUIRE(door.listener.listen(kLoopback, 5s));
  const auto peer = door.knock();
  REQUIRE(door.loop.until([&] { return door.accepted.size() == 1; }));
  const auto port = door.port();
  door.listener.stop();
  const loop::SystemAddress address{{boost::asio::ip::address_v4::loopback(), port}};
  const Descriptor late{socket(AF_INET, SOCK_STREAM, 0)};
  CHECK(connect(late.get(), address.get(), address.size) == -1);
  CHECK(errno == ECONNREFUSED);
}
