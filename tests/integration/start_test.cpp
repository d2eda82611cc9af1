// What an operator finds that starts where apps are there already.
#include "tests/support/catch.hpp"
#include "tests/support/json.hpp"
#include "tests/support/operator_process.hpp"
#include "tests/support/world.hpp"

using support::kChatSpec;
using support::wait_for;
namespace types = kube::types;

TEST_CASE("What changes while no operator runs is found after a start", "[integration]") {
  support::World world;
  {
    const support::OperatorProcess process;
    world.apply_app("chat", kChatSpec);
    world.wait_until_as_planned("chat");
    wait_for("the status to say so", [&] { return !world.app("chat").status.applied_digest.empty(); });
  }
  SECTION("a child") {
    const nlohmann::json changed{{"spec", {{"replicas", 7}}}};
    REQUIRE(world.patch(types::kDeployment, "chat", "application/merge-patch+json", changed) == 200);
  }
  SECTION("a child is gone") {
    const auto service = world.get(types::kService, "chat");
    REQUIRE(world.client().remove(types::kService, service.key(), service.uid(), {}));
  }
  SECTION("the spec") { world.apply_app("chat", "{replicas: 4, app: {image: 'chat:2'}}"); }
  SECTION("nothing") {
    const auto before = world.get(types::kDeployment, "chat").resource_version();
    const support::OperatorProcess process;
    world.wait_until_as_planned("chat");
    CHECK(world.get(types::kDeployment, "chat").resource_version() == before);
    return;
  }
  const support::OperatorProcess process;
  world.wait_until_as_planned("chat");
}
