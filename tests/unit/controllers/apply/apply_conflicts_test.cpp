#include "operator/controllers/realtimeapp/apply/apply_conflicts.hpp"

#include "tests/support/catch.hpp"
#include "tests/support/json.hpp"
#include "tests/support/yaml_object.hpp"

using controllers::conflicting_fields;
using controllers::Conflicts;
using controllers::fields_named;
using support::from_yaml;
using Paths = std::vector<kube::FieldPath>;

namespace {

/// What an edit has put there, with who has what: the operator its probe by HTTP and its variables, kubectl the rest.
kube::Object edited_deployment() {
  return from_yaml(R"(
metadata:
  managedFields:
    - manager: realtime-operator
      operation: Apply
      fieldsV1:
        f:spec: {f:template: {f:spec: {f:containers: {'k:{"name":"app"}': {.: {}, f:name: {},
          f:env: {'k:{"name":"REDIS_URL"}': {.: {}, f:name: {}, f:valueFrom: {}}},
          f:startupProbe: {f:httpGet: {f:path: {}, f:port: {}}, f:periodSeconds: {}}}}}}}
    - manager: kubectl-edit
      operation: Update
      fieldsV1:
        f:spec: {f:template: {f:spec: {f:nodeSelector: {}, f:containers: {
          'k:{"name":"app"}': {f:stdin: {},
            f:env: {'k:{"name":"REDIS_URL"}': {f:value: {}}, 'k:{"name":"DEBUG"}': {.: {}, f:name: {}, f:value: {}}},
            f:securityContext: {f:privileged: {}}, f:startupProbe: {f:exec: {.: {}, f:command: {}}}},
          'k:{"name":"mesh"}': {.: {}, f:name: {}, f:startupProbe: {f:exec: {.: {}, f:command: {}}}}}}}}
)");
}

kube::FieldPath in_container(const std::vector<std::string>& steps) {
  kube::FieldPath path{"f:spec", "f:template", "f:spec", "f:containers", R"(k:{"name":"app"})"};
  path.insert(path.end(), steps.begin(), steps.end());
  return path;
}

Paths found_by(const std::string& refusal, Conflicts where) {
  const auto desired = from_yaml(
      "spec: {template: {spec: {containers: [{name: app, env: [{name: REDIS_URL}], startupProbe: {httpGet: {}}}]}}}");
  return conflicting_fields(fields_named(refusal), where, desired, edited_deployment());
}

}  // namespace

TEST_CASE("Ports of others with the name of one of ours are in the way, and no others", "[unit][controllers]") {
  const auto desired = from_yaml("spec: {ports: [{name: http, port: 80, protocol: TCP}]}");
  const auto live = from_yaml(
      "spec: {ports: [{name: http, port: 81, protocol: TCP}, {name: theirs, port: 82, protocol: TCP}, {name: http, "
      "port: 80, protocol: TCP}]}");
  const auto named = fields_named(R"(Service "chat" is invalid: spec.ports[1].name: Duplicate value: "http")");
  CHECK(named == Paths{{"f:spec", "f:ports", "*", "f:name"}});
  CHECK(conflicting_fields(named, Conflicts::kInFields, desired, live) ==
        Paths{{"f:spec", "f:ports", R"(k:{"port":81,"protocol":"TCP"})"}});
  CHECK(conflicting_fields(named, Conflicts::kInFields, desired, desired).empty());
  CHECK(conflicting_fields(named, Conflicts::kInFields, desired, from_yaml("spec: {rules: []}")).empty());
  CHECK(conflicting_fields(named, Conflicts::kInFields, from_yaml("data: {}"), live).empty());
  CHECK(conflicting_fields({}, Conflicts::kInFields, desired, live).empty());
}

TEST_CASE("Only our own container's ports are looked at", "[unit][controllers]") {
  const auto desired = from_yaml(
      "spec: {template: {spec: {containers: [{name: app, ports: [{name: http, containerPort: 8000, protocol: "
      "TCP}]}]}}}");
  const auto live = from_yaml(
      "spec: {template: {spec: {containers: [{name: mesh, ports: [{name: http, containerPort: 1, protocol: TCP}]}, "
      "{name: app, ports: [{name: http, containerPort: 9, protocol: TCP}]}]}}}");
  const auto named = fields_named(
      R"(Deployment.apps "chat" is invalid: spec.template.spec.containers[0].ports[1].name: Duplicate value: "http")");
  CHECK(conflicting_fields(named, Conflicts::kInFields, desired, live) ==
        Paths{in_container({"f:ports", R"(k:{"containerPort":9,"protocol":"TCP"})"})});
}

