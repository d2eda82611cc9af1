#include "operator/kube/json_reader.hpp"

#include <string>

#include "tests/support/catch.hpp"

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
    CHECK(*read == json::parse(text));
    CHECK(read->dump() == json::parse(text).dump());
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
  CHECK(*read == json::parse(R"({"metadata": {"managedFields": [
      {"manager": "kubelet", "time": "now", "subresource": "status"},
      {"manager": "kubelet", "fieldsV1": "odd", "operation": "Update"},
      {"manager": "kubectl-rollout", "fieldsV1": {"f:spec": {}}}]}, "spec": {"x": [{}]}})"));
}
