#include "operator/controllers/realtimeapp/apply/adoption.hpp"

#include "tests/support/catch.hpp"
#include "tests/support/json.hpp"
#include "tests/support/yaml_object.hpp"

TEST_CASE("Taking an object from its controller leaves its other owners", "[unit][controllers]") {
  const auto object = support::from_yaml(
      "metadata: {resourceVersion: '7', ownerReferences: [{uid: a, controller: true}, {uid: b}, {uid: c, controller: "
      "false}]}");
  const auto patch = support::json_of(controllers::without_controller(object));
  CHECK(patch["metadata"]["resourceVersion"] == "7");
  REQUIRE(patch["metadata"]["ownerReferences"].size() == 2);
  CHECK(patch["metadata"]["ownerReferences"][0]["uid"] == "b");
}
