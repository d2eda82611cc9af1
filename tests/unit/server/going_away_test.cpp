#include "realtime-server/server/going_away.hpp"

#include "tests/support/catch.hpp"

using server::has_cookie;

TEST_CASE("The cookie of the ingress is found among others, by its whole name", "[unit][server]") {
  for (const auto* cookies :
       {"realtime-replica=1f", "a=b; realtime-replica=1f", "a=b;realtime-replica=1f;c=d", "realtime-replica="}) {
    CAPTURE(cookies);
    CHECK(has_cookie(cookies, "realtime-replica"));
  }
  for (const auto* cookies :
       {"", ";", "; ", "=", "realtime-replica2=1f", "my-realtime-replica=1f", "a=realtime-replica", "a=b; ; c"}) {
    CAPTURE(cookies);
    CHECK_FALSE(has_cookie(cookies, "realtime-replica"));
  }
}

TEST_CASE("The cookie is deleted with the attributes that it was set with", "[unit][server]") {
  CHECK(server::clear_cookie_header("chat", false) == "Set-Cookie: chat=; Path=/; Max-Age=0\r\n");
  CHECK(server::clear_cookie_header("chat", true) ==
        "Set-Cookie: chat=; Path=/; Max-Age=0\r\nSet-Cookie: chat=; Path=/; Max-Age=0; SameSite=None; Secure\r\n");
}
