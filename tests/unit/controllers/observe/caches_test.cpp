// What of the caches an app gets, and in which order a change of what is cached brings apps to the queue.
#include "operator/controllers/realtimeapp/observe/caches.hpp"

#include <thread>

#include <fmt/format.h>

#include "operator/api/v1alpha1/labels.hpp"
#include "operator/kube/client.hpp"
#include "operator/runtime/manager.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/json.hpp"
#include "tests/support/scripted_server.hpp"

namespace {

constexpr int kApps = 50;

/// The end of a streaming list.
constexpr const char* kComplete =
    R"({"type": "BOOKMARK", "object": {"metadata": {"resourceVersion": "1", "annotations": {"k8s.io/initial-events-end": "true"}}}})"
    "\n";

kube::ObjectKey app_key(int number) { return {"ns", fmt::format("app-{}", number)}; }

api::DecodedApp app(int number, std::int64_t generation) {
  api::DecodedApp decoded;
  decoded.app.key = app_key(number);
  decoded.app.uid = fmt::format("uid-{}", number);
  decoded.app.generation = generation;
  return decoded;
}

/// A child of the app with these fields.
controllers::ChildState child(int number, std::uint64_t digest) {
  controllers::ChildState state;
  state.app = app_key(number).name;
  state.controller_uid = fmt::format("uid-{}", number);
  state.digest = {digest, digest};
  return state;
}

/// Caches that are fed by a test, with the queue that they feed.
struct CachesScene {
  core::Metrics metrics;
  kube::Transport transport{{.server = "http://127.0.0.1:1"}};  // nobody is asked: the manager is never run
  kube::Client client{transport, metrics};
  runtime::ReflectorThreads threads;
  runtime::Manager manager{threads, client, metrics, {}};
  runtime::WorkQueue queue{"test", metrics};
  controllers::Caches caches;

  CachesScene() {
    caches.connect(manager, queue);
    for (int number = 0; number < kApps; ++number) {
      caches.apps.put(app_key(number), "1", app(number, 1));
      caches.of("Deployment").put(app_key(number), "1", child(number, 1));
    }
  }

  /// The next in the queue, of which nobody works.
  kube::ObjectKey next() {
    const auto key = queue.get({});
    REQUIRE(key);
    queue.done(*key);
    return *key;
  }
};

}  // namespace

TEST_CASE("While an instance stands by, nothing is urgent", "[unit][controllers]") {
  CachesScene scene;
  const int last = kApps - 1;
  SECTION("not an edited specification") { scene.caches.apps.put(app_key(last), "2", app(last, 2)); }
  SECTION("not a child that was changed") { scene.caches.of("Deployment").put(app_key(last), "2", child(last, 2)); }
  SECTION("not a child that was deleted") { scene.caches.of("Deployment").remove(app_key(last)); }
  SECTION("not an app that was deleted") { scene.caches.apps.remove(app_key(last)); }
  for (int number = 0; number < kApps; ++number) CHECK(scene.next() == app_key(number));
}

TEST_CASE("Children that are looked at again are counted once", "[unit][controllers]") {
  controllers::Caches caches;
  const auto& of = app(0, 1).app;
  auto rolling = child(0, 1);
  rolling.replicas = 2;
  rolling.updated_replicas = 1;
  caches.of("Deployment").put(of.key, "1", rolling);
  caches.replica_sets.put({"ns", "a"}, "1", {of.key.name, "configuration", "2", 1});
  auto observed = caches.observe(of);
  CHECK(observed.ready_by_revision == std::map<std::string, int>{{"2", 1}});
  CHECK(observed.configurations_in_use == std::set<std::string>{"configuration"});
  CHECK(observed.outdated_replica_sets == std::set<std::string>{"a"});
  caches.observe_children(of, observed);
  CHECK(observed.ready_by_revision == std::map<std::string, int>{{"2", 1}});
  caches.replica_sets.remove({"ns", "a"});
  caches.observe_children(of, observed);
  CHECK(observed.outdated_replica_sets.empty());
  CHECK(observed.ready_by_revision.empty());
  CHECK(observed.configurations_in_use.empty());
}

TEST_CASE("A pod that only has our labels is not the app's", "[unit][controllers]") {
  controllers::Caches caches;
  const auto& of = app(0, 1).app;
  const auto pods = caches.pod_diagnoses.target("");
  for (const auto& [pod, controller] :
       {std::pair{"of-fleet", "app-0-1"}, {"of-redis", "app-0-redis"}, {"of-another", "app-1-1"}, {"of-nobody", ""}}) {
    auto object = support::object_of(
        {{"metadata",
          {{"name", pod},
           {"namespace", "ns"},
           {"labels", {{api::label::kInstance, of.key.name}}},
           {"ownerReferences", nlohmann::json::array({{{"name", controller}, {"controller", true}}})}}},
         {"status",
          {{"containerStatuses", nlohmann::json::array({{{"state", {{"waiting", {{"reason", "ErrImagePull"}}}}}}})}}}});
    pods->put(object);
  }
  const auto diagnosed = [&] {
    std::set<std::string> names;
    for (const auto& [pod, diagnosis] : caches.observe(of).pod_diagnoses) names.insert(pod);
    return names;
  };
  CHECK(diagnosed() == std::set<std::string>{"of-redis"});
  caches.replica_sets.put({"ns", "app-0-1"}, "1", {.deployment = of.key.name});
  caches.replica_sets.put({"ns", "app-1-1"}, "1", {.deployment = app_key(1).name});
  CHECK(diagnosed() == std::set<std::string>{"of-fleet", "of-redis"});
}

TEST_CASE("What is changed after the start goes before what waits since", "[unit][controllers]") {
  support::ScriptedServer server{[](const support::ScriptedRequest&, support::ScriptedReply& reply) {
    reply.begin_stream();
    reply.raw(kComplete);
    reply.hold();
  }};
  core::Metrics metrics;
  kube::Transport transport{{.server = server.url(), .ca = server.authority()}};
  kube::Client client{transport, metrics};
  runtime::WorkQueue queue{"test", metrics};
  controllers::Caches caches;
  runtime::ReflectorThreads threads;
  runtime::Manager manager{threads, client, metrics, {}};
  caches.connect(manager, queue);
  const std::jthread running{[&](const std::stop_token& stop) { manager.run(stop); }};
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds{20};
  while (!manager.works() && std::chrono::steady_clock::now() < end) std::this_thread::yield();
  REQUIRE(manager.works());
  for (int number = 0; number < kApps; ++number) queue.add(app_key(number), runtime::Priority::kLow);
  const int last = kApps - 1;
  SECTION("a new app") {
    caches.apps.put(app_key(kApps), "2", app(kApps, 1));
    CHECK(queue.get({}) == app_key(kApps));
  }
  SECTION("a child that was changed") {
    caches.of("Deployment").put(app_key(last), "2", child(last, 2));
    CHECK(queue.get({}) == app_key(last));
  }
  SECTION("but not a new status") {
    caches.apps.put(app_key(last), "2", app(last, 1));
    REQUIRE(queue.get({}) == app_key(last));
    queue.done(app_key(last));
    auto reported = app(last, 1);
    reported.app.status.observed_generation = 1;
    caches.apps.put(app_key(last), "3", reported);
    CHECK(queue.get({}) == app_key(0));
  }
}
