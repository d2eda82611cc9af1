#include "realtime-server/transport/listener.hpp"

#include <vector>

#include <netinet/tcp.h>

#include "tests/support/catch.hpp"
#include "tests/support/ip_families.hpp"
#include "tests/support/loopback.hpp"

using namespace std::chrono_literals;
using boost::asio::ip::tcp;
using core::ErrorKind;
using transport::Listener;
using transport::Socket;

namespace {

const tcp::endpoint kLoopback{boost::asio::ip::address_v4::loopback(), 0};

struct Door {
  loopback::Loop loop;
  std::vector<Socket> accepted;
  Listener listener{loop.io, [this](Socket socket) { accepted.push_back(std::move(socket)); }};

  unsigned short port() const { return listener.endpoint().port(); }
  /// Connects to the listener.
  Socket knock(const char* host = "127.0.0.1") {
    Socket socket{loop.io.get_executor()};
    socket.connect({boost::asio::ip::make_address(host), port()});
    return socket;
  }
};

int option_of(Socket& socket, int level, int name) {
  int value = -1;
  socklen_t size = sizeof value;
  getsockopt(socket.native_handle(), level, name, &value, &size);
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
    REQUIRE(door.listener.listen({boost::asio::ip::make_address(asked), 0}, 5s));
    CHECK(door.listener.endpoint().address() == boost::asio::ip::make_address(asked));
    CHECK(door.port() != 0);
    std::vector<Socket> peers;
    for (const auto* host : reached_at) peers.push_back(door.knock(host));
    CHECK(door.loop.until([&, wanted = reached_at.size()] { return door.accepted.size() == wanted; }));
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
    const auto outcome = door.listener.listen({boost::asio::ip::make_address("192.0.2.1"), 0}, 5s);
    REQUIRE_FALSE(outcome);
    CHECK(outcome.error().kind == ErrorKind::kUnavailable);
    CHECK(outcome.error().message == "cannot listen on 192.0.2.1:0: Cannot assign requested address");
  }
  SECTION("that is taken") {
    tcp::acceptor other{door.loop.io, {boost::asio::ip::address_v4::loopback(), 0}};
    const auto outcome = door.listener.listen(other.local_endpoint(), 5s);
    REQUIRE_FALSE(outcome);
    CHECK(outcome.error().kind == ErrorKind::kUnavailable);
    CHECK(outcome.error().message ==
          "cannot listen on 127.0.0.1:" + std::to_string(other.local_endpoint().port()) + ": Address already in use");
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

TEST_CASE("A listener that is stopped accepts nothing more, and does not keep the loop", "[unit][transport]") {
  Door door;
  REQUIRE(door.listener.listen(kLoopback, 5s));
  const auto peer = door.knock();
  REQUIRE(door.loop.until([&] { return door.accepted.size() == 1; }));
  const auto port = door.port();
  door.listener.stop();
  CHECK_FALSE(door.loop.until([] { return false; }));  // there is nothing to wait for
  Socket late{door.loop.io.get_executor()};
  boost::system::error_code error;
  late.connect({boost::asio::ip::address_v4::loopback(), port}, error);
  CHECK(error == boost::asio::error::connection_refused);
}
