#include "core/http_server.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/support/catch.hpp"

namespace {

/// What the server on this loopback port says to these bytes, until it closes.
std::string ask(int port, const std::string& request) {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  REQUIRE(connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  REQUIRE(write(fd, request.data(), request.size()) == static_cast<ssize_t>(request.size()));
  std::string answer;
  char buffer[1024];
  for (ssize_t got = 0; (got = read(fd, buffer, sizeof buffer)) > 0;)
    answer.append(buffer, static_cast<std::size_t>(got));
  close(fd);
  return answer;
}

std::string ask_for(int port, const std::string& method, const std::string& path) {
  return ask(port, fmt::format("{} {} HTTP/1.1\r\nHost: x\r\n\r\n", method, path));
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
  CHECK_THAT(ask_for(port, "GET", "/healthz/more"), Catch::StartsWith("HTTP/1.1 404"));
  CHECK_THAT(ask_for(port, "GET", "/"), Catch::StartsWith("HTTP/1.1 404"));
  CHECK_THAT(ask_for(port, "POST", "/healthz"), Catch::StartsWith("HTTP/1.1 405"));
  CHECK_THAT(ask(port, "nonsense\r\n\r\n"), Catch::Contains(" 400 "));
}

TEST_CASE("An address that cannot be listened on is named", "[unit][core]") {
  const auto first = core::HttpServer::listen("127.0.0.1:0", {});
  REQUIRE(first);
  const auto taken = core::HttpServer::listen(fmt::format("127.0.0.1:{}", (*first)->port()), {});
  REQUIRE_FALSE(taken);
  CHECK(taken.error().kind == core::ErrorKind::kUnavailable);
  for (const char* wrong : {"", "8080", ":", ":http", ":65536", "host:-1"}) {
    const auto outcome = core::HttpServer::listen(wrong, {});
    REQUIRE_FALSE(outcome);
    CHECK(outcome.error().kind == core::ErrorKind::kInvalidInput);
    CHECK_THAT(outcome.error().message, Catch::Contains("write HOST:PORT"));
  }
}
