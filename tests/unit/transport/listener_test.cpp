#include "realtime-server/transport/listener.hpp"

#include <charconv>
#include <vector>

#include <netinet/tcp.h>

#include "tests/support/catch.hpp"
#include "tests/support/loopback.hpp"

using namespace std::chrono_literals;
using boost::asio::ip::tcp;
using core::ErrorKind;
using transport::Listener;
using transport::Socket;

namespace {

struct Door {
  loopback::Loop loop;
  std::vector<Socket> accepted;
  Listener listener{loop.io, [this](Socket socket) { accepted.push_back(std::move(socket)); }};

  unsigned short port() const {
    const auto address = listener.address();
    unsigned short number = 0;
    const auto* end = address.data() + address.size();
    std::from_chars(address.data() + address.rfind(':') + 1, end, number);
    return number;
  }
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

TEST_CASE("A listener takes an address of every form, and says which it got", "[unit][transport]") {
  struct Case {
    const char* asked;
    const char* starts;
    std::vector<const char*> reached_at;
  };
  const std::vector<Case> cases{{"127.0.0.1:0", "127.0.0.1:", {"127.0.0.1"}},
                                {"127.0.0.2:00", "127.0.0.2:", {"127.0.0.2"}},
                                {"0.0.0.0:0", "0.0.0.0:", {"127.0.0.1", "127.0.0.3"}},
                                {":0", "0.0.0.0:", {"127.0.0.1"}},
                                {"[::1]:0", "[::1]:", {"::1"}},
                                {"[::]:0", "[::]:", {"::1", "127.0.0.1"}}};
  for (const auto& [asked, starts, reached_at] : cases) {
    INFO(asked);
    Door door;
    REQUIRE(door.listener.listen(asked, 5s));
    CHECK_THAT(door.listener.address(), Catch::StartsWith(starts));
    CHECK(door.port() != 0);
    std::vector<Socket> peers;
    for (const auto* host : reached_at) peers.push_back(door.knock(host));
    CHECK(door.loop.until([&] { return door.accepted.size() == reached_at.size(); }));
  }
}

TEST_CASE("An address of another form is refused with those that there are", "[unit][transport]") {
  for (const std::string address : {"",
                                    ":",
                                    "8080",
                                    "127.0.0.1",
                                    "127.0.0.1:",
                                    "127.0.0.1:x",
                                    "127.0.0.1:-1",
                                    "127.0.0.1:+1",
                                    "127.0.0.1:65536",
                                    "127.0.0.1:80 ",
                                    " 127.0.0.1:80",
                                    "127.0.0.1:0x50",
                                    "127.0.0:80:",
                                    "localhost:80",
                                    "*:80",
                                    "256.0.0.1:80",
                                    "[::1]",
                                    "[::1",
                                    "[::1:80",
                                    "::1]:80",
                                    "[::1]80",
                                    "[]:80",
                                    "[127.0.0.1]:80",
                                    "::1:80",
                                    ":::80",
                                    "http://127.0.0.1:80"}) {
    INFO(address);
    Door door;
    const auto outcome = door.listener.listen(address, 5s);
    REQUIRE_FALSE(outcome);
    CHECK(outcome.error().kind == ErrorKind::kInvalidInput);
    CHECK(outcome.error().message ==
          "\"" + address +
              "\" is not an address to listen on; write ADDR:PORT, [IPv6]:PORT, or :PORT for "
              "every interface");
  }
}

TEST_CASE("An address that cannot be had is named", "[unit][transport]") {
  Door door;
  SECTION("of another machine") {
    const auto outcome = door.listener.listen("192.0.2.1:0", 5s);
    REQUIRE_FALSE(outcome);
    CHECK(outcome.error().kind == ErrorKind::kUnavailable);
    CHECK(outcome.error().message == "cannot listen on 192.0.2.1:0: Cannot assign requested address");
  }
  SECTION("that is taken") {
    tcp::acceptor other{door.loop.io, {boost::asio::ip::address_v4::loopback(), 0}};
    const auto address = "127.0.0.1:" + std::to_string(other.local_endpoint().port());
    const auto outcome = door.listener.listen(address, 5s);
    REQUIRE_FALSE(outcome);
    CHECK(outcome.error().kind == ErrorKind::kUnavailable);
    CHECK(outcome.error().message == "cannot listen on " + address + ": Address already in use");
  }
}

TEST_CASE("Listeners share a port, so that every shard has one", "[unit][transport]") {
  Door first;
  REQUIRE(first.listener.listen("127.0.0.1:0", 5s));
  Door second;
  CHECK(second.listener.listen(first.listener.address(), 5s));
}

TEST_CASE("What was accepted sends at once, and gives a silent peer up in time", "[unit][transport]") {
  Door door;
  REQUIRE(door.listener.listen("127.0.0.1:0", 12'345ms));
  const auto peer = door.knock();
  REQUIRE(door.loop.until([&] { return door.accepted.size() == 1; }));
  CHECK(option_of(door.accepted[0], IPPROTO_TCP, TCP_NODELAY) == 1);
  CHECK(option_of(door.accepted[0], IPPROTO_TCP, TCP_USER_TIMEOUT) == 12'345);
}

TEST_CASE("A listener that is stopped accepts nothing more, and does not keep the loop", "[unit][transport]") {
  Door door;
  REQUIRE(door.listener.listen("127.0.0.1:0", 5s));
  const auto address = door.listener.address();
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
