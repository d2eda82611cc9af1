#include "realtime-server/server/origins.hpp"

#include "tests/support/catch.hpp"

using server::Origins;

namespace {

constexpr std::string_view kHost = "chat.example.com";

}  // namespace

TEST_CASE("Without a list, pages of the server's own origin may connect, and programs that are not pages",
          "[unit][server]") {
  const Origins origins{{}};
  CHECK(origins.allows(std::nullopt, kHost));
  CHECK(origins.allows(std::nullopt, ""));
  CHECK(origins.allows("https://chat.example.com", kHost));
  CHECK(origins.allows("http://chat.example.com", kHost));
  CHECK(origins.allows("https://CHAT.example.com", "chat.EXAMPLE.com"));
  CHECK(origins.allows("http://localhost:8080", "localhost:8080"));
  CHECK(origins.allows("http://[::1]:8080", "[::1]:8080"));
}

TEST_CASE("A page of another origin may not connect unless it is named", "[unit][server]") {
  const Origins origins{{}};
  for (const std::string_view origin :
       {"https://evil.example.com", "https://chat.example.com.evil.example", "https://chat.example.co",
        "https://xchat.example.com", "https://chat.example.com:8443", "https://chat.example.com/", "https://", "null",
        "", "chat.example.com", "file://", "https://user@chat.example.com",
        "https://evil.example?://chat.example.com"}) {
    INFO(origin);
    CHECK_FALSE(origins.allows(origin, kHost));
    CHECK_FALSE(origins.allows(origin, ""));
    CHECK(origins.headers(origin, kHost).empty());
  }
}

TEST_CASE("Those that are named may connect, whole and in any case", "[unit][server]") {
  const Origins origins{{"https://a.example.com", "https://b.example.com:8443"}};
  for (const std::string_view origin :
       {"https://a.example.com", "https://A.Example.com", "https://b.example.com:8443"}) {
    INFO(origin);
    CHECK(origins.allows(origin, kHost));
  }
  for (const std::string_view origin : {"http://a.example.com", "https://b.example.com", "https://a.example.com:443",
                                        "https://a.example.com.evil.example", "*", "null"}) {
    INFO(origin);
    CHECK_FALSE(origins.allows(origin, kHost));
  }
  CHECK(origins.allows("https://chat.example.com", kHost));
  CHECK(origins.allows(std::nullopt, kHost));
}

TEST_CASE("A star lets every page connect", "[unit][server]") {
  const Origins origins{{"*"}};
  for (const std::string_view origin : {"https://evil.example.com", "null", "", "file://"})
    CHECK(origins.allows(origin, kHost));
  CHECK(origins.headers("null", kHost).starts_with("Access-Control-Allow-Origin: null\r\n"));
}

TEST_CASE("An allowed origin gets CORS headers with its name, never with a star", "[unit][server]") {
  const Origins origins{{"*"}};
  CHECK(origins.headers("https://A.example.com", kHost) ==
        "Access-Control-Allow-Origin: https://A.example.com\r\nAccess-Control-Allow-Credentials: true\r\n"
        "Vary: Origin\r\n");
  CHECK(origins.headers("https://chat.example.com", kHost).empty());
  CHECK(origins.headers(std::nullopt, kHost).empty());
}
