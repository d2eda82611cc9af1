#include "operator/controllers/realtimeapp/observe/exposure_claims.hpp"

#include <algorithm>
#include <map>

#include <fmt/format.h>

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

struct ClaimsScene {
  controllers::ExposureClaims claims;

  /// The others whose standing may have changed.
  auto change(const api::RealtimeApp& app, const std::string& problem = "") {
    const api::DecodedApp decoded{app, problem};
    return claims.change(app.key, &decoded);
  }
  auto end(const api::RealtimeApp& app) { return claims.change(app.key, nullptr); }
  /// By a reconcile that writes no Ingress.
  auto taken(const api::RealtimeApp& app) {
    auto found = claims.claim(app);
    claims.release(app.key);
    return found;
  }
};

}  // namespace

TEST_CASE("Of two apps with one address the older has it", "[unit][controllers]") {
  ClaimsScene scene;
  const auto first = claiming("b", "2006-01-02T15:04:05Z", "h");
  const auto second = claiming("a", "2006-01-02T15:04:06Z", "h");
  const auto elsewhere = claiming("c", "2006-01-02T15:04:04Z", "other");
  CHECK(scene.change(second).empty());
  CHECK(scene.change(elsewhere).empty());
  CHECK_FALSE(scene.taken(second));
  CHECK(scene.change(first) == std::set{second.key});
  CHECK_FALSE(scene.taken(first));
  REQUIRE(scene.taken(second));
  CHECK(scene.taken(second)->owner == first.key);

  SECTION("until that one goes elsewhere") {
    const auto moved = claiming("b", first.created, "new");
    CHECK(scene.change(moved) == std::set{second.key});
    CHECK_FALSE(scene.taken(second));
  }
  SECTION("or is deleted") {
    CHECK(scene.end(first) == std::set{second.key});
    CHECK_FALSE(scene.taken(second));
  }
  SECTION("or is on its way out, or not exposed any more") {
    auto leaving = first;
    leaving.deleting = true;
    CHECK(scene.change(leaving) == std::set{second.key});
    CHECK_FALSE(scene.taken(second));
  }
  SECTION("a change of something else concerns nobody") {
    auto scaled = first;
    scaled.spec.replicas = 9;
    CHECK(scene.change(scaled).empty());
  }
  SECTION("another path of the host is another address") {
    auto other = second;
    other.spec.exposure.paths = {"/second"};
    scene.change(other);
    CHECK_FALSE(scene.taken(other));
  }
}

TEST_CASE("Of two apps made within a second the one whose name comes first has the address", "[unit][controllers]") {
  ClaimsScene scene;
  const auto one = claiming("a", "2006-01-02T15:04:05Z", "");
  const auto two = claiming("b", "2006-01-02T15:04:05Z", "");
  scene.change(two);
  scene.change(one);
  CHECK_FALSE(scene.taken(one));
  CHECK(scene.taken(two)->owner == one.key);
}

TEST_CASE("Who holds an address keeps it, however old the others are", "[unit][controllers]") {
  ClaimsScene scene;
  const auto older = claiming("a", "2006-01-02T15:04:05Z", "a.test");
  auto holder = claiming("b", "2016-01-02T15:04:05Z", "b.test");
  holder.status.addresses = {{"traefik", "b.test", "/", "2016-01-02T15:04:06Z"}};
  scene.change(older);
  scene.change(holder);
  auto moved = older;
  moved.spec.exposure.host = "b.test";
  moved.status.addresses = {{"traefik", "a.test", "/", "2006-01-02T15:04:06Z"}};
  CHECK(scene.change(moved).empty());  // the holder keeps it
  CHECK_FALSE(scene.taken(holder));
  REQUIRE(scene.taken(moved));
  CHECK(scene.taken(moved)->owner == holder.key);
  SECTION("and what a refused app holds still is not for others") {
    const auto third = claiming("c", "2000-01-02T15:04:05Z", "a.test");
    scene.change(third);
    CHECK(scene.taken(third)->owner == older.key);
  }
}

