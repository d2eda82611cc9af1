// Who has an address of several apps that want it, and until when: on a real API server.
#include <array>

#include <fmt/format.h>

#include "core/time.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/json.hpp"
#include "tests/support/operator_process.hpp"
#include "tests/support/world.hpp"

using support::kChatSpec;
using support::wait_for;
namespace types = kube::types;

TEST_CASE("What others keep from going is not taken for there, nor its address for free", "[integration]") {
  support::World world;
  const support::OperatorProcess process;
  world.apply_app("chat", kChatSpec);
  world.wait_until_as_planned("chat");
  wait_for("the address to be recorded", [&] { return world.app("chat").status.addresses.size() == 1; });
  const auto merge = "application/merge-patch+json";
  REQUIRE(world.patch(types::kIngress, "chat", merge, {{"metadata", {{"finalizers", {"example.com/kept"}}}}}) == 200);
  const auto kept = world.get(types::kIngress, "chat").uid();
  const auto is_told = [&] {
    const auto app = world.app("chat");
    return app.status.observed_generation == app.generation;
  };
  world.apply_app("chat", "{replicas: 3, app: {image: chat:1}}");
  wait_for("its deletion", [&] { return world.get(types::kIngress, "chat").deleting() && is_told(); });
  CHECK(world.app("chat").status.addresses.size() == 1);

  world.apply_app("chat", kChatSpec);
  wait_for("the status to say so", [&] {
    return is_told() && world.app("chat").status.condition("Ready")->message.text().find(
                            "Ingress \"chat\" is being deleted") != std::string::npos;
  });
  REQUIRE(world.patch(types::kIngress, "chat", merge, {{"metadata", {{"finalizers", nullptr}}}}) == 200);
  world.wait_until_as_planned("chat");
  CHECK(world.get(types::kIngress, "chat").uid() != kept);
}

TEST_CASE("Of two apps that are made at once one has the address, and the other no Ingress", "[integration]") {
  support::World world;
  const support::OperatorProcess process;
  constexpr int kPairs = 8;
  // By their names the second goes first, if both were made within one second.
  const auto names_of = [](int pair) { return std::array{fmt::format("z-{}", pair), fmt::format("a-{}", pair)}; };
  for (int pair = 0; pair < kPairs; ++pair)
    for (const auto& name : names_of(pair))
      world.apply_app(name, fmt::format("{{server: {{}}, redis: {{type: None}}, "
                                        "exposure: {{type: Ingress, className: traefik, host: {}.test}}}}",
                                        pair));
  for (int pair = 0; pair < kPairs; ++pair) {
    const auto names = names_of(pair);
    const auto is = [&](const std::string& name, const char* condition) {
      return world.condition(name, "ExposureReady") == condition;
    };
    wait_for("both to be told", [&] {
      return (is(names[0], "True/IngressServing") && is(names[1], "False/HostTaken")) ||
             (is(names[1], "True/IngressServing") && is(names[0], "False/HostTaken"));
    });
    CHECK(world.exists(types::kIngress, names[0]) != world.exists(types::kIngress, names[1]));
  }
}

TEST_CASE("Of two apps with one address the older has it, and the other when its Ingress has gone", "[integration]") {
  support::World world;
  const support::OperatorProcess process;
  const auto* spec = "{app: {image: chat:1}, exposure: {type: Ingress, className: traefik, host: one.example.com}}";
  world.apply_app("b-first", spec);
  world.wait_until_as_planned("b-first");
  // Times of creation have whole seconds; of one second the first by name would be the older.
  const auto created = world.app("b-first").created;
  wait_for("the next second", [&] {
    const auto now = core::format_time(std::chrono::system_clock::now());
    return now > created.text();
  });
  world.apply_app("a-second", spec);
  wait_for("the status to say so", [&] { return world.condition("a-second", "ExposureReady") == "False/HostTaken"; });
  CHECK_FALSE(world.exists(types::kIngress, "a-second"));
  CHECK(world.exists(types::kDeployment, "a-second"));
  const auto ingress = world.get(types::kIngress, "b-first");
  world.delete_app("b-first");
  // There is no garbage collector, which else takes a moment; clients are led to what is left meanwhile.
  wait_for("the status to say what is left", [&] {
    return world.app("a-second").status.condition("ExposureReady")->message.text().find("still serves") !=
           std::string::npos;
  });
  CHECK_FALSE(world.exists(types::kIngress, "a-second"));
  REQUIRE(world.client().remove(types::kIngress, ingress.key(), ingress.uid(), {}));
  world.wait_until_as_planned("a-second");
  CHECK(world.exists(types::kIngress, "a-second"));
}

TEST_CASE("A Service is repaired, and stays as sticky, while its app cannot be exposed as it asks", "[integration]") {
  support::World world;
  const support::OperatorProcess process;
  world.apply_app("chat", "{app: {image: chat:1}, exposure: {type: Ingress, className: traefik, host: chat.test}}");
  world.wait_until_as_planned("chat");
  const auto service = [&] { return support::json_of(world.get(types::kService, "chat")); };
  const auto before = service();
  world.apply_app("chat", "{app: {image: chat:1}, exposure: {type: Ingress, className: gone, host: chat.test}}");
  wait_for("the status to say so",
           [&] { return world.condition("chat", "ExposureReady") == "False/IngressClassNotFound"; });
  REQUIRE(world.patch(types::kService, "chat", "application/merge-patch+json",
                      {{"spec", {{"selector", {{"app.kubernetes.io/instance", "other"}}}}}}) == 200);
  wait_for("its selector to be as it was", [&] { return service()["spec"]["selector"] == before["spec"]["selector"]; });
  CHECK(before["metadata"]["annotations"].size() > 1);
  CHECK(service()["metadata"]["annotations"] == before["metadata"]["annotations"]);
  CHECK(world.exists(types::kIngress, "chat"));
}

TEST_CASE("An Ingress that lost our label keeps its address, and goes when it is not wanted", "[integration]") {
  support::World world;
  const auto exposed_at = [](const char* host) {
    return fmt::format("{{app: {{image: chat:1}}, exposure: {{type: Ingress, className: traefik, host: {}.test}}}}",
                       host);
  };
  const auto unlabel = [&] {
    REQUIRE(world.patch(types::kIngress, "b-chat", "application/merge-patch+json",
                        {{"metadata", {{"labels", {{"app.kubernetes.io/managed-by", nullptr}}}}}}) == 200);
  };
  const auto host = [&] { return world.app("b-chat").status.addresses.at(0).host; };
  {
    const support::OperatorProcess process;
    world.apply_app("a-other", exposed_at("other"));
    world.apply_app("b-chat", exposed_at("chat"));
    world.wait_until_as_planned("b-chat");
    wait_for("the other's address",
             [&] { return world.condition("a-other", "ExposureReady") == "True/IngressServing"; });
    // What it has now it keeps while what it wants is another's.
    world.apply_app("b-chat", exposed_at("other"));
    wait_for("it to be held back", [&] { return world.condition("b-chat", "ExposureReady") == "False/HostTaken"; });
    unlabel();
    wait_for("the label", [&] {
      return support::json_of(world.get(types::kIngress, "b-chat"))["metadata"]["labels"].contains(
          "app.kubernetes.io/managed-by");
    });
    CHECK(host() == "chat.test");
  }
  unlabel();
  world.apply_app("b-chat", "{app: {image: chat:1}}");
  const support::OperatorProcess process;
  wait_for("the Ingress to go", [&] { return !world.exists(types::kIngress, "b-chat"); });
  wait_for("its address", [&] { return world.app("b-chat").status.addresses.empty(); });
}
