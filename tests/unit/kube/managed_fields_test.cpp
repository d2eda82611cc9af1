#include "operator/kube/managed_fields.hpp"

#include "operator/kube/field_managers.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/json.hpp"

using nlohmann::json;

TEST_CASE("What a rollback by hand left is taken from it, and what a restart left is not", "[unit][kube]") {
  const auto object = support::object_of(json::parse(R"({"apiVersion": "apps/v1",
    "metadata": {"resourceVersion": "7", "managedFields": [
      {"manager": "realtime-operator", "operation": "Apply", "apiVersion": "apps/v1", "fieldsV1": {
        "f:spec": {"f:template": {"f:spec": {"f:containers": {"k:{\"name\":\"app\"}": {".": {}, "f:name": {}}}}}}}},
      {"manager": "kubectl-rollout", "operation": "Update", "fieldsV1": {"f:spec": {"f:template": {
        "f:metadata": {"f:annotations": {".": {}, "f:kubectl.kubernetes.io/restartedAt": {}, "f:old": {}}},
        "f:spec": {"f:containers": {"k:{\"name\":\"app\"}": {"f:image": {}, "f:env": {
          "k:{\"name\":\"OLD\"}": {".": {}, "f:name": {}, "f:value": {}}}}}}}}}},
      {"manager": "kubelet", "operation": "Update", "subresource": "status", "fieldsV1": {"f:status": {}}}]}})"));
  const std::string restarted = "f:kubectl.kubernetes.io/restartedAt";
  CHECK(kube::owns_part(object, "kubectl-rollout", {"f:spec", "f:template"}, restarted));
  const auto fields = kube::updated_fields(object, "kubectl-rollout", {"f:spec", "f:template"}, restarted);
  CHECK(fields.size() == 5);
  const auto patch = support::json_of(kube::transfer_of_fields(object, fields, "kubectl-rollout", "realtime-operator"));
  CHECK(patch == json::parse(R"([{"op": "test", "path": "/metadata/resourceVersion", "value": "7"},
      {"op": "replace", "path": "/metadata/managedFields", "value": [
      {"manager": "kubectl-rollout", "operation": "Update", "fieldsV1": {"f:spec": {"f:template": {
        "f:metadata": {"f:annotations": {".": {}, "f:kubectl.kubernetes.io/restartedAt": {}}}}}}},
      {"manager": "kubelet", "operation": "Update", "subresource": "status", "fieldsV1": {"f:status": {}}},
      {"manager": "realtime-operator", "operation": "Apply", "apiVersion": "apps/v1", "fieldsV1": {
        "f:spec": {"f:template": {"f:metadata": {"f:annotations": {"f:old": {}}},
        "f:spec": {"f:containers": {"k:{\"name\":\"app\"}": {".": {}, "f:name": {}, "f:image": {}, "f:env": {
          "k:{\"name\":\"OLD\"}": {".": {}, "f:name": {}, "f:value": {}}}}}}}}}}]}])"));
  auto restart = object;
  support::edit(restart, [&](json& root) { root["metadata"]["managedFields"] = patch[1]["value"]; });
  CHECK_FALSE(kube::owns_part(restart, "kubectl-rollout", {"f:spec", "f:template"}, restarted));
  CHECK(kube::updated_fields(restart, "kubectl-rollout", {"f:spec", "f:template"}, restarted).empty());
}

TEST_CASE("An element is taken from everyone with all that is in it", "[unit][kube]") {
  const auto object = support::object_of(json::parse(R"({"apiVersion": "v1",
    "metadata": {"resourceVersion": "7", "managedFields": [
      {"manager": "kubectl-edit", "operation": "Update", "fieldsV1": {
        "f:spec": {"f:ports": {"k:{\"port\":81,\"protocol\":\"TCP\"}": {".": {}, "f:name": {}, "f:port": {}}}}}},
      {"manager": "argocd", "operation": "Apply", "fieldsV1": {"f:metadata": {"f:labels": {"f:team": {}}},
        "f:spec": {"f:ports": {"k:{\"port\":81,\"protocol\":\"TCP\"}": {"f:name": {}}}}}}]}})"));
  const std::vector<kube::FieldPath> port{{"f:spec", "f:ports", R"(k:{"port":81,"protocol":"TCP"})"}};
  const auto patch = support::json_of(kube::transfer_of_fields(object, port, kube::kAnyManager, kube::kFieldManager));
  CHECK(patch[1]["value"] == json::parse(R"([
      {"manager": "argocd", "operation": "Apply", "fieldsV1": {"f:metadata": {"f:labels": {"f:team": {}}}}},
      {"manager": "realtime-operator", "operation": "Apply", "apiVersion": "v1", "fieldsType": "FieldsV1", "fieldsV1": {
        "f:spec": {"f:ports": {"k:{\"port\":81,\"protocol\":\"TCP\"}": {}}}}}])"));
}
