#include "operator/kube/managed_fields.hpp"

#include "tests/support/catch.hpp"
#include "tests/support/json.hpp"

using nlohmann::json;

namespace {

const auto kWorkload = support::object_of(json::parse(R"({
    "spec": {"template": {"spec": {"containers": [
      {"name": "app", "image": "chat:1", "args": ["a", "b"], "env": [{"name": "PORT", "value": "8000"}]}]}}}})"));

}  // namespace

TEST_CASE("What a rollback by hand left is removed, and what a restart left is not", "[unit][kube]") {
  const auto object = support::object_of(json::parse(R"({
    "metadata": {"resourceVersion": "7", "managedFields": [
      {"manager": "realtime-operator", "operation": "Apply", "fieldsV1": {}},
      {"manager": "kubectl-rollout", "operation": "Update", "fieldsV1": {"f:spec": {"f:template": {
        "f:metadata": {"f:annotations": {".": {}, "f:kubectl.kubernetes.io/restartedAt": {}, "f:old": {}}},
        "f:spec": {"f:containers": {"k:{\"name\":\"app\"}": {"f:image": {}, "f:env": {
          "k:{\"name\":\"OLD\"}": {".": {}, "f:name": {}, "f:value": {}}}}}}}}}}]},
    "spec": {"template": {
      "metadata": {"annotations": {"kubectl.kubernetes.io/restartedAt": "now", "old": "1"}},
      "spec": {"containers": [{"name": "app", "image": "chat:1", "env": [{"name": "PORT"}, {"name": "OLD", "value": "x"}]}]}}}})"));
  const std::string restarted = "kubectl.kubernetes.io/restartedAt";
  CHECK(kube::owns_part(object, "kubectl-rollout", {"f:spec", "f:template"}, restarted));
  CHECK(
      support::json_of(kube::removal_of_owned(object, kWorkload, "kubectl-rollout", {"spec", "template"}, restarted)) ==
      json::parse(R"([{"op": "test", "path": "/metadata/resourceVersion", "value": "7"},
          {"op": "remove", "path": "/spec/template/metadata/annotations/old"},
          {"op": "remove", "path": "/spec/template/spec/containers/0/env/1"},
          {"op": "remove", "path": "/metadata/managedFields/1"}])"));
  auto restart = object;
  support::edit(restart, [](json& root) {
    root["metadata"]["managedFields"][1]["fieldsV1"] =
        json::parse(R"({"f:spec": {"f:template": {"f:metadata": {"f:annotations": {
        ".": {}, "f:kubectl.kubernetes.io/restartedAt": {}}}}}})");
  });
  CHECK_FALSE(kube::owns_part(restart, "kubectl-rollout", {"f:spec", "f:template"}, restarted));
}
