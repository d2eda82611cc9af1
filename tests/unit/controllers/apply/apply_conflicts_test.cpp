#include "operator/controllers/realtimeapp/apply/apply_conflicts.hpp"

#include "tests/support/catch.hpp"
#include "tests/support/yaml_object.hpp"

using nlohmann::json;
using support::from_yaml;

TEST_CASE("Ports that others put in the way are renamed, then removed, and no others", "[unit][controllers]") {
  const auto desired = from_yaml("spec: {ports: [{name: http, port: 80, protocol: TCP}]}");
  const auto live = from_yaml(
      "metadata: {resourceVersion: '7'}\n"
      "spec: {ports: [{name: http, port: 81, protocol: TCP}, {name: theirs, port: 82, protocol: TCP}]}");
  const auto renaming = support::json_of(controllers::renaming_of_conflicting_ports(desired, live));
  CHECK(renaming == json::parse(R"([{"op": "test", "path": "/metadata/resourceVersion", "value": "7"},
      {"op": "add", "path": "/spec/ports/0/name", "value": "foreign-0"}])"));
  const auto renamed = from_yaml(
      "metadata: {resourceVersion: '9'}\n"
      "spec: {ports: [{name: foreign-0, port: 81, protocol: TCP}, {name: theirs, port: 82, protocol: TCP}, {name: "
      "http, "
      "port: 80, protocol: TCP}]}");
  CHECK(support::json_of(controllers::removal_of_renamed_ports(renamed)) ==
        json::parse(R"([{"op": "test", "path": "/metadata/resourceVersion", "value": "9"},
      {"op": "remove", "path": "/spec/ports/0"}])"));
}

TEST_CASE("Only our own container's ports are looked at", "[unit][controllers]") {
  const auto desired = from_yaml(
      "spec: {template: {spec: {containers: [{name: app, ports: [{name: http, containerPort: 8000, protocol: "
      "TCP}]}]}}}");
  const auto live = from_yaml(
      "spec: {template: {spec: {containers: [{name: mesh, ports: [{name: http, containerPort: 1, protocol: TCP}]}, "
      "{name: app, ports: [{name: http, containerPort: 9, protocol: TCP}]}]}}}");
  const auto renaming = support::json_of(controllers::renaming_of_conflicting_ports(desired, live));
  REQUIRE(renaming.size() == 2);
  CHECK(renaming[1]["path"] == "/spec/template/spec/containers/1/ports/0/name");
}

TEST_CASE("Only a refusal that names a port twice leads to a repair", "[unit][controllers]") {
  CHECK(controllers::names_conflicting_ports(
      R"(Service "chat" is invalid: spec.ports[1].name: Duplicate value: "http")"));
  CHECK_FALSE(
      controllers::names_conflicting_ports(R"(admission webhook "x" denied the request: ports are not allowed)"));
}

TEST_CASE("Where nothing is in the way there is nothing to do", "[unit][controllers]") {
  const auto same = from_yaml("spec: {ports: [{name: http, port: 80, protocol: TCP}]}");
  CHECK(controllers::renaming_of_conflicting_ports(same, same).empty());
  CHECK(controllers::removal_of_renamed_ports(same).empty());
  const auto other = from_yaml("spec: {rules: []}");
  CHECK(controllers::removal_of_renamed_ports(other).empty());
}
