#include "operator/kube/managed_fields.hpp"

#include "operator/kube/field_managers.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/json.hpp"

using nlohmann::json;

namespace {

const std::string kRestarted = "f:kubectl.kubernetes.io/restartedAt";

json entry(const std::string& manager, const std::string& operation, const json& fields) {
  return {{"manager", manager}, {"operation", operation}, {"apiVersion", "v1"}, {"fieldsV1", fields}};
}

kube::Object managed_by(const json& entries) {
  return support::object_of(
      {{"apiVersion", "v1"}, {"metadata", {{"resourceVersion", "7"}, {"managedFields", entries}}}});
}

/// FieldsV1 of a pod template with one container.
json container_fields(const std::string& name, const json& fields) {
  const auto element = "k:{\"name\":\"" + name + "\"}";
  return {{"f:spec", {{"f:template", {{"f:spec", {{"f:containers", {{element, fields}}}}}}}}}};
}

/// What is left of the entries of managedFields, and ours last.
json taken_from_kubectl(const kube::Object& object) {
  const auto fields = kube::updated_fields(object, "kubectl-rollout", {"f:spec", "f:template"}, kRestarted);
  CHECK(fields.empty() != kube::owns_part(object, "kubectl-rollout", {"f:spec", "f:template"}, kRestarted));
  const auto patch =
      support::json_of(kube::transfer_of_fields(object, fields, {"kubectl-rollout"}, kube::kFieldManager));
  CHECK(patch[0] == json{{"op", "replace"}, {"path", "/metadata/resourceVersion"}, {"value", "7"}});
  CHECK(patch[1]["path"] == "/metadata/managedFields");
  const auto after = managed_by(patch[1]["value"]);
  CHECK_FALSE(kube::owns_part(after, "kubectl-rollout", {"f:spec", "f:template"}, kRestarted));
  return patch[1]["value"];
}

}  // namespace

TEST_CASE("What is applied and updated by others too is known, with all that makes a list element", "[unit][kube]") {
  const auto ours = container_fields("app", json::parse(R"({".": {}, "f:name": {}, "f:stdin": {}, "f:emptied": {},
      "f:env": {"k:{\"name\":\"FIX\"}": {".": {}, "f:name": {}, "f:value": {}}}})"));
  const auto theirs = container_fields("app", json::parse(R"({"f:image": {}, "f:emptied": {"f:size": {}},
      "f:env": {".": {}, "k:{\"name\":\"FIX\"}": {".": {}, "f:name": {}, "f:value": {}},
                "k:{\"name\":\"THEIRS\"}": {".": {}, "f:name": {}}}})"));
  auto scale = entry("kube-controller-manager", "Update", ours);
  scale["subresource"] = "scale";
  const auto object = managed_by({entry("realtime-operator", "Apply", ours), entry("kubectl-edit", "Update", theirs),
                                  entry("argocd", "Apply", ours), scale});
  const kube::FieldPath variable{"f:spec", "f:template",         "f:spec", "f:containers", R"(k:{"name":"app"})",
                                 "f:env",  R"(k:{"name":"FIX"})"};
  std::vector<kube::FieldPath> shared;
  for (const char* step : {".", "f:name", "f:value"}) {
    shared.push_back(variable);
    shared.back().emplace_back(step);
  }
  CHECK(kube::shared_fields(object, kube::kFieldManager) == shared);
  CHECK(kube::shared_fields(managed_by(json::array()), kube::kFieldManager).empty());
  // They go from those that updated them, and stay with those that applied them.
  const auto patch = support::json_of(kube::transfer_of_fields(object, shared, {}, kube::kFieldManager));
  auto left = theirs;
  auto& env = left["f:spec"]["f:template"]["f:spec"]["f:containers"][R"(k:{"name":"app"})"]["f:env"];
  env.erase(R"(k:{"name":"FIX"})");
  CHECK(patch[1]["value"] == json{entry("kubectl-edit", "Update", left), entry("argocd", "Apply", ours), scale,
                                  entry("realtime-operator", "Apply", ours)});
}

