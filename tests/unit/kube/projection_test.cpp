#include "operator/kube/projection.hpp"

#include <fmt/format.h>

#include "operator/kube/quantity.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/json.hpp"

using nlohmann::json;

namespace {

/// A live object as an API server returns it: we applied replicas, one label and one container with an environment; the
/// server defaulted, somebody annotated, and a mesh injected a container and a variable.
kube::Object live() {
  return support::object_of(json::parse(R"({
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
    "status": {"replicas": 3}})"));
}

kube::Object desired() {
  return support::object_of(json::parse(R"({
    "apiVersion": "apps/v1", "kind": "Deployment",
    "metadata": {"name": "chat", "namespace": "default", "labels": {"ours": "1"}},
    "spec": {"replicas": 3, "template": {"spec": {"containers": [
      {"name": "app", "image": "chat:1", "args": ["a", "b"], "resources": {"limits": {"cpu": "1000m"}},
       "env": [{"name": "PORT", "value": "8000"}]}]}}}})"));
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

TEST_CASE("What others put into a map that is empty by our wish is no drift", "[unit][kube]") {
  const auto volumes = [](const char* source) {
    return json::parse(fmt::format(R"([{{"name": "tmp", "emptyDir": {}}}])", source));
  };
  auto wanted = support::json_of(desired());
  wanted["spec"]["template"]["spec"]["volumes"] = volumes("{}");
  auto root = support::json_of(live());
  root["metadata"]["managedFields"][2]["fieldsV1"]["f:spec"]["f:template"]["f:spec"]["f:volumes"] =
      json::parse(R"({"k:{\"name\":\"tmp\"}": {".": {}, "f:name": {}, "f:emptyDir": {}}})");
  const auto digest = kube::Projection::desired(support::object_of(wanted)).digest();
  for (const char* source : {"{}", R"({"sizeLimit": "1Gi"})"}) {
    root["spec"]["template"]["spec"]["volumes"] = volumes(source);
    CHECK(live_digest(support::object_of(root)) == digest);
  }
  root["spec"]["template"]["spec"]["volumes"] = json::parse(R"([{"name": "tmp", "hostPath": {"path": "/"}}])");
  CHECK(live_digest(support::object_of(root)) != digest);
}

TEST_CASE("A changed, removed or taken over field is drift", "[unit][kube]") {
  auto root = support::json_of(live());
  SECTION("a value") { root["spec"]["replicas"] = 2; }
  SECTION("a label") { root["metadata"]["labels"]["ours"] = "x"; }
  SECTION("the order of an atomic list") { root["spec"]["template"]["spec"]["containers"][1]["args"] = {"b", "a"}; }
  SECTION("a removed list entry") { root["spec"]["template"]["spec"]["containers"][1]["env"].erase(1); }
  SECTION("a quantity") { root["spec"]["template"]["spec"]["containers"][1]["resources"]["limits"]["cpu"] = "2"; }
  SECTION("a field that another manager took over") {
    root["metadata"]["managedFields"][2]["fieldsV1"]["f:spec"].erase("f:replicas");
  }
  SECTION("no record of ours at all") { root["metadata"].erase("managedFields"); }
  CHECK(live_digest(support::object_of(root)) != kWanted);
}

TEST_CASE("A field that we set before and no longer want is drift", "[unit][kube]") {
  auto less = desired();
  support::edit(less, [](json& root) { root["spec"]["template"]["spec"]["containers"][0].erase("args"); });
  CHECK(live_digest(live()) != kube::Projection::desired(less).digest());
}

TEST_CASE("The order of keyed lists is no drift", "[unit][kube]") {
  auto object = live();
  support::edit(object, [](json& root) {
    auto& containers = root["spec"]["template"]["spec"]["containers"];
    std::swap(containers[0], containers[1]);
  });
  CHECK(live_digest(object) == kWanted);
}

TEST_CASE("Malformed ownership records are read as no ownership", "[unit][kube]") {
  for (const char* fields : {"null", "[]", "7", R"({"f:spec": {"k:{broken": {}}})", R"({"x": 1})"}) {
    auto object = live();
    support::edit(object, [&](json& root) { root["metadata"]["managedFields"][2]["fieldsV1"] = json::parse(fields); });
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
  CHECK(kube::quantity_value("107374182.4000000000000") == kube::quantity_value("107374182400m"));
  CHECK(kube::quantity_value("0.3333333333333333333333") == kube::quantity_value("334m"));
  CHECK(kube::quantity_value("0e99") == kube::quantity_value("0"));
  CHECK(kube::quantity_value("1e-99") == kube::quantity_value("1e-3"));
  for (const char* wrong :
       {"", ".", "Mi", "1 Gi", "1mi", "--1", "1e", "1e99", "1e100", "999999999999999999999999999999"})
    CHECK_FALSE(kube::quantity_value(wrong).has_value());
}

TEST_CASE("The order of variables is drift, as one may refer to those before it", "[unit][kube]") {
  auto wanted = support::json_of(desired());
  auto& env = wanted["spec"]["template"]["spec"]["containers"][0]["env"];
  env.push_back({{"name", "A"}, {"value", "$(PORT)"}});
  const auto one = support::object_of(wanted);
  std::swap(env[0], env[1]);
  CHECK(kube::Projection::desired(support::object_of(wanted)).digest() != kube::Projection::desired(one).digest());
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
  support::edit(annotated, [](json& root) { root["metadata"]["annotations"]["note"] = "x"; });
  CHECK(kube::Projection::desired(annotated).digest("note") == without);
  CHECK(kube::Projection::desired(annotated).digest() != without);
  support::edit(annotated, [](json& root) { root["metadata"]["annotations"]["other"] = "x"; });
  CHECK(kube::Projection::desired(annotated).digest("note") != without);
}

TEST_CASE("The digests of a workload tell what changed: its pods, an annotation that is apart, or the rest",
          "[unit][kube]") {
  const auto digests_of = [](const json& root) {
    return kube::Projection::desired(support::object_of(root)).digests("note");
  };
  auto root = support::json_of(desired());
  root["spec"]["template"]["metadata"]["annotations"] = {{"note", "x"}};
  const auto before = digests_of(root);
  CHECK(digests_of(root).whole == before.whole);
  CHECK(kube::Projection::owned(live(), "realtime-operator").digests("note").whole ==
        kube::Projection::desired(kDesired).digests("note").whole);
  SECTION("the annotation") {
    root["spec"]["template"]["metadata"]["annotations"]["note"] = "y";
    CHECK(digests_of(root).pod_template == before.pod_template);
  }
  SECTION("its absence") {
    root["spec"]["template"]["metadata"].erase("annotations");
    CHECK(digests_of(root).pod_template == before.pod_template);
  }
  SECTION("the pods") {
    root["spec"]["template"]["spec"]["containers"][0]["image"] = "chat:2";
    CHECK(digests_of(root).pod_template != before.pod_template);
  }
  SECTION("the rest") {
    root["spec"]["replicas"] = 4;
    CHECK(digests_of(root).pod_template == before.pod_template);
  }
  SECTION("an annotation of that name elsewhere") {
    root["metadata"]["annotations"]["note"] = "y";
    CHECK(digests_of(root).pod_template == before.pod_template);
  }
  CHECK(digests_of(root).whole != before.whole);
}

TEST_CASE("No text can be mistaken for two", "[unit][kube]") {
  const auto one = support::object_of({{"a", "x\"1\"b:1\"y"}});
  const auto two = support::object_of({{"a", "x"}, {"b", "y"}});
  CHECK(kube::Projection::desired(one).canonical() != kube::Projection::desired(two).canonical());
}
