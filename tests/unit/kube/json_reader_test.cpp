#include "operator/kube/json_reader.hpp"

#include <array>
#include <string>
#include <string_view>

#include "tests/support/catch.hpp"
#include "tests/support/json.hpp"

using nlohmann::json;

TEST_CASE("JSON is read as nlohmann::json reads it", "[unit][kube]") {
  for (const char* text :
       {"{}", "[]", "null", "true", "\"\"", "-0", "1", "-1", "9223372036854775807", "18446744073709551615",
        "99999999999999999999", "1.5e3", " [1, [2, {\"a\": [\"\\u00e9\\ud83d\\ude00\\n\", \"\\\"\"]}], {}, \"x\"] ",
        R"({"a": 1, "b": {"a": [null, false]}, "a": {"c": 2}})", R"({"fieldsV1": {"f:a": {}}})",
        R"({"manager": 7, "fieldsV1": {"f:a": {}}})", R"({"manager": "realtime-operator", "fieldsV1": {"f:a": {}}})"}) {
    INFO(text);
    const auto read = kube::read_json(text);
    REQUIRE(read);
    CHECK(support::json_of(*read) == json::parse(text));
  }
}

TEST_CASE("What is no JSON is not read", "[unit][kube]") {
  for (const std::string text : {"", "{", "[1", "[1,]", "{} {}", "{\"a\"}", "nul", "'a'", "\"\xff\"", "[\"\xc3\"]",
                                 "01", "1 2", "/* a */ 1", "1e999"})
    CHECK_FALSE(kube::read_json(text));
  const std::string deep(kube::kMaxJsonDepth, '[');
  const std::string end(kube::kMaxJsonDepth, ']');
  CHECK(kube::read_json(deep + end));
  CHECK_FALSE(kube::read_json("[" + deep + end + "]"));
}

TEST_CASE("Fields of managers that nobody looks at are left out, and nothing else", "[unit][kube]") {
  const auto read = kube::read_json(R"({"metadata": {"managedFields": [
      {"manager": "kubelet", "time": "now", "fieldsV1": {"f:status": {"f:a": [{"x": {}}]}}, "subresource": "status"},
      {"manager": "kubelet", "fieldsV1": "odd", "operation": "Update"},
      {"manager": "kubectl-rollout", "fieldsV1": {"f:spec": {}}}]}, "spec": {"x": [{}]}})");
  REQUIRE(read);
  CHECK(support::json_of(*read) == json::parse(R"({"metadata": {"managedFields": [
      {"manager": "kubelet", "time": "now", "subresource": "status"},
      {"manager": "kubelet", "operation": "Update"},
      {"manager": "kubectl-rollout", "fieldsV1": {"f:spec": {}}}]}, "spec": {"x": [{}]}})"));
}

TEST_CASE("What is left out of the object of an event is skipped, and nothing else", "[unit][kube]") {
  static constexpr std::array<std::string_view, 3> kLeftOut{"/metadata/managedFields", "/spec/template/spec", "/kind"};
  const auto read = kube::read_event(R"({"type": "ADDED", "kind": "k", "spec": {"template": {"spec": 1}}, "object": {
      "kind": "Deployment", "metadata": {"name": "a", "managedFields": [{"spec": {}}]}, "metadata/managedFields": 6,
      "spec": {"metadata": {"managedFields": []}, "kind": 1, "template": {"metadata": {}, "spec": {"x": [{"kind": 2}]},
      "specs": 4}}, "template": {"spec": 3}, "list": [{"metadata": {"managedFields": 5}}]}})",
                                     {}, kLeftOut);
  REQUIRE(read);
  CHECK(support::json_of(read->event) ==
        json::parse(R"({"type": "ADDED", "kind": "k", "spec": {"template": {"spec": 1}}, "object": {
      "metadata": {"name": "a"}, "metadata/managedFields": 6,
      "spec": {"metadata": {"managedFields": []}, "kind": 1, "template": {"metadata": {},
      "specs": 4}}, "template": {"spec": 3}, "list": [{"metadata": {"managedFields": 5}}]}})"));
}

TEST_CASE("What has no object has nothing to leave out", "[unit][kube]") {
  static constexpr std::array<std::string_view, 1> kLeftOut{"/spec"};
  for (const char* text : {"[]", "1", "{}", R"([{"spec": 1}])", R"({"object": [{"spec": {}}]})", R"({"spec": 1})"}) {
    INFO(text);
    const auto read = kube::read_event(text, {}, kLeftOut);
    REQUIRE(read);
    CHECK(support::json_of(read->event) == json::parse(text));
  }
}
