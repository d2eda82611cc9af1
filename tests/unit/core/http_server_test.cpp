#include "core/http_server.hpp"

#include <cerrno>
#include <future>
#include <utility>
#include <vector>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/support/catch.hpp"
#include "tests/support/ip_families.hpp"

namespace {

/// A client's connection to a port of this machine.
class Client {
 public:
  explicit Client(int port, int family = AF_INET) : fd_{socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0)} {
    const auto number = htons(static_cast<std::uint16_t>(port));
    const sockaddr_in ipv4{AF_INET, number, {htonl(INADDR_LOOPBACK)}, {}};
    const sockaddr_in6 ipv6{AF_INET6, number, 0, IN6ADDR_LOOPBACK_INIT, 0};
    const auto* address =
        family == AF_INET ? reinterpret_cast<const sockaddr*>(&ipv4) : reinterpret_cast<const sockaddr*>(&ipv6);
    is_connected_ = connect(fd_, address, family == AF_INET ? sizeof ipv4 : sizeof ipv6) == 0;
  }
  ~Client() { close(fd_); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  bool is_connected() const { return is_connected_; }
  void send(const std::string& bytes) const {
    REQUIRE(::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(bytes.size()));
  }
  /// Everything until the server closes.
  std::string received() const {
    std::string answer;
    char buffer[1024];
    for (ssize_t got = 0; (got = read(fd_, buffer, sizeof buffer)) > 0;)
      answer.append(buffer, static_cast<std::size_t>(got));
    return answer;
  }
  /// Whether the server has neither sent nor closed.
  bool hears_nothing() const {
    char byte = 0;
    return recv(fd_, &byte, 1, MSG_DONTWAIT | MSG_PEEK) < 0 && errno == EAGAIN;
  }

 private:
  int fd_;
  bool is_connected_ = false;
};

/// What the server on this loopback port says to these bytes, until it closes.
std::string ask(int port, const std::string& request, int family = AF_INET) {
  const Client client{port, family};
  REQUIRE(client.is_connected());
  client.send(request);
  return client.received();
}

std::string ask_for(int port, const std::string& method, const std::string& path, int family = AF_INET) {
  return ask(port, fmt::format("{} {} HTTP/1.1\r\nHost: x\r\n\r\n", method, path), family);
}

auto serve_ok(const std::string& address) {
  return core::HttpServer::listen(address, {{"/healthz", [] { return core::HttpAnswer{200, "ok\n"}; }}});
}

}  // namespace

TEST_CASE("The HTTP server answers its paths and refuses everything else", "[unit][core]") {
  bool healthy = false;
  const auto server = core::HttpServer::listen(
      "127.0.0.1:0", {{"/healthz", [&] {
                         return healthy ? core::HttpAnswer{200, "ok\n"} : core::HttpAnswer{503, "not yet\n"};
                       }}});
  REQUIRE(server);
  const int port = (*server)->port();
  CHECK_THAT(ask_for(port, "GET", "/healthz"), Catch::StartsWith("HTTP/1.1 503") && Catch::EndsWith("not yet\n"));
  healthy = true;
  CHECK_THAT(ask_for(port, "GET", "/healthz"), Catch::StartsWith("HTTP/1.1 200") && Catch::EndsWith("ok\n"));
  CHECK_THAT(ask_for(port, "GET", "/healthz?verbose"), Catch::StartsWith("HTTP/1.1 200"));
  CHECK_THAT(ask_for(port, "GET", "http://x/healthz"), Catch::StartsWith("HTTP/1.1 200"));
  CHECK_THAT(ask_for(port, "HEAD", "/healthz"), Catch::StartsWith("HTTP/1.1 200") &&
                                                    Catch::Contains("\r\nContent-Length: 3\r\n") &&
                                                    Catch::EndsWith("\r\n\r\n"));
  for (const char* path : {"/healthz/more", "/", "http://x", "*"})
    CHECK_THAT(ask_for(port, "GET", path), Catch::StartsWith("HTTP/1.1 404"));
  CHECK_THAT(ask_for(port, "POST", "/healthz"), Catch::StartsWith("HTTP/1.1 405"));
  CHECK_THAT(ask(port, "PUT /healthz HTTP/1.1\r\nContent-Length: 9999999\r\n\r\n"), Catch::StartsWith("HTTP/1.1 405"));
  CHECK_THAT(ask(port, "nonsense\r\n\r\n"), Catch::Contains(" 400 "));
  CHECK_THAT(ask_for(port, "GET", "/" + std::string(4096, 'x')), Catch::Contains(" 431 "));
}

