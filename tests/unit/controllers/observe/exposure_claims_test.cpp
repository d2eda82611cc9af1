#include "operator/controllers/realtimeapp/observe/exposure_claims.hpp"

#include "tests/support/catch.hpp"
#include "tests/support/sample_app.hpp"

namespace {

api::RealtimeApp claiming(const std::string& name, const std::string& created, const std::string& host) {
  auto app = support::sample_app();
  app.key.name = name;
  app.created = created;
  app.spec.exposure.host = host;
  return app;
}

}  // namespace

TEST_CASE("Of two apps with one address the older has it", "[unit][controllers]") {
  controllers::ExposureClaims claims;
  const auto first = claiming("b", "2006-01-02T15:04:05Z", "h");
  const auto second = claiming("a", "2006-01-02T15:04:06Z", "h");
  const auto elsewhere = claiming("c", "2006-01-02T15:04:04Z", "other");
  CHECK(claims.change(second.key, nullptr, &second).empty());
  CHECK(claims.change(elsewhere.key, nullptr, &elsewhere).empty());
  CHECK_FALSE(claims.taken(second));
  CHECK(claims.change(first.key, nullptr, &first) == std::vector{second.key});
  CHECK_FALSE(claims.taken(first));
  REQUIRE(claims.taken(second));
  CHECK(claims.taken(second)->owner == first.key);

  SECTION("until that one goes elsewhere") {
    const auto moved = claiming("b", first.created, "new");
    CHECK(claims.change(first.key, &first, &moved) == std::vector{second.key});
    CHECK_FALSE(claims.taken(second));
  }
  SECTION("or is deleted") {
    CHECK(claims.change(first.key, &first, nullptr) == std::vector{second.key});
    CHECK_FALSE(claims.taken(second));
  }
  SECTION("or is on its way out, or not exposed any more") {
    auto leaving = first;
    leaving.deleting = true;
    CHECK(claims.change(first.key, &first, &leaving) == std::vector{second.key});
    CHECK_FALSE(claims.taken(second));
  }
  SECTION("a change of something else concerns nobody") {
    auto scaled = first;
    scaled.spec.replicas = 9;
    CHECK(claims.change(first.key, &first, &scaled).empty());
  }
  SECTION("another path of the host is another address") {
    auto other = second;
    other.spec.exposure.paths = {"/second"};
    claims.change(second.key, &second, &other);
    CHECK_FALSE(claims.taken(other));
  }
}

TEST_CASE("Of two apps made within a second the one whose name comes first has the address", "[unit][controllers]") {
  controllers::ExposureClaims claims;
  const auto one = claiming("a", "2006-01-02T15:04:05Z", "");
  const auto two = claiming("b", "2006-01-02T15:04:05Z", "");
  claims.change(two.key, nullptr, &two);
  claims.change(one.key, nullptr, &one);
  CHECK_FALSE(claims.taken(one));
  CHECK(claims.taken(two)->owner == one.key);
}
