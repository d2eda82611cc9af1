#include "realtime-server/server/origins.hpp"

#include "tests/support/catch.hpp"

using server::Origins;
using transport::Request;

namespace {

constexpr std::string_view kHost = "chat.example.com";

Request request_of(std::optional<std::string_view> origin, std::string_view host = kHost,
                   std::optional<bool> secure = std::nullopt) {
  Request request;
  request.origin = origin;
  request.host = host;
  request.secure = secure;
  return request;
}

}  // namespace

TEST_CASE("Without a list, pages of the server's own origin may connect, and programs that are not pages",
          "[unit][server]") {
  const Origins origins{{}};
  CHECK(origins.allows(request_of(std::nullopt)));
  CHECK(origins.allows(request_of(std::nullopt, "")));
  CHECK(origins.allows(request_of("https://chat.example.com")));
  CHECK(origins.allows(request_of("http://chat.example.com")));
  CHECK(origins.allows(request_of("https://CHAT.example.com", "chat.EXAMPLE.com")));
  CHECK(origins.allows(request_of("http://localhost:8080", "localhost:8080")));
  CHECK(origins.allows(request_of("http://[::1]:8080", "[::1]:8080")));
}

TEST_CASE("A scheme's own port is no difference, nor is ws for http", "[unit][server]") {
  const Origins origins{{}};
  for (const auto& [origin, host] :
       std::vector<std::pair<std::string_view, std::string_view>>{{"wss://h.test", "h.test:443"},
                                                                  {"https://h.test", "h.test:443"},
                                                                  {"https://h.test:443", "h.test"},
                                                                  {"ws://h.test", "h.test:80"},
                                                                  {"http://h.test:80", "h.test"},
                                                                  {"wss://h.test:8443", "h.test:8443"},
                                                                  {"https://[::1]:443", "[::1]"}}) {
    INFO(origin << " " << host);
    CHECK(origins.allows(request_of(origin, host)));
  }
  CHECK_FALSE(origins.allows(request_of("https://h.test", "h.test:80")));
  CHECK_FALSE(origins.allows(request_of("http://h.test", "h.test:443")));
  CHECK_FALSE(origins.allows(request_of("https://h.test", "h.test:8443")));
  CHECK_FALSE(origins.allows(request_of("https://h.test:80", "h.test")));
}

TEST_CASE("The scheme counts if a proxy tells it", "[unit][server]") {
  const Origins origins{{}};
  CHECK(origins.allows(request_of("https://chat.example.com", kHost, true)));
  CHECK(origins.allows(request_of("wss://chat.example.com", kHost, true)));
  CHECK_FALSE(origins.allows(request_of("http://chat.example.com", kHost, true)));
  CHECK(origins.allows(request_of("http://chat.example.com", kHost, false)));
  CHECK_FALSE(origins.allows(request_of("https://chat.example.com", kHost, false)));
}

TEST_CASE("A page of another origin may not connect unless it is named", "[unit][server]") {
  const Origins origins{{}};
  for (const std::string_view origin :
       {"https://evil.example.com", "https://chat.example.com.evil.example", "https://chat.example.co",
        "https://xchat.example.com", "https://chat.example.com:8443", "https://chat.example.com/", "https://", "null",
        "", "chat.example.com", "file://", "https://user@chat.example.com", "capacitor://chat.example.com",
        "https://evil.example?://chat.example.com"}) {
    INFO(origin);
    CHECK_FALSE(origins.allows(request_of(origin)));
    CHECK_FALSE(origins.allows(request_of(origin, "")));
    CHECK(origins.headers(request_of(origin)).empty());
  }
}

TEST_CASE("Those that are named may connect, however they are spelled", "[unit][server]") {
  const Origins origins{
      {"https://A.example.com:443", "https://b.example.com:8443", "null", "file://", "capacitor://localhost"}};
  for (const std::string_view origin :
       {"https://a.example.com", "https://A.Example.com", "wss://a.example.com", "https://a.example.com:443",
        "https://b.example.com:8443", "null", "file://", "capacitor://localhost"}) {
    INFO(origin);
    CHECK(origins.allows(request_of(origin)));
    CHECK(origins.headers(request_of(origin))
              .starts_with("Access-Control-Allow-Origin: " + std::string{origin} + "\r\n"));
  }
  for (const std::string_view origin : {"http://a.example.com", "https://b.example.com", "https://a.example.com:444",
                                        "https://a.example.com.evil.example", "*", "ionic://localhost"}) {
    INFO(origin);
    CHECK_FALSE(origins.allows(request_of(origin)));
  }
  CHECK(origins.allows(request_of("https://chat.example.com")));
  CHECK(origins.allows(request_of(std::nullopt)));
}

TEST_CASE("An allowed origin may send credentials, and gets its own name", "[unit][server]") {
  const auto request = request_of("https://A.example.com");
  CHECK(Origins{{"https://a.example.com"}}.headers(request) ==
        "Access-Control-Allow-Origin: https://A.example.com\r\nAccess-Control-Allow-Credentials: true\r\n"
        "Vary: Origin\r\n");
  CHECK(Origins{{"https://a.example.com"}, false}.headers(request) ==
        "Access-Control-Allow-Origin: https://A.example.com\r\nVary: Origin\r\n");
}

TEST_CASE("A star lets every page connect, without credentials unless they are asked for", "[unit][server]") {
  const Origins origins{{"*"}};
  for (const std::string_view origin : {"https://evil.example.com", "null", "", "file://"}) {
    CHECK(origins.allows(request_of(origin)));
    CHECK(origins.headers(request_of(origin)) == "Access-Control-Allow-Origin: *\r\n");
  }
  CHECK(Origins{{"*"}, true}.headers(request_of("https://a.example.com")) ==
        "Access-Control-Allow-Origin: https://a.example.com\r\nAccess-Control-Allow-Credentials: true\r\n"
        "Vary: Origin\r\n");
  CHECK(origins.headers(request_of("https://chat.example.com")).empty());
  CHECK(origins.headers(request_of(std::nullopt)).empty());
}

TEST_CASE("An origin that is longer than any is not allowed", "[unit][server]") {
  const Origins origins{{"*"}, true};
  const auto origin = "https://" + std::string(400, 'a');
  CHECK_FALSE(origins.allows(request_of(origin)));
  CHECK(origins.headers(request_of(origin)).empty());
}

TEST_CASE("A preflight request gets the headers that it asks for", "[unit][server]") {
  auto request = request_of("https://a.example.com");
  CHECK_THAT(Origins::preflight_headers(request), Catch::Contains("Access-Control-Allow-Headers: content-type\r\n"));
  request.preflight_wants = "authorization,x-team";
  CHECK_THAT(Origins::preflight_headers(request),
             Catch::Contains("Access-Control-Allow-Headers: authorization,x-team\r\n"));
}