TEST_CASE("A refused app holds nothing that it does not serve", "[unit][controllers]") {
  ClaimsScene scene;
  auto holder = claiming("a", "2016-01-02T15:04:05Z", "h");
  holder.spec.exposure.paths = {"/one"};
  holder.status.addresses = {{"traefik", "h", "/one", "2016-01-02T15:04:06Z"}};
  auto refused = claiming("b", "2006-01-02T15:04:05Z", "h");
  refused.spec.exposure.paths = {"/one", "/two"};
  auto young = claiming("c", "2017-01-02T15:04:05Z", "h");
  young.spec.exposure.paths = {"/two"};
  scene.change(holder);
  scene.change(refused);
  scene.change(young);
  CHECK(scene.taken(refused)->owner == holder.key);
  CHECK_FALSE(scene.taken(young));
  // Once nothing refuses it, the older app goes first, and the younger is told.
  const auto affected = scene.end(holder);
  CHECK(std::count(affected.begin(), affected.end(), young.key) == 1);
  CHECK(scene.taken(young)->owner == refused.key);
}

TEST_CASE("Paths are compared as prefixes are, element by element", "[unit][controllers]") {
  ClaimsScene scene;
  auto one = claiming("a", "2006-01-02T15:04:05Z", "h");
  one.spec.exposure.paths = {"/socket.io"};
  auto two = claiming("b", "2006-01-02T15:04:06Z", "h");
  two.spec.exposure.paths = {"/socket.io/"};
  scene.change(one);
  scene.change(two);
  REQUIRE(scene.taken(two));
  CHECK(scene.taken(two)->address.path == "/socket.io");
  CHECK(controllers::prefix_path("/") == "/");
}

TEST_CASE("What an app is about to serve is nobody else's, older or not", "[unit][controllers]") {
  ClaimsScene scene;
  std::vector<kube::ObjectKey> told;
  scene.claims.listen([&](const auto& others) { told.insert(told.end(), others.begin(), others.end()); });
  auto first = claiming("shop", "2006-01-02T15:04:05Z", "h");
  const auto second = claiming("chat", "2006-01-02T15:04:05Z", "h");  // of the same second: its name comes first
  scene.change(first);
  REQUIRE_FALSE(scene.claims.claim(first));
  scene.change(second);
  REQUIRE(scene.claims.claim(second));
  CHECK(scene.claims.claim(second)->owner == first.key);

  SECTION("once its Ingress serves it and its status records it, as well") {
    scene.claims.serve(first.key, {{"traefik", "h", "/"}});
    first.status.addresses = {{"traefik", "h", "/", "2006-01-02T15:04:06Z"}};
    scene.change(first);
    scene.claims.release(first.key);
    CHECK(scene.claims.claim(second)->owner == first.key);
    CHECK(told.empty());
  }
  SECTION("while it is edited, as well") {
    first.spec.replicas = 9;
    scene.change(first);
    CHECK(scene.claims.claim(second));
  }
  SECTION("until it did not come to that") {
    scene.claims.release(first.key);
    CHECK(told == std::vector{second.key});
    CHECK_FALSE(scene.claims.claim(second));
    CHECK(scene.claims.claim(first)->owner == second.key);
  }
  SECTION("until it is told that it wants another") {
    first.spec.exposure.host = "other";
    scene.change(first);
    CHECK(scene.claims.claim(second)->owner == first.key);
    REQUIRE_FALSE(scene.claims.claim(first));
    scene.claims.release(first.key);
    CHECK(told == std::vector{second.key});
    CHECK_FALSE(scene.claims.claim(second));
  }
  SECTION("until it is gone, not when that begins") {
    first.status.addresses = {{"traefik", "h", "/", "2006-01-02T15:04:06Z"}};
    first.deleting = true;
    scene.change(first);
    CHECK(scene.claims.claim(second)->owner == first.key);
  }
  SECTION("until it is gone, also when it is reconciled still") {
    scene.end(first);
    (void)scene.claims.claim(first);
    CHECK(scene.claims.claim(second)->owner == first.key);
    scene.claims.release(first.key);
    CHECK(told == std::vector{second.key});
    CHECK_FALSE(scene.claims.claim(second));
  }
  SECTION("also where its newest spec, which wants another, is known already") {
    auto edited = first;
    edited.spec.exposure.host = "other";
    scene.claims.release(first.key);
    scene.change(edited);
    scene.end(second);
    CHECK_FALSE(scene.claims.claim(first));
    scene.change(second);
    CHECK(scene.claims.claim(second)->owner == first.key);
  }
  SECTION("also where a status that recorded it does so no more") {
    first.status.addresses = {{"traefik", "h", "/", "2006-01-02T15:04:06Z"}};
    scene.change(first);
    REQUIRE_FALSE(scene.claims.claim(first));
    first.status.addresses.clear();
    scene.change(first);
    CHECK(scene.claims.claim(second)->owner == first.key);
  }
}