TEST_CASE("Whether an object has what a path of FieldsV1 leads to", "[unit][kube]") {
  const json object{{"spec", {{"env", json::array({{{"name", "A"}, {"value", "1"}}})}, {"words", json::array({"x"})}}}};
  const auto has = [&](const kube::FieldPath& path) { return kube::has_at(support::object_of(object).json(), path); };
  CHECK(has({"f:spec", "f:env", R"(k:{"name":"A"})", "f:value"}));
  CHECK(has({"f:spec", "f:env", R"(k:{"name":"A"})", "."}));
  CHECK_FALSE(has({"f:spec", "f:env", R"(k:{"name":"A"})", "f:valueFrom"}));
  CHECK_FALSE(has({"f:spec", "f:env", R"(k:{"name":"B"})", "."}));
  CHECK_FALSE(has({"f:spec", "f:env", "k:{", "."}));
  CHECK(has({"f:spec", "f:words", R"(v:"x")"}));
  CHECK_FALSE(has({"f:spec", "f:words", R"(v:"y")"}));
  CHECK_FALSE(has({"f:status", "."}));
  CHECK(has({}));
}

TEST_CASE("What a rollback by hand left is taken from it, and what a restart left is not", "[unit][kube]") {
  const auto ours = container_fields("app", json::parse(R"({".": {}, "f:name": {}})"));
  auto left = container_fields("app", json::parse(R"({"f:image": {}, "f:env": {
      "k:{\"name\":\"OLD\"}": {".": {}, "f:name": {}, "f:value": {}}}})"));
  const json restart{{".", json::object()}, {kRestarted, json::object()}};
  auto annotations = restart;
  annotations["f:old"] = json::object();
  left["f:spec"]["f:template"]["f:metadata"]["f:annotations"] = annotations;
  auto status = entry("kubectl-rollout", "Update", {{"f:status", json::object()}});
  status["subresource"] = "status";
  const auto object =
      managed_by({entry("realtime-operator", "Apply", ours), entry("kubectl-rollout", "Update", left), status});
  auto all = container_fields("app", json::parse(R"({".": {}, "f:name": {}, "f:image": {}, "f:env": {
      "k:{\"name\":\"OLD\"}": {".": {}, "f:name": {}, "f:value": {}}}})"));
  all["f:spec"]["f:template"]["f:metadata"]["f:annotations"]["f:old"] = json::object();
  json stays;
  stays["f:spec"]["f:template"]["f:metadata"]["f:annotations"] = restart;
  CHECK(taken_from_kubectl(object) ==
        json{entry("kubectl-rollout", "Update", stays), status, entry("realtime-operator", "Apply", all)});
}

TEST_CASE("What a rollback changed in the container of others is given to nobody", "[unit][kube]") {
  const auto ours = container_fields("app", json::parse(R"({".": {}, "f:name": {}, "f:image": {}})"));
  const auto theirs = container_fields("mesh", json::parse(R"({".": {}, "f:name": {}})"));
  const auto image = container_fields("mesh", json::parse(R"({"f:image": {}})"));
  CHECK(taken_from_kubectl(managed_by({entry("realtime-operator", "Apply", ours), entry("mesh", "Update", theirs),
                                       entry("kubectl-rollout", "Update", image)})) ==
        json{entry("mesh", "Update", theirs), entry("realtime-operator", "Apply", ours)});
  // What it brought back goes.
  const auto back = container_fields("old", json::parse(R"({".": {}, "f:name": {}, "f:image": {}})"));
  const auto taken = taken_from_kubectl(
      managed_by({entry("realtime-operator", "Apply", ours), entry("kubectl-rollout", "Update", back)}));
  REQUIRE(taken.size() == 1);
  CHECK(taken[0]["fieldsV1"]["f:spec"]["f:template"]["f:spec"]["f:containers"]["k:{\"name\":\"old\"}"].size() == 3);
}

