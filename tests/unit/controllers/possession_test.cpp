#include "operator/controllers/realtimeapp/possession.hpp"

#include "tests/support/catch.hpp"
#include "tests/support/sample_app.hpp"
#include "tests/support/yaml_object.hpp"

using controllers::Possession;

namespace {

Possession possession(const std::string& metadata) {
  return controllers::possession_of(support::from_yaml("metadata: " + metadata), support::sample_app());
}

}  // namespace

TEST_CASE("A child is known by its controller, or by the uid it was made for", "[unit][controllers]") {
  const std::string made_for = "annotations: {realtimeoperator.dev/app-uid: uid-of-chat}";
  const auto controlled_by = [](const std::string& kind, const std::string& name, const std::string& uid) {
    return "ownerReferences: [{controller: true, kind: " + kind + ", name: " + name + ", uid: " + uid + "}]";
  };
  CHECK(possession("{" + controlled_by("RealtimeApp", "chat", "uid-of-chat") + "}") == Possession::kOurs);
  CHECK(possession("{" + made_for + "}") == Possession::kOurs);
  CHECK(possession("{" + made_for + ", " + controlled_by("X", "y", "z") + "}") == Possession::kMisowned);
  CHECK(possession("{" + controlled_by("RealtimeApp", "chat", "uid-of-the-last-chat") + "}") == Possession::kLeftover);
  CHECK(possession("{" + controlled_by("RealtimeApp", "other", "uid-of-other") + "}") == Possession::kForeign);
  CHECK(possession("{" + controlled_by("Helm", "chat", "x") + "}") == Possession::kForeign);
  CHECK(possession("{labels: {app: legacy}}") == Possession::kForeign);
  CHECK(possession("{annotations: {realtimeoperator.dev/app-uid: uid-of-the-last-chat}}") == Possession::kForeign);
}

TEST_CASE("Taking an object from its controller leaves its other owners", "[unit][controllers]") {
  const auto object = support::from_yaml(
      "metadata: {resourceVersion: '7', ownerReferences: [{uid: a, controller: true}, {uid: b}, {uid: c, controller: "
      "false}]}");
  const auto patch = controllers::without_controller(object);
  CHECK(patch["metadata"]["resourceVersion"] == "7");
  REQUIRE(patch["metadata"]["ownerReferences"].size() == 2);
  CHECK(patch["metadata"]["ownerReferences"][0]["uid"] == "b");
}
