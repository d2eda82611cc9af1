#include "realtime-server/server/going_away.hpp"

#include "tests/support/catch.hpp"

using server::has_affinity_cookie;

TEST_CASE("The cookie of the ingress is found among others, by its whole name", "[unit][server]") {
  for (const auto* cookies :
       {"realtime-replica=1f", "a=b; realtime-replica=1f", "a=b;realtime-replica=1f;c=d", "realtime-replica="}) {
    CAPTURE(cookies);
    CHECK(has_affinity_cookie(cookies));
  }
  for (const auto* cookies :
       {"", ";", "; ", "=", "realtime-replica2=1f", "my-realtime-replica=1f", "a=realtime-replica", "a=b; ; c"}) {
    CAPTURE(cookies);
    CHECK_FALSE(has_affinity_cookie(cookies));
  }
}
