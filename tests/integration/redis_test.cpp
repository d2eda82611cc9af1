// The Redis of an app: its Secret, and when it goes.
#include <fmt/format.h>

#include "tests/support/catch.hpp"
#include "tests/support/json.hpp"
#include "tests/support/operator_process.hpp"
#include "tests/support/world.hpp"

using support::kChatSpec;
using support::wait_for;
namespace types = kube::types;

TEST_CASE("The Redis password is made once and never replaced", "[integration]") {
  support::World world;
  const auto password = [&] {
    return kube::value_at<std::string>(world.get(types::kSecret, "chat-redis").json(), {"data", "password"});
  };
  std::string first;
  {
    const support::OperatorProcess process;
    world.apply_app("chat", kChatSpec);
    world.wait_until_as_planned("chat");
    first = password();
    CHECK(first.size() == 64);
  }
  const support::OperatorProcess process{{"--secret-refresh=1"}};
  SECTION("a new operator takes it as it is") {
    world.apply_app("chat", "{replicas: 2, app: {image: chat:1}, exposure: {type: Ingress, className: traefik}}");
    world.wait_until_as_planned("chat");
    CHECK(password() == first);
  }
  SECTION("a person may change it, and the pods follow") {
    const auto url = fmt::format("redis://:mine@chat-redis.{}.svc:6379/0", world.name_space());
    const auto body =
        nlohmann::json{{"stringData", {{"password", "mine"}, {"url", url}, {"redis.conf", "requirepass mine\n"}}}};
    REQUIRE(world.patch(types::kSecret, "chat-redis", "application/merge-patch+json", body) == 200);
    world.wait_until_as_planned("chat");
    CHECK(password() == "bWluZQ==");
  }
  SECTION("its labels are restored, its data left") {
    const auto body = nlohmann::json{{"metadata", {{"labels", {{"app.kubernetes.io/instance", "x"}}}}}};
    REQUIRE(world.patch(types::kSecret, "chat-redis", "application/merge-patch+json", body) == 200);
    wait_for("the label", [&] {
      return support::json_of(
                 world.get(types::kSecret, "chat-redis"))["metadata"]["labels"]["app.kubernetes.io/instance"] == "chat";
    });
    CHECK(password() == first);
  }
  SECTION("a change in one place of three is named, and nothing follows it") {
    const auto before = world.get(types::kDeployment, "chat").resource_version();
    const auto body = nlohmann::json{{"stringData", {{"password", "mine"}}}};
    REQUIRE(world.patch(types::kSecret, "chat-redis", "application/merge-patch+json", body) == 200);
    wait_for("the status to say so",
             [&] { return world.condition("chat", "Stalled") == "True/RedisPasswordMismatch"; });
    CHECK(world.get(types::kDeployment, "chat").resource_version() == before);
    world.apply_app("chat", "{replicas: 7, app: {image: chat:1}, exposure: {type: Ingress, className: traefik}}");
    wait_for("it to be scaled all the same", [&] {
      return kube::value_at<int>(world.get(types::kDeployment, "chat").json(), {"spec", "replicas"}) == 7;
    });
    CHECK(world.condition("chat", "Stalled") == "True/RedisPasswordMismatch");
  }
  SECTION("a Secret that lacks a key is named, with the fix") {
    const auto body = nlohmann::json{{"data", {{"url", nullptr}}}};
    REQUIRE(world.patch(types::kSecret, "chat-redis", "application/merge-patch+json", body) == 200);
    wait_for("the status to say so",
             [&] { return world.condition("chat", "RedisReady") == "False/RedisCredentialsIncomplete"; });
    CHECK(world.condition("chat", "Stalled") == "True/RedisCredentialsIncomplete");
    CHECK(world.exists(types::kDeployment, "chat"));
    REQUIRE(world.client().remove(types::kSecret, {world.name_space(), "chat-redis"},
                                  world.get(types::kSecret, "chat-redis").uid(), {}));
    wait_for("the status to clear", [&] { return world.condition("chat", "Stalled") == "False/NothingWrong"; });
  }
  SECTION("a deleted Secret is created again, and the pods follow") {
    REQUIRE(world.client().remove(types::kSecret, {world.name_space(), "chat-redis"},
                                  world.get(types::kSecret, "chat-redis").uid(), {}));
    wait_for("a new Secret", [&] { return world.exists(types::kSecret, "chat-redis"); });
    world.wait_until_as_planned("chat");
    CHECK(password() != first);
  }
}

TEST_CASE("A Secret of another user is neither used nor changed", "[integration]") {
  support::World world;
  const support::OperatorProcess process;
  const nlohmann::json secret{{"apiVersion", "v1"},
                              {"kind", "Secret"},
                              {"metadata", {{"name", "chat-redis"}}},
                              {"stringData", {{"password", "p"}, {"url", "u"}, {"redis.conf", "c"}}}};
  REQUIRE(world.create(types::kSecret, secret) == 201);
  const auto before = world.get(types::kSecret, "chat-redis").resource_version();
  world.apply_app("chat", kChatSpec);
  wait_for("the status to say so", [&] { return world.condition("chat", "Stalled") == "True/NameTaken"; });
  CHECK(world.condition("chat", "RedisReady") == "False/NameTaken");
  CHECK(world.get(types::kSecret, "chat-redis").resource_version() == before);
  CHECK_FALSE(world.exists(types::kDeployment, "chat"));
}

TEST_CASE("Redis stays until the last replica that was made with it is gone", "[integration]") {
  support::World world;
  const support::OperatorProcess process;
  world.apply_app("chat", "{replicas: 1, app: {image: chat:1}}");
  world.wait_until_as_planned("chat");
  world.report_replica(true);
  wait_for("the replica to count", [&] { return world.app("chat").status.ready_replicas == 1; });
  world.apply_app("chat", "{replicas: 1, app: {image: chat:1}, redis: {type: None}}");
  wait_for("the status to speak of it", [&] { return world.app("chat").status.observed_generation == 2; });
  CHECK(world.condition("chat", "Ready") == "False/RolloutInProgress");
  CHECK((world.exists(types::kStatefulSet, "chat-redis") && world.exists(types::kService, "chat-redis")));
  world.report_replica(true);
  wait_for("Redis to go", [&] {
    return !world.exists(types::kStatefulSet, "chat-redis") && !world.exists(types::kService, "chat-redis");
  });
}
