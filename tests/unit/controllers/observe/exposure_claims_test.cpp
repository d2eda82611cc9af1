#include "operator/controllers/realtimeapp/observe/exposure_claims.hpp"

#include <algorithm>

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

TEST_CASE("Who holds an address keeps it, however old the others are", "[unit][controllers]") {
  controllers::ExposureClaims claims;
  const auto older = claiming("a", "2006-01-02T15:04:05Z", "a.test");
  auto holder = claiming("b", "2016-01-02T15:04:05Z", "b.test");
  holder.status.addresses = {{"traefik", "b.test", "/", "2016-01-02T15:04:06Z"}};
  claims.change(older.key, nullptr, &older);
  claims.change(holder.key, nullptr, &holder);
  auto moved = older;
  moved.spec.exposure.host = "b.test";
  moved.status.addresses = {{"traefik", "a.test", "/", "2006-01-02T15:04:06Z"}};
  CHECK(claims.change(older.key, &older, &moved) == std::vector{holder.key});
  CHECK_FALSE(claims.taken(holder));
  REQUIRE(claims.taken(moved));
  CHECK(claims.taken(moved)->owner == holder.key);
  SECTION("and what a refused app holds still is not for others") {
    const auto third = claiming("c", "2000-01-02T15:04:05Z", "a.test");
    claims.change(third.key, nullptr, &third);
    CHECK(claims.taken(third)->owner == older.key);
  }
}

TEST_CASE("A refused app holds nothing that it does not serve", "[unit][controllers]") {
  controllers::ExposureClaims claims;
  auto holder = claiming("a", "2016-01-02T15:04:05Z", "h");
  holder.spec.exposure.paths = {"/one"};
  holder.status.addresses = {{"traefik", "h", "/one", "2016-01-02T15:04:06Z"}};
  auto refused = claiming("b", "2006-01-02T15:04:05Z", "h");
  refused.spec.exposure.paths = {"/one", "/two"};
  auto young = claiming("c", "2017-01-02T15:04:05Z", "h");
  young.spec.exposure.paths = {"/two"};
  claims.change(holder.key, nullptr, &holder);
  claims.change(refused.key, nullptr, &refused);
  claims.change(young.key, nullptr, &young);
  CHECK(claims.taken(refused)->owner == holder.key);
  CHECK_FALSE(claims.taken(young));
  // Once nothing refuses it, the older app goes first, and the younger is told.
  const auto affected = claims.change(holder.key, &holder, nullptr);
  CHECK(std::count(affected.begin(), affected.end(), young.key) == 1);
  CHECK(claims.taken(young)->owner == refused.key);
}

TEST_CASE("Paths are compared as prefixes are, element by element", "[unit][controllers]") {
  controllers::ExposureClaims claims;
  auto one = claiming("a", "2006-01-02T15:04:05Z", "h");
  one.spec.exposure.paths = {"/socket.io"};
  auto two = claiming("b", "2006-01-02T15:04:06Z", "h");
  two.spec.exposure.paths = {"/socket.io/"};
  claims.change(one.key, nullptr, &one);
  claims.change(two.key, nullptr, &two);
  REQUIRE(claims.taken(two));
  CHECK(claims.taken(two)->address.path == "/socket.io");
  CHECK(controllers::prefix_path("/") == "/");
}