TEST_CASE("Without one address the HTTP server is reached by both families", "[unit][core]") {
  const auto* const address = GENERATE(":0", "0.0.0.0:0", "[::]:0");
  INFO(address);
  const auto server = serve_ok(address);
  REQUIRE(server);
  CHECK_THAT(ask_for((*server)->port(), "GET", "/healthz"), Catch::StartsWith("HTTP/1.1 200"));
  if (support::has_ipv6()) {
    CHECK_THAT(ask_for((*server)->port(), "GET", "/healthz", AF_INET6), Catch::StartsWith("HTTP/1.1 200"));
  } else {
    CHECK_FALSE(Client{(*server)->port(), AF_INET6}.is_connected());
  }
}

TEST_CASE("At one address the HTTP server is reached there only", "[unit][core]") {
  const auto by_name = serve_ok("localhost:0");
  REQUIRE(by_name);
  CHECK_THAT(ask_for((*by_name)->port(), "GET", "/healthz"), Catch::StartsWith("HTTP/1.1 200"));
  CHECK_FALSE(Client{(*by_name)->port(), AF_INET6}.is_connected());
  const auto on_ipv6 = serve_ok("[::1]:0");
  REQUIRE(on_ipv6.has_value() == support::has_ipv6());
  if (!on_ipv6) {
    CHECK(on_ipv6.error().kind == core::ErrorKind::kUnavailable);
    return;
  }
  CHECK_THAT(ask_for((*on_ipv6)->port(), "GET", "/healthz", AF_INET6), Catch::StartsWith("HTTP/1.1 200"));
  CHECK_FALSE(Client{(*on_ipv6)->port()}.is_connected());
}

TEST_CASE("Clients that send nothing keep nobody waiting, however many there are", "[unit][core]") {
  const auto server = serve_ok("127.0.0.1:0");
  REQUIRE(server);
  const int port = (*server)->port();
  std::vector<std::unique_ptr<Client>> silent;
  silent.reserve(84);
  for (int i = 0; i < 4; ++i) silent.push_back(std::make_unique<Client>(port));
  CHECK_THAT(ask_for(port, "GET", "/healthz"), Catch::StartsWith("HTTP/1.1 200"));
  for (const auto& client : silent) CHECK(client->hears_nothing());
  // The oldest ones make room.
  for (int i = 0; i < 80; ++i) silent.push_back(std::make_unique<Client>(port));
  CHECK_THAT(ask_for(port, "GET", "/healthz"), Catch::StartsWith("HTTP/1.1 200"));
  CHECK(silent.front()->received().empty());
  CHECK(silent.back()->hears_nothing());
}

TEST_CASE("A handler that takes long keeps another one from nothing", "[unit][core]") {
  std::promise<void> started;
  std::promise<void> end;
  const auto server = core::HttpServer::listen("127.0.0.1:0", {{"/slow",
                                                                [&] {
                                                                  started.set_value();
                                                                  end.get_future().wait();
                                                                  return core::HttpAnswer{200, "late\n"};
                                                                }},
                                                               {"/healthz", [] {
                                                                  return core::HttpAnswer{200, "ok\n"};
                                                                }}});
  REQUIRE(server);
  const Client slow{(*server)->port()};
  slow.send("GET /slow HTTP/1.1\r\n\r\n");
  started.get_future().wait();
  CHECK_THAT(ask_for((*server)->port(), "GET", "/healthz"), Catch::EndsWith("ok\n"));
  CHECK(slow.hears_nothing());
  end.set_value();
  CHECK_THAT(slow.received(), Catch::EndsWith("late\n"));
}

TEST_CASE("The HTTP server ends with connections that are open", "[unit][core]") {
  auto server = serve_ok("127.0.0.1:0");
  REQUIRE(server);
  const Client client{(*server)->port()};
  CHECK_THAT(ask_for((*server)->port(), "GET", "/healthz"), Catch::StartsWith("HTTP/1.1 200"));
  server->reset();
  CHECK(client.received().empty());
}

TEST_CASE("An address that cannot be listened on is named", "[unit][core]") {
  const auto first = core::HttpServer::listen("127.0.0.1:0", {});
  REQUIRE(first);
  for (const char* host : {"127.0.0.1", ""}) {
    const auto taken = core::HttpServer::listen(fmt::format("{}:{}", host, (*first)->port()), {});
    REQUIRE_FALSE(taken);
    CHECK(taken.error().kind == core::ErrorKind::kUnavailable);
    CHECK_THAT(taken.error().message, Catch::Contains("cannot listen on") && Catch::Contains("in use"));
  }
  for (const char* wrong :
       {"", "8080", ":", ":http", ":65536", "host:-1", "::1:80", "[::1]", "[::1:80", "::1]:80", "[[::1]]:80"}) {
    INFO(wrong);
    const auto outcome = core::HttpServer::listen(wrong, {});
    REQUIRE_FALSE(outcome);
    CHECK(outcome.error().kind == core::ErrorKind::kInvalidInput);
    CHECK_THAT(outcome.error().message, Catch::Contains("write HOST:PORT"));
  }
}
