#include "operator/kube/managed_fields.hpp"

#include "operator/kube/quantity.hpp"
#include "tests/support/catch.hpp"

using nlohmann::json;

namespace {

/// A live object as an API server returns it: we applied replicas, one label and one container with an environment; the
/// server defaulted, somebody annotated, and a mesh injected a container and a variable.
kube::Object live() {
  return kube::Object{json::parse(R"({
    "apiVersion": "apps/v1", "kind": "Deployment",
    "metadata": {"name": "chat", "namespace": "default", "uid": "u", "labels": {"ours": "1", "theirs": "2"},
      "annotations": {"kubectl.kubernetes.io/restartedAt": "now"},
      "managedFields": [
        {"manager": "kubectl", "operation": "Update", "fieldsV1": {"f:metadata": {"f:annotations": {}}}},
        {"manager": "realtime-operator", "operation": "Apply", "subresource": "status", "fieldsV1": {"f:status": {}}},
        {"manager": "realtime-operator", "operation": "Apply", "fieldsV1": {
          "f:metadata": {"f:labels": {"f:ours": {}}},
          "f:spec": {"f:replicas": {}, "f:template": {"f:spec": {"f:containers": {
            "k:{\"name\":\"app\"}": {".": {}, "f:name": {}, "f:image": {}, "f:args": {},
              "f:resources": {"f:limits": {"f:cpu": {}}},
              "f:env": {"k:{\"name\":\"PORT\"}": {".": {}, "f:name": {}, "f:value": {}}}}}}}}}}]},
    "spec": {"replicas": 3, "progressDeadlineSeconds": 600, "template": {"spec": {"containers": [
      {"name": "mesh", "image": "mesh:1"},
      {"name": "app", "image": "chat:1", "args": ["a", "b"], "terminationMessagePath": "/dev/termination-log",
       "resources": {"limits": {"cpu": "1"}},
       "env": [{"name": "MESH", "value": "on"}, {"name": "PORT", "value": "8000"}]}]}}},
    "status": {"replicas": 3}})")};
}

kube::Object desired() {
  return kube::Object{json::parse(R"({
    "apiVersion": "apps/v1", "kind": "Deployment",
    "metadata": {"name": "chat", "namespace": "default", "labels": {"ours": "1"}},
    "spec": {"replicas": 3, "template": {"spec": {"containers": [
      {"name": "app", "image": "chat:1", "args": ["a", "b"], "resources": {"limits": {"cpu": "1000m"}},
       "env": [{"name": "PORT", "value": "8000"}]}]}}}})")};
}

kube::ProjectionDigest live_digest(const kube::Object& object) {
  return kube::projection_digest(kube::owned_fields(object, "realtime-operator"));
}

const kube::ProjectionDigest kWanted = kube::projection_digest(kube::desired_fields(desired()));

}  // namespace

TEST_CASE("What others set and the server defaulted is no drift", "[unit][kube]") {
  CHECK(live_digest(live()) == kWanted);
}

TEST_CASE("A changed, removed or taken over field is drift", "[unit][kube]") {
  auto object = live();
  auto& root = object.json();
  SECTION("a value") { root["spec"]["replicas"] = 2; }
  SECTION("a label") { root["metadata"]["labels"]["ours"] = "x"; }
  SECTION("the order of an atomic list") { root["spec"]["template"]["spec"]["containers"][1]["args"] = {"b", "a"}; }
  SECTION("a removed list entry") { root["spec"]["template"]["spec"]["containers"][1]["env"].erase(1); }
  SECTION("a quantity") { root["spec"]["template"]["spec"]["containers"][1]["resources"]["limits"]["cpu"] = "2"; }
  SECTION("a field that another manager took over") {
    root["metadata"]["managedFields"][2]["fieldsV1"]["f:spec"].erase("f:replicas");
  }
  SECTION("no record of ours at all") { root["metadata"].erase("managedFields"); }
  CHECK(live_digest(object) != kWanted);
}

TEST_CASE("A field that we set before and no longer want is drift", "[unit][kube]") {
  auto less = desired();
  less.json()["spec"]["template"]["spec"]["containers"][0].erase("args");
  CHECK(live_digest(live()) != kube::projection_digest(kube::desired_fields(less)));
}

