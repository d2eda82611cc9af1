#include "operator/controllers/realtimeapp/apply/apply_conflicts.hpp"

#include "tests/support/catch.hpp"
#include "tests/support/yaml_object.hpp"

using support::from_yaml;

TEST_CASE("Ports of others with the name of one of ours are in the way, and no others", "[unit][controllers]") {
  const auto desired = from_yaml("spec: {ports: [{name: http, port: 80, protocol: TCP}]}");
  const auto live = from_yaml(
      "spec: {ports: [{name: http, port: 81, protocol: TCP}, {name: theirs, port: 82, protocol: TCP}, {name: http, "
      "port: 80, protocol: TCP}]}");
  CHECK(controllers::conflicting_ports(desired, live) ==
        std::vector<kube::FieldPath>{{"f:spec", "f:ports", R"(k:{"port":81,"protocol":"TCP"})"}});
}

TEST_CASE("Only our own container's ports are looked at", "[unit][controllers]") {
  const auto desired = from_yaml(
      "spec: {template: {spec: {containers: [{name: app, ports: [{name: http, containerPort: 8000, protocol: "
      "TCP}]}]}}}");
  const auto live = from_yaml(
      "spec: {template: {spec: {containers: [{name: mesh, ports: [{name: http, containerPort: 1, protocol: TCP}]}, "
      "{name: app, ports: [{name: http, containerPort: 9, protocol: TCP}]}]}}}");
  CHECK(controllers::conflicting_ports(desired, live) ==
        std::vector<kube::FieldPath>{{"f:spec", "f:template", "f:spec", "f:containers", R"(k:{"name":"app"})",
                                      "f:ports", R"(k:{"containerPort":9,"protocol":"TCP"})"}});
}

TEST_CASE("Only a refusal that names a port twice leads to a repair", "[unit][controllers]") {
  CHECK(controllers::names_conflicting_ports(
      R"(Service "chat" is invalid: spec.ports[1].name: Duplicate value: "http")"));
  CHECK_FALSE(
      controllers::names_conflicting_ports(R"(admission webhook "x" denied the request: ports are not allowed)"));
}

TEST_CASE("Where nothing is in the way there is nothing to do", "[unit][controllers]") {
  const auto same = from_yaml("spec: {ports: [{name: http, port: 80, protocol: TCP}]}");
  CHECK(controllers::conflicting_ports(same, same).empty());
  CHECK(controllers::conflicting_ports(same, from_yaml("spec: {rules: []}")).empty());
  CHECK(controllers::conflicting_ports(from_yaml("data: {}"), same).empty());
}
