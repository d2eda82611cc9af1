#include "operator/kube/pod_template.hpp"

#include "operator/kube/workloads.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/json.hpp"

TEST_CASE("A pod has init containers where there are some, each with all that a container has", "[unit][kube]") {
  kube::PodTemplate pod;
  pod.containers = {{.name = "app", .image = "app:1"}, {.name = "proxy", .image = "proxy:1"}};
  CHECK_FALSE(support::json_of(kube::encode_pod_template(pod, {}))["spec"].contains("initContainers"));
  pod.init_containers = {{.name = "prepare", .image = "prepare:1", .args = {"--once"}}};
  pod.volumes = {{"credentials", "secret"}, {"data", ""}};
  const auto spec = support::json_of(kube::encode_pod_template(pod, {}))["spec"];
  REQUIRE(spec["containers"].size() == 2);
  CHECK(spec["containers"][1]["name"] == "proxy");
  REQUIRE(spec["initContainers"].size() == 1);
  CHECK(spec["initContainers"][0]["name"] == "prepare");
  CHECK(spec["initContainers"][0]["args"] == nlohmann::json{"--once"});
  CHECK(spec["volumes"].size() == 2);
}