TEST_CASE("What others put beside a field that the refusal names is in the way, and nothing else",
          "[unit][controllers]") {
  CHECK(found_by(R"(Deployment.apps "chat" is invalid: spec.template.spec.containers[1].startupProbe.httpGet: )"
                 "Forbidden: may not specify more than 1 handler type",
                 Conflicts::kBesideFields) == Paths{in_container({"f:startupProbe", "f:exec", "."}),
                                                    in_container({"f:startupProbe", "f:exec", "f:command"})});
  const auto variable = in_container({"f:env", R"(k:{"name":"REDIS_URL"})", "f:value"});
  CHECK(found_by(R"(Deployment.apps "chat" is invalid: spec.template.spec.containers[0].env[2].valueFrom: Invalid )"
                 R"(value: "": may not be specified when `value` is not empty)",
                 Conflicts::kBesideFields) == Paths{variable});
  CHECK(found_by(R"(Deployment.apps "chat" is invalid: [spec.template.spec.containers[0].env[2].valueFrom: Invalid )"
                 R"(value: "": may not be specified when `value` is not empty, )"
                 R"(spec.template.spec.containers[0].env[3].valueFrom: Invalid value: "": no])",
                 Conflicts::kBesideFields) == Paths{variable});
}

TEST_CASE("What others have in a field that is refused is told from what stands beside it", "[unit][controllers]") {
  const std::string begin = R"(Deployment.apps "chat" is invalid: spec)";
  CHECK(found_by(begin + ".template.spec.containers[0].securityContext: Invalid value: {}: cannot be both",
                 Conflicts::kInFields) == Paths{in_container({"f:securityContext", "f:privileged"})});
  // Of a container or a spec not all, for one field of it.
  const auto one = begin + ".template.spec.containers[0].stdin: Forbidden: no";
  CHECK(found_by(one, Conflicts::kInFields) == Paths{in_container({"f:stdin"})});
  CHECK(found_by(begin + ".template.spec.containers[0].image: Required value", Conflicts::kInFields).empty());
  CHECK(found_by(begin + ".template.spec.containers[0].image: Required value", Conflicts::kBesideFields) ==
        Paths{in_container({"f:stdin"})});
  CHECK(found_by(begin + ".replicas: Invalid value: -1: must be no less", Conflicts::kBesideFields).empty());
  const auto budget = from_yaml(R"(
metadata:
  managedFields:
    - manager: kubectl-edit
      operation: Update
      fieldsV1: {f:spec: {f:minAvailable: {}, f:selector: {f:matchLabels: {f:theirs: {}}}}})");
  const auto named = fields_named(R"(PodDisruptionBudget.policy "chat" is invalid: spec: Invalid value: {}: both set)");
  CHECK(conflicting_fields(named, Conflicts::kInFields, from_yaml("spec: {}"), budget) ==
        Paths{{"f:spec", "f:minAvailable"}});
}

TEST_CASE("Only the API server's own refusal of what is set leads to a repair", "[unit][controllers]") {
  CHECK(
      fields_named(R"(admission webhook "x" denied the request: spec.ports[1].name: Duplicate value: "http")").empty());
  CHECK(
      fields_named(R"(admission webhook "x" denied the request: Service "chat" is invalid: spec.ports: Forbidden: no)")
          .empty());
  CHECK(fields_named(R"(StatefulSet.apps "chat-redis" is invalid: spec: Forbidden: updates to statefulset spec for )"
                     "fields other than 'replicas', 'template' are forbidden")
            .empty());
  CHECK(fields_named(R"(Deployment.apps "chat" is invalid: spec.selector: Invalid value: {}: field is immutable)")
            .empty());
  CHECK(fields_named("").empty());
  CHECK(fields_named(" is invalid: spec").empty());
  CHECK(fields_named(" is invalid: spec..[[]x.: no, spec: no, spec.: no, of a spec x: no").size() == 3);
}
