// What is read of Redis' Secret when, and what an app is planned from meanwhile.
#include "operator/controllers/realtimeapp/observe/observer.hpp"

#include "operator/api/v1alpha1/conditions.hpp"
#include "operator/controllers/realtimeapp/plan/plan.hpp"
#include "operator/controllers/realtimeapp/plan/redis.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/json.hpp"
#include "tests/support/sample_app.hpp"
#include "tests/support/scripted_server.hpp"

using namespace std::chrono_literals;
using controllers::ChildState;

namespace {

/// A new leader that finds an app with its workloads, whose pods carry the digest of its password.
struct ObserverScene {
  api::RealtimeApp app = support::sample_app();
  std::string body = support::json_of(controllers::redis_secret(app, "password", "key")).dump();
  support::ScriptedServer server{
      [this](const support::ScriptedRequest&, support::ScriptedReply& reply) { reply.answer(200, body); }};
  core::Metrics metrics;
  kube::Transport transport{{.server = server.url(), .ca = server.authority()}};
  kube::Client client{transport, metrics};
  controllers::Caches caches;
  controllers::ConnectionCounter connections{[](const auto&) { return std::vector<std::string>{}; }};
  std::chrono::milliseconds refresh{5min};
  controllers::AppMemory memory;
  const std::string digest =
      controllers::read_redis_credentials(controllers::redis_secret(app, "password", "key")).digest;

  ObserverScene() {
    app.status.observed_generation = app.generation;
    says(api::reason::kRedisServing);
    put("Deployment", "chat", digest);
    put("StatefulSet", "chat-redis", digest);
  }

  void says(std::string_view reason) {
    app.status.conditions = {{api::condition::kRedisReady, "True", reason, "", app.generation, ""}};
  }

  void put(std::string_view kind, const std::string& name, const std::string& carried) {
    ChildState state;
    state.controller_uid = app.uid;
    state.credentials_digest = carried;
    caches.of(kind).put({"default", name}, std::to_string(++version_), state);
  }

  controllers::Observed observe() {
    return controllers::Observer{client, caches, connections, {}, "", refresh}.observe(app, memory, {});
  }
  std::size_t reads() { return server.requests().size(); }

 private:
  int version_ = 0;
};

std::string carried_by(const controllers::Plan& plan, std::string_view kind) {
  for (const auto& child : plan.children)
    if (child.type.kind == kind)
      return support::json_of(child.desired())["spec"]["template"]["metadata"]["annotations"]
                                              [std::string{api::annotation::kRedisCredentials}];
  return {};
}

}  // namespace

TEST_CASE("A Secret that the leader before could use is read when it is due, not at the start", "[unit][controllers]") {
  ObserverScene scene;
  scene.says(GENERATE(api::reason::kRedisServing, api::reason::kRedisStarting));
  const auto observed = scene.observe();
  CHECK(scene.reads() == 0);
  CHECK(observed.redis_secret.is_unread);
  CHECK(observed.new_password.empty());
  const auto due = controllers::SecretReader::due_in(scene.app, scene.memory);
  REQUIRE(due);
  CHECK((*due > 2min && *due <= 5min));
  (void)scene.observe();
  CHECK(scene.reads() == 0);

  SECTION("what runs stays, and the Secret is neither created nor written to") {
    const auto plan = controllers::plan(scene.app, observed);
    CHECK(plan.problems.empty());
    CHECK(plan.new_digest_key.empty());
    CHECK(carried_by(plan, "Deployment") == scene.digest);
    CHECK(carried_by(plan, "StatefulSet") == scene.digest);
    const auto* secret = observed.child(kube::types::kSecret, "chat-redis");
    REQUIRE(secret != nullptr);
    for (const auto& child : plan.children)
      if (child.type == kube::types::kSecret) CHECK((!child.create_only && child.digest == secret->digest));
  }
  SECTION("then it is read") {
    scene.memory.redis_secret.due = {};
    CHECK(scene.observe().redis_secret.credentials->digest == scene.digest);
    CHECK(scene.reads() == 1);
  }
  SECTION("at once when the spec changes") {
    ++scene.app.generation;
    CHECK(scene.observe().redis_secret.credentials);
    CHECK(scene.reads() == 1);
  }
  SECTION("at once when a workload is gone") {
    scene.caches.of("StatefulSet").remove({"default", "chat-redis"});
    CHECK(scene.observe().redis_secret.credentials);
    CHECK(scene.reads() == 1);
  }
  SECTION("at once when others change what pods carry") {
    scene.put("Deployment", "chat", GENERATE("", "theirs"));
    CHECK(scene.observe().redis_secret.credentials);
    CHECK(scene.reads() == 1);
  }
}

TEST_CASE("A Secret that may be in question is read at the start", "[unit][controllers]") {
  ObserverScene scene;
  SECTION("nothing was said of it") { scene.app.status.conditions.clear(); }
  SECTION("it could not be used") { scene.says(api::reason::kRedisPasswordMismatch); }
  SECTION("it could not be read") { scene.says(api::reason::kReadFailed); }
  SECTION("the spec was changed meanwhile") { ++scene.app.generation; }
  SECTION("the pods do not agree") { scene.put("StatefulSet", "chat-redis", "another"); }
  SECTION("no pod carries a digest, or those of an older version do") {
    const std::string carried = GENERATE("", "7c211433f02071597741e6ff5a8ea34d");
    scene.put("Deployment", "chat", carried);
    scene.put("StatefulSet", "chat-redis", carried);
  }
  const auto observed = scene.observe();
  CHECK(scene.reads() == 1);
  CHECK(observed.redis_secret.credentials);
}

TEST_CASE("An Ingress without our label is known by the address that the status has", "[unit][controllers]") {
  ObserverScene scene;
  const auto of_nobody = scene.observe();
  CHECK(scene.reads() == 0);  // no address, nothing to look for
  scene.app.status.addresses = {{"traefik", "chat.test", "/", "2006-01-02T15:04:05Z"}};
  const std::string controller = GENERATE("its own", "another");
  nlohmann::json owner{{"kind", "RealtimeApp"}, {"name", "chat"}, {"uid", controller}, {"controller", true}};
  if (controller == "its own") owner["uid"] = scene.app.uid.text();
  scene.body = nlohmann::json{{"metadata",
                               {{"name", "chat"},
                                {"namespace", "default"},
                                {"uid", "i"},
                                {"resourceVersion", "7"},
                                {"ownerReferences", nlohmann::json::array({owner})}}}}
                   .dump();
  const auto observed = scene.observe();
  CHECK(scene.reads() == 1);
  CHECK((observed.child(kube::types::kIngress, "chat") != nullptr) == (controller == "its own"));
  CHECK(observed.is_ingress_uncached == (controller == "its own"));
  scene.app.status.addresses.clear();
  CHECK_FALSE(scene.observe().is_ingress_uncached);
  CHECK(scene.reads() == 1);
}

TEST_CASE("A new app has no Secret that could be read", "[unit][controllers]") {
  ObserverScene scene;
  scene.app.status = {};
  scene.caches.of("Deployment").remove({"default", "chat"});
  scene.caches.of("StatefulSet").remove({"default", "chat-redis"});
  const auto observed = scene.observe();
  CHECK(scene.reads() == 0);
  CHECK(observed.redis_secret.is_absent());
  CHECK(observed.new_password.size() == 48);
}
