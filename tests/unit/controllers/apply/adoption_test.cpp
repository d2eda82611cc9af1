#include "operator/controllers/realtimeapp/apply/adoption.hpp"

#include "tests/support/catch.hpp"
#include "tests/support/sample_app.hpp"
#include "tests/support/yaml_object.hpp"

using controllers::Adoption;

namespace {

Adoption adoption(const std::string& metadata) {
  return controllers::adoption_of(support::from_yaml("metadata: " + metadata), support::sample_app());
}

}  // namespace

TEST_CASE("A child is known by its controller, or by the uid it was made for", "[unit][controllers]") {
  const std::string made_for = "annotations: {realtimeoperator.dev/app-uid: uid-of-chat}";
  const auto controlled_by = [](const std::string& kind, const std::string& name, const std::string& uid) {
    return "ownerReferences: [{controller: true, kind: " + kind + ", name: " + name + ", uid: " + uid + "}]";
  };
  CHECK(adoption("{" + controlled_by("RealtimeApp", "chat", "uid-of-chat") + "}") == Adoption::kOurs);
  CHECK(adoption("{" + made_for + "}") == Adoption::kOurs);
  CHECK(adoption("{" + made_for + ", " + controlled_by("X", "y", "z") + "}") == Adoption::kMisowned);
  CHECK(adoption("{" + controlled_by("RealtimeApp", "chat", "uid-of-the-last-chat") + "}") == Adoption::kLeftover);
  CHECK(adoption("{" + controlled_by("RealtimeApp", "other", "uid-of-other") + "}") == Adoption::kForeign);
  CHECK(adoption("{" + controlled_by("Helm", "chat", "x") + "}") == Adoption::kForeign);
  CHECK(adoption("{labels: {app: legacy}}") == Adoption::kForeign);
  CHECK(adoption("{annotations: {realtimeoperator.dev/app-uid: uid-of-the-last-chat}}") == Adoption::kForeign);
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
