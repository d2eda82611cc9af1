// What is made of a Secret that is read by name: answers of the API server that a real one gives only when it is
// overloaded or broken.
#include "operator/controllers/realtimeapp/observe/secrets.hpp"

#include <atomic>

#include "operator/api/v1alpha1/conditions.hpp"
#include "operator/controllers/realtimeapp/plan/redis.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/json.hpp"
#include "tests/support/sample_app.hpp"
#include "tests/support/scripted_server.hpp"

using namespace std::chrono_literals;
using controllers::AssumedSecret;
using support::ScriptedReply;
using support::ScriptedRequest;
namespace reason = api::reason;

namespace {

struct SecretsScene {
  std::atomic<int> status = 200;
  std::string body;  // changes between requests only
  support::ScriptedServer server{[this](const ScriptedRequest&, ScriptedReply& reply) { reply.answer(status, body); }};
  core::Metrics metrics;
  kube::Transport transport{{.server = server.url(), .ca = server.authority()}};
  kube::Client client{transport, metrics};
  controllers::SecretReader reader{client, 5min};
  controllers::AppMemory memory;
  api::RealtimeApp app = support::sample_app();

  controllers::RedisSecret read(AssumedSecret assumed = AssumedSecret::kNothing) {
    return reader.redis_secret(app, assumed, memory, {});
  }
  std::size_t requests() { return server.requests().size(); }
};

}  // namespace

TEST_CASE("A Secret that cannot be read is named, and looked at again soon", "[unit][controllers]") {
  SecretsScene scene;
  scene.status = GENERATE(403, 429, 500, 503);
  scene.body = R"({"kind": "Status", "message": "not now"})";
  const auto problem = scene.read().problem;
  REQUIRE(problem);
  CHECK(problem->reason == reason::kReadFailed);
  CHECK(problem->passing);
  CHECK_THAT(problem->message,
             Catch::StartsWith("Secret \"chat-redis\" cannot be read: ") && Catch::Contains("not now"));
  const auto due = controllers::SecretReader::due_in(scene.app, scene.memory);
  REQUIRE(due);
  CHECK(*due <= 10s);

  scene.app.spec.exposure.tls_secret_name = "cert";
  CHECK(scene.reader.tls_secret(scene.app, scene.memory, {})->problem->reason == reason::kReadFailed);
}

TEST_CASE("What was read of a Secret counts for a while, and that of a new app is not looked for",
          "[unit][controllers]") {
  SecretsScene scene;
  CHECK_FALSE(scene.read(AssumedSecret::kAbsent).credentials);
  CHECK(scene.requests() == 0);
  scene.body = support::json_of(controllers::redis_secret(scene.app, "password", "key")).dump();
  CHECK(scene.read().credentials->usable());
  CHECK(scene.read().credentials->usable());
  CHECK(scene.requests() == 1);
  CHECK(*controllers::SecretReader::due_in(scene.app, scene.memory) > 4min);
}

TEST_CASE("A Secret that is not there is no problem, but one of others is", "[unit][controllers]") {
  SecretsScene scene;
  SECTION("none") {
    scene.status = 404;
    scene.body = R"({"kind": "Status", "reason": "NotFound"})";
    const auto read = scene.read();
    CHECK_FALSE(read.problem);
    CHECK_FALSE(read.credentials);
    scene.app.spec.exposure.tls_secret_name = "cert";
    CHECK(scene.reader.tls_secret(scene.app, scene.memory, {})->problem->reason == reason::kTlsSecretNotFound);
  }
  SECTION("of others") {
    scene.body = R"({"metadata": {"name": "chat-redis", "namespace": "default"}, "data": {"password": "eA=="}})";
    const auto problem = scene.read().problem;
    REQUIRE(problem);
    CHECK(problem->reason == reason::kNameTaken);
    CHECK_THAT(problem->message, Catch::Contains("`kubectl annotate secrets chat-redis realtimeoperator.dev/app-uid=" +
                                                 scene.app.uid.text() + "`"));
  }
}