TEST_CASE("What an Ingress serves is its app's, recorded or not, and also when that is gone", "[unit][controllers]") {
  ClaimsScene scene;
  const auto server = claiming("server", "2016-01-02T15:04:05Z", "h");
  const auto older = claiming("older", "2006-01-02T15:04:05Z", "h");
  const controllers::ExposureAddress address{"traefik", "h", "/"};
  scene.change(older);
  CHECK(scene.claims.serve(server.key, {address}) == std::set{older.key});  // listed before its app
  scene.change(server);
  CHECK_FALSE(scene.taken(server));
  REQUIRE(scene.taken(older));
  CHECK_FALSE(scene.taken(older)->only_served);

  SECTION("but not before whose status records it, if its Ingress serves it too") {
    auto recorded = older;
    recorded.status.addresses = {{"traefik", "h", "/", "2006-01-02T15:04:06Z"}};
    scene.change(recorded);  // restored from a backup
    CHECK_FALSE(scene.taken(server));
    CHECK(scene.taken(recorded)->owner == server.key);
    CHECK(scene.claims.serve(older.key, {address}) == std::set{server.key});
    CHECK(scene.taken(server)->owner == older.key);
  }
  SECTION("until it serves another") {
    CHECK(scene.claims.serve(server.key, {{"traefik", "other", "/"}}) == std::set{older.key});
    CHECK_FALSE(scene.taken(older));
  }
  SECTION("until it is gone, later than its app") {
    CHECK(scene.end(server) == std::set{older.key});
    REQUIRE(scene.taken(older));
    CHECK(scene.taken(older)->owner == server.key);
    CHECK(scene.taken(older)->only_served);
    CHECK(scene.claims.serve(server.key, {}) == std::set{older.key});
    CHECK_FALSE(scene.taken(older));
  }
}

TEST_CASE("Apps whose Ingress cannot be written do not wake each other for ever", "[unit][controllers]") {
  ClaimsScene scene;
  std::vector<kube::ObjectKey> queue;
  scene.claims.listen([&](const auto& others) { queue.insert(queue.end(), others.begin(), others.end()); });
  std::map<kube::ObjectKey, api::RealtimeApp> apps;
  const auto add = [&](const std::string& name, int second, std::vector<std::string> paths) {
    auto app = claiming(name, fmt::format("2006-01-02T15:04:0{}Z", second), "h");
    app.spec.exposure.paths = std::move(paths);
    scene.change(app);
    apps.insert_or_assign(app.key, app);
    queue.push_back(app.key);
  };
  SECTION("through a younger one that both hold up") {
    add("x", 1, {"/a"});
    add("w", 2, {"/b"});
    add("z", 3, {"/a", "/b"});
  }
  SECTION("through an older one that both hold up") {
    add("x", 2, {"/a"});
    add("w", 3, {"/b"});
    add("z", 1, {"/a", "/b", "/c"});
    auto holder = claiming("holder", "2006-01-02T15:04:09Z", "h");
    holder.status.addresses = {{"traefik", "h", "/c", "2006-01-02T15:04:09Z"}};
    scene.change(holder);
  }
  int reconciles = 0;
  for (; !queue.empty() && reconciles < 1000; ++reconciles) {
    const auto key = queue.front();
    queue.erase(queue.begin());
    (void)scene.taken(apps.at(key));
  }
  CHECK(reconciles < 30);
}

TEST_CASE("An app whose spec can no longer be read keeps what it serves, and wants nothing", "[unit][controllers]") {
  ClaimsScene scene;
  auto app = claiming("a", "2006-01-02T15:04:05Z", "new");
  app.status.addresses = {{"traefik", "old", "/", "2006-01-02T15:04:06Z"}};
  scene.change(app, "spec.server: is wrong");
  CHECK(scene.taken(claiming("b", "2016-01-02T15:04:05Z", "old"))->owner == app.key);
  CHECK_FALSE(scene.taken(claiming("b", "2016-01-02T15:04:05Z", "new")));
}

TEST_CASE("Behind an app that holds an address, a change of those that want it concerns nobody",
          "[unit][controllers]") {
  ClaimsScene scene;
  auto holder = claiming("holder", "2006-01-02T15:04:05Z", "h");
  holder.status.addresses = {{"traefik", "h", "/", "2006-01-02T15:04:06Z"}};
  scene.change(holder);
  for (int i = 0; i < 100; ++i) {
    const auto refused = claiming(fmt::format("{}", i), "2006-01-02T15:04:05Z", "h");
    CHECK(scene.change(refused).empty());
    CHECK(scene.taken(refused)->owner == holder.key);
  }
  CHECK(scene.end(holder).size() == 100);
}