TEST_CASE("What a manager updated by several versions of the API is all taken", "[unit][kube]") {
  auto older = entry("kubectl-rollout", "Update", {{"f:spec", {{"f:template", {{"f:one", json::object()}}}}}});
  older["apiVersion"] = "v1beta1";
  const auto newer = entry("kubectl-rollout", "Update", {{"f:spec", {{"f:template", {{"f:two", json::object()}}}}}});
  const auto taken = taken_from_kubectl(managed_by({older, newer}));
  REQUIRE(taken.size() == 1);
  CHECK(taken[0]["fieldsV1"]["f:spec"]["f:template"].size() == 2);
}

TEST_CASE("A field that is owned as a whole stays so when one is taken that is in it", "[unit][kube]") {
  const auto owned = [](const json& ours, const json& theirs) {
    return taken_from_kubectl(
               managed_by({entry("realtime-operator", "Apply", {{"f:spec", {{"f:template", {{"f:labels", ours}}}}}}),
                           entry("kubectl-rollout", "Update", {{"f:spec", {{"f:template", {{"f:labels", theirs}}}}}})}))
        .back()["fieldsV1"]["f:spec"]["f:template"]["f:labels"];
  };
  const auto whole = json::object();
  const auto part = json::parse(R"({"f:a": {}})");
  const auto both = json::parse(R"({".": {}, "f:a": {}})");
  CHECK(owned(whole, part) == both);
  CHECK(owned(part, whole) == both);
  CHECK(owned(whole, whole) == whole);
  CHECK(owned(part, part) == part);
}

TEST_CASE("An element is taken from everyone with all that is in it", "[unit][kube]") {
  const std::string key = R"(k:{"port":81,"protocol":"TCP"})";
  const auto fields_of = [&](const json& port) { return json{{"f:spec", {{"f:ports", {{key, port}}}}}}; };
  auto applied = fields_of(json::parse(R"({"f:name": {}})"));
  applied["f:metadata"]["f:labels"]["f:team"] = json::object();
  const auto object = managed_by({entry("kubectl-edit", "Update", fields_of(json::parse(R"({".": {}, "f:port": {}})"))),
                                  entry("argocd", "Apply", applied)});
  applied.erase("f:spec");
  auto ours = entry("realtime-operator", "Apply", fields_of(json::object()));
  ours["fieldsType"] = "FieldsV1";
  const std::vector<kube::FieldPath> port{{"f:spec", "f:ports", key}};
  const auto patch = support::json_of(kube::transfer_of_fields(object, port, {.applies = true}, kube::kFieldManager));
  CHECK(patch[1]["value"] == json{entry("argocd", "Apply", applied), ours});
  SECTION("also where nobody is known to own anything") {
    const auto unknown = support::json_of(kube::transfer_of_fields(support::object_of({{"apiVersion", "v1"}}), port,
                                                                   {.applies = true}, kube::kFieldManager));
    CHECK(unknown[1] == json{{"op", "add"}, {"path", "/metadata/managedFields"}, {"value", json::array({ours})}});
  }
}

TEST_CASE("What others own is told by what they own of it, their status apart", "[unit][kube]") {
  auto status = entry("kubectl", "Update", {{"f:spec", {{"f:replicas", json::object()}}}});
  status["subresource"] = "scale";
  const auto object = managed_by({entry("realtime-operator", "Apply", {{"f:spec", {{"f:ours", json::object()}}}}),
                                  entry("argocd", "Apply", {{"f:spec", {{"f:one", json::object()}}}}),
                                  entry("velero", "Update", json::parse(R"({"f:metadata": {"f:labels": {}},
                                        "f:spec": {"f:two": {".": {}, "f:three": {}}}})")),
                                  status});
  CHECK(kube::fields_of_others(object, "realtime-operator", {"f:spec"}) ==
        std::vector<kube::FieldPath>{{"f:spec", "f:one"}, {"f:spec", "f:two", "."}, {"f:spec", "f:two", "f:three"}});
}
