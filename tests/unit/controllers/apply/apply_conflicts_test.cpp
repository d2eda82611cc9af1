#include "operator/controllers/realtimeapp/apply/apply_conflicts.hpp"

#include "tests/support/catch.hpp"
#include "tests/support/yaml_object.hpp"

using nlohmann::json;
using support::from_yaml;

TEST_CASE("Ports that others put in the way are renamed, then removed", "[unit][controllers]") {
  const auto desired = from_yaml("spec: {ports: [{name: http, port: 80, protocol: TCP}]}");
  const auto live = from_yaml(
      "metadata: {resourceVersion: '7'}\n"
      "spec: {ports: [{name: a, port: 81, protocol: TCP}, {name: http, port: 80, protocol: TCP}, {name: b, port: 80, "
      "protocol: UDP}]}");
  const auto renaming = controllers::renaming_of_conflicting_ports(desired, live);
  CHECK(renaming == json::parse(R"([{"op": "test", "path": "/metadata/resourceVersion", "value": "7"},
      {"op": "add", "path": "/spec/ports/2/name", "value": "foreign-0"},
      {"op": "add", "path": "/spec/ports/0/name", "value": "foreign-1"}])"));
  const auto removal = controllers::removal_of_conflicting_ports(desired, live);
  REQUIRE(removal.size() == 3);
  CHECK(removal[1] == json{{"op", "remove"}, {"path", "/spec/ports/2"}});
  CHECK(removal[2] == json{{"op", "remove"}, {"path", "/spec/ports/0"}});
}

TEST_CASE("Only our own container's ports are looked at", "[unit][controllers]") {
  const auto desired =
      from_yaml("spec: {template: {spec: {containers: [{name: app, ports: [{containerPort: 8000, protocol: TCP}]}]}}}");
  const auto live = from_yaml(
      "spec: {template: {spec: {containers: [{name: mesh, ports: [{containerPort: 1, protocol: TCP}]}, {name: app, "
      "ports: [{containerPort: 9, protocol: TCP}, {containerPort: 8000, protocol: TCP}]}]}}}");
  const auto removal = controllers::removal_of_conflicting_ports(desired, live);
  REQUIRE(removal.size() == 2);
  CHECK(removal[1]["path"] == "/spec/template/spec/containers/1/ports/0");
}

TEST_CASE("Where nothing is in the way there is nothing to do", "[unit][controllers]") {
  const auto same = from_yaml("spec: {ports: [{name: http, port: 80, protocol: TCP}]}");
  CHECK(controllers::renaming_of_conflicting_ports(same, same).empty());
  CHECK(controllers::removal_of_conflicting_ports(same, same).empty());
  const auto other = from_yaml("spec: {rules: []}");
  CHECK(controllers::removal_of_conflicting_ports(other, other).empty());
}
