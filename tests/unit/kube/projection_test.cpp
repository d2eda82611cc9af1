#include "operator/kube/projection.hpp"

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
  return kube::Projection::owned(object, "realtime-operator").digest();
}

const kube::Object kDesired = desired();
const kube::ProjectionDigest kWanted = kube::Projection::desired(kDesired).digest();

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
  CHECK(live_digest(live()) != kube::Projection::desired(less).digest());
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
  const auto one = kube::Projection::desired(wanted).digest();
  std::swap(env[0], env[1]);
  CHECK(kube::Projection::desired(wanted).digest() != one);
}

TEST_CASE("A part of a projection is what is owned of it, without the annotation that is left out", "[unit][kube]") {
  auto object = live();
  const auto owned = kube::Projection::owned(object, "realtime-operator");
  CHECK(owned.at({"metadata", "labels", "ours"}).text() == "1");
  CHECK(owned.at({"metadata", "labels", "theirs"}).is_nothing());
  CHECK(owned.at({"spec", "template"}).digest() ==
        kube::Projection::desired(kDesired).at({"spec", "template"}).digest());
  CHECK(kube::Projection::owned(object, "kubectl").is_nothing());
  auto annotated = desired();
  const auto without = kube::Projection::desired(annotated).digest("note");
  CHECK(without == kWanted);
  annotated.json()["metadata"]["annotations"]["note"] = "x";
  CHECK(kube::Projection::desired(annotated).digest("note") == without);
  CHECK(kube::Projection::desired(annotated).digest() != without);
  annotated.json()["metadata"]["annotations"]["other"] = "x";
  CHECK(kube::Projection::desired(annotated).digest("note") != without);
}

TEST_CASE("No text can be mistaken for two", "[unit][kube]") {
  const kube::Object one{json{{"a", "x\"1\"b:1\"y"}}};
  const kube::Object two{json{{"a", "x"}, {"b", "y"}}};
  CHECK(kube::Projection::desired(one).canonical() != kube::Projection::desired(two).canonical());
}
