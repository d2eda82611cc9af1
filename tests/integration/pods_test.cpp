// What the kubelet says of an app's pods reaches the status: the test is the kubelet of a real API server.
#include <fmt/format.h>

#include "tests/support/catch.hpp"
#include "tests/support/json.hpp"
#include "tests/support/operator_process.hpp"
#include "tests/support/world.hpp"

using nlohmann::json;
using support::wait_for;
namespace types = kube::types;

namespace {

constexpr const char* kPodName = "chat-1";

json controlled_by(const kube::Object& owner, const std::string& kind) {
  return json::array({{{"apiVersion", "apps/v1"},
                       {"kind", kind},
                       {"name", owner.name()},
                       {"uid", owner.uid()},
                       {"controller", true}}});
}

/// As the controllers do that do not run here: a pod of the Deployment's template, which they have seen.
void create_pod(support::World& world) {
  const auto deployment = world.get(types::kDeployment, "chat");
  const auto pod_template = support::json_of(deployment)["spec"]["template"];
  const json seen{{"observedGeneration", deployment.generation()}, {"replicas", 1}, {"updatedReplicas", 1}};
  REQUIRE(world.patch_status(types::kDeployment, "chat", {{"status", seen}}) == 200);
  auto labels = pod_template["metadata"]["labels"];
  REQUIRE(world.create(
              types::kReplicaSet,
              {{"apiVersion", "apps/v1"},
               {"kind", "ReplicaSet"},
               {"metadata",
                {{"name", "chat"}, {"labels", labels}, {"ownerReferences", controlled_by(deployment, "Deployment")}}},
               {"spec", {{"selector", {{"matchLabels", labels}}}, {"template", pod_template}}}}) == 201);
  const auto set = world.get(types::kReplicaSet, "chat");
  REQUIRE(
      world.create(types::kPod,
                   {{"apiVersion", "v1"},
                    {"kind", "Pod"},
                    {"metadata",
                     {{"name", kPodName}, {"labels", labels}, {"ownerReferences", controlled_by(set, "ReplicaSet")}}},
                    {"spec", pod_template["spec"]}}) == 201);
}

/// Tells the state of the pod's one container.
void tell_state(support::World& world, const std::string& phase, bool ready, const json& state) {
  const json container{{"name", "app"},     {"image", "chat:1"}, {"imageID", ""},
                       {"restartCount", 0}, {"ready", ready},    {"state", state}};
  REQUIRE(world.patch_status(types::kPod, kPodName,
                             {{"status", {{"phase", phase}, {"containerStatuses", json::array({container})}}}}) == 200);
}

std::string repeated(const std::string& character, std::size_t times) {
  std::string text;
  for (std::size_t i = 0; i < times; ++i) text += character;
  return text;
}

/// So many bytes that begin with these words.
std::string padded(std::string words, std::size_t size) {
  words.resize(size, 'x');
  return words;
}

}  // namespace

TEST_CASE("A long error of a node is named in whole characters, and the status still changes", "[integration]") {
  support::World world;
  const support::OperatorProcess process;
  world.apply_app("chat", "{replicas: 1, app: {image: chat:1}, redis: {type: None}}");
  world.wait_until_as_planned("chat");
  create_pod(world);
  const auto message = [&] {
    const auto app = world.app("chat");
    const auto* ready = app.status.condition("Ready");
    return ready == nullptr ? std::string{} : ready->message.text();
  };
  // One kind of error after the other, as a status with another reason is written at once.
  const std::string refused = "exec failed ";
  const std::string missing = "secret not found ";
  for (const auto& [words, quoted] :
       {std::pair{padded(refused, 299) + repeated("\u00e9", 50), padded(refused, 299)},
        std::pair{padded(missing, 298) + repeated("\u8a9e", 50), padded(missing, 298)},
        std::pair{padded(refused, 297) + repeated("\U0001f680", 50), padded(refused, 297)},
        std::pair{missing + "x\u00e9" + repeated("\U0001f680", 100),
                  missing + "x\u00e9" + repeated("\U0001f680", 70)}}) {
    tell_state(world, "Pending", false, {{"waiting", {{"reason", "CreateContainerConfigError"}, {"message", words}}}});
    const auto wanted = fmt::format("pod \"{}\" cannot start: {}; ", kPodName, quoted);
    wait_for("the status to quote it", [&] { return message().starts_with(wanted); });
  }
  CHECK(world.condition("chat", "Stalled") == "True/ReferenceNotFound");
  tell_state(world, "Running", true, {{"running", {{"startedAt", "2006-01-02T15:04:05Z"}}}});
  wait_for("the status to clear", [&] { return world.condition("chat", "Stalled") == "False/NothingWrong"; });
  world.apply_app("chat", "{replicas: 1, app: {image: chat:2}, redis: {type: None}}");
  wait_for("the status to change", [&] {
    const auto app = world.app("chat");
    return app.generation == 2 && app.status.observed_generation == 2;
  });
}