TEST_CASE("The order of keyed lists is no drift", "[unit][kube]") {
  auto object = live();
  auto& containers = object.json()["spec"]["template"]["spec"]["containers"];
  std::swap(containers[0], containers[1]);
  CHECK(live_digest(object) == kWanted);
}

TEST_CASE("Malformed ownership records are read as no ownership", "[unit][kube]") {
  for (const char* fields : {"null", "[]", "7", R"({"f:spec": {"k:{broken": {}}})", R"({"x": 1})"}) {
    auto object = live();
    object.json()["metadata"]["managedFields"][2]["fieldsV1"] = json::parse(fields);
    CHECK(live_digest(object) != kWanted);
  }
}

TEST_CASE("Quantities are equal when their values are", "[unit][kube]") {
  CHECK(kube::quantity_value("1") == kube::quantity_value("1000m"));
  CHECK(kube::quantity_value("0.5") == kube::quantity_value("500m"));
  CHECK(kube::quantity_value("1.5Gi") == kube::quantity_value("1536Mi"));
  CHECK(kube::quantity_value("1e3") == kube::quantity_value("1k"));
  CHECK(kube::quantity_value("1E") == kube::quantity_value("1000P"));
  CHECK(kube::quantity_value("+.5") == kube::quantity_value("500m"));
  CHECK(kube::quantity_value("1") != kube::quantity_value("1Ki"));
  CHECK(kube::quantity_value("0.1n") == kube::quantity_value("1m"));  // rounded up
  CHECK(kube::quantity_value("1.0001") == kube::quantity_value("1001m"));
  for (const char* wrong : {"", ".", "Mi", "1 Gi", "1mi", "--1", "1e", "1e99", "999999999999999999999999999999"})
    CHECK_FALSE(kube::quantity_value(wrong).has_value());
}

TEST_CASE("The order of variables is drift, as one may refer to those before it", "[unit][kube]") {
  auto wanted = desired();
  auto& env = wanted.json()["spec"]["template"]["spec"]["containers"][0]["env"];
  env.push_back({{"name", "A"}, {"value", "$(PORT)"}});
  const auto one = kube::projection_digest(kube::desired_fields(wanted));
  std::swap(env[0], env[1]);
  CHECK(kube::projection_digest(kube::desired_fields(wanted)) != one);
}

TEST_CASE("What a rollback by hand left is removed, and what a restart left is not", "[unit][kube]") {
  const auto object = kube::Object{json::parse(R"({
    "metadata": {"resourceVersion": "7", "managedFields": [
      {"manager": "realtime-operator", "operation": "Apply", "fieldsV1": {}},
      {"manager": "kubectl-rollout", "operation": "Update", "fieldsV1": {"f:spec": {"f:template": {
        "f:metadata": {"f:annotations": {".": {}, "f:kubectl.kubernetes.io/restartedAt": {}, "f:old": {}}},
        "f:spec": {"f:containers": {"k:{\"name\":\"app\"}": {"f:image": {}, "f:env": {
          "k:{\"name\":\"OLD\"}": {".": {}, "f:name": {}, "f:value": {}}}}}}}}}}]},
    "spec": {"template": {
      "metadata": {"annotations": {"kubectl.kubernetes.io/restartedAt": "now", "old": "1"}},
      "spec": {"containers": [{"name": "app", "image": "chat:1", "env": [{"name": "PORT"}, {"name": "OLD", "value": "x"}]}]}}}})")};
  const std::string restarted = "kubectl.kubernetes.io/restartedAt";
  CHECK(kube::owns_part(object, "kubectl-rollout", {"f:spec", "f:template"}, restarted));
  CHECK(kube::removal_of_owned(object, desired(), "kubectl-rollout", {"spec", "template"}, restarted) ==
        json::parse(R"([{"op": "test", "path": "/metadata/resourceVersion", "value": "7"},
          {"op": "remove", "path": "/spec/template/metadata/annotations/old"},
          {"op": "remove", "path": "/spec/template/spec/containers/0/env/1"},
          {"op": "remove", "path": "/metadata/managedFields/1"}])"));
  auto restart = object;
  restart.json()["metadata"]["managedFields"][1]["fieldsV1"] =
      json::parse(R"({"f:spec": {"f:template": {"f:metadata": {"f:annotations": {
        ".": {}, "f:kubectl.kubernetes.io/restartedAt": {}}}}}})");
  CHECK_FALSE(kube::owns_part(restart, "kubectl-rollout", {"f:spec", "f:template"}, restarted));
}
