#include "operator/kube/fetch.hpp"

#include <thread>

#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/http_server.hpp"
#include "tests/support/catch.hpp"

using namespace std::chrono_literals;
using core::ErrorKind;

namespace {

/// A port that takes connections and says nothing by itself.
class Silent {
 public:
  Silent() : fd_{socket(AF_INET, SOCK_STREAM, 0)} {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    REQUIRE(bind(fd_, reinterpret_cast<sockaddr*>(&address), size) == 0);
    REQUIRE(listen(fd_, 16) == 0);
    getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
  }
  ~Silent() {
    if (peer_ >= 0) close(peer_);
    close(fd_);
  }
  Silent(const Silent&) = delete;
  Silent& operator=(const Silent&) = delete;

  /// Says this to the first who connects; whether that went well.
  bool say(const std::string& words) {
    peer_ = accept(fd_, nullptr, nullptr);
    return write(peer_, words.data(), words.size()) == static_cast<ssize_t>(words.size());
  }

  std::string url() const { return fmt::format("http://127.0.0.1:{}/", port_); }

 private:
  int fd_;
  int port_ = 0;
  int peer_ = -1;
};

auto serve() {
  auto server = core::HttpServer::listen("127.0.0.1:0", {{"/a",
                                                          [] {
                                                            return core::HttpAnswer{200, "first"};
                                                          }},
                                                         {"/b",
                                                          [] {
                                                            return core::HttpAnswer{200, "second"};
                                                          }},
                                                         {"/long", [] {
                                                            return core::HttpAnswer{200, std::string(2'000, 'x')};
                                                          }}});
  REQUIRE(server);
  return std::move(*server);
}

}  // namespace

TEST_CASE("Each address has its own outcome, in the order in which it was asked", "[unit][kube]") {
  const auto server = serve();
  const Silent silent;
  const auto at = [&](const char* path) { return fmt::format("http://127.0.0.1:{}{}", server->port(), path); };
  // Fewer at once than there are, so that they come in several groups.
  const kube::FetchLimits limits{300ms, 1'000, GENERATE(std::size_t{2}, std::size_t{64})};
  const auto got = kube::fetch_all(
      {at("/a"), silent.url(), at("/long"), at("/none"), at("/b"), "http://127.0.0.1:1/", "file:///etc/passwd"}, limits,
      {});
  REQUIRE(got.size() == 7);
  CHECK((got[0] && *got[0] == "first"));
  CHECK((!got[1] && got[1].error().kind == ErrorKind::kTimeout));
  CHECK((!got[2] && got[2].error().kind == ErrorKind::kTooLarge));
  CHECK((!got[3] && got[3].error().kind == ErrorKind::kUnavailable));
  CHECK((got[4] && *got[4] == "second"));
  for (const auto i : {5U, 6U}) CHECK((!got[i] && got[i].error().kind == ErrorKind::kUnavailable));
}

TEST_CASE("A body that is too large is not waited for", "[unit][kube]") {
  Silent silent;
  bool said = false;
  std::jthread talker{
      [&] { said = silent.say("HTTP/1.1 200 OK\r\nContent-Length: 9000\r\n\r\n" + std::string(2'000, 'x')); }};
  const auto start = std::chrono::steady_clock::now();
  const auto got = kube::fetch_all({silent.url()}, {60s, 1'000}, {});
  CHECK(std::chrono::steady_clock::now() - start < 30s);
  talker.join();
  CHECK(said);
  REQUIRE_FALSE(got[0]);
  CHECK(got[0].error().kind == ErrorKind::kTooLarge);
}

TEST_CASE("Many that do not answer take no longer than one", "[unit][kube]") {
  const Silent silent;
  const auto start = std::chrono::steady_clock::now();
  const auto got = kube::fetch_all(std::vector<std::string>(20, silent.url()), {300ms}, {});
  CHECK(std::chrono::steady_clock::now() - start < 3s);
  for (const auto& outcome : got) CHECK((!outcome && outcome.error().kind == ErrorKind::kTimeout));
}

TEST_CASE("A stop ends it at once", "[unit][kube]") {
  const Silent silent;
  std::stop_source stop;
  const auto start = std::chrono::steady_clock::now();
  const std::jthread stopper{[&] { stop.request_stop(); }};
  const auto got = kube::fetch_all({silent.url()}, {60s}, stop.get_token());
  CHECK(std::chrono::steady_clock::now() - start < 10s);
  REQUIRE_FALSE(got[0]);
  CHECK(got[0].error().kind == ErrorKind::kCancelled);
}
