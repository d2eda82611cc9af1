// What restarts a fleet when the operator is upgraded: its pod templates, and what of a StatefulSet cannot be changed.
// They are kept as the last release made them; a difference disconnects every client of every fleet (ADR 8).
#include <cstdlib>
#include <fstream>

#include <fmt/format.h>

#include "operator/controllers/realtimeapp/plan/plan.hpp"
#include "operator/kube/client.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/checkout.hpp"
#include "tests/support/json.hpp"
#include "tests/support/sample_app.hpp"

using nlohmann::json;

namespace {

/// An app with something in every field that reaches a pod.
api::RealtimeApp full_app() {
  auto app = support::sample_app();
  auto& spec = app.spec.app;
  spec.command = {"serve"};
  spec.args = {"--loud"};
  spec.env = {{.name = "A", .value = "b"}};
  spec.env_from = {{.is_secret = true, .name = "keys"}};
  spec.image_pull_secrets = {"registry"};
  spec.image_pull_policy = "Always";
  spec.resources = kube::Resources{{{"cpu", "100m"}}, {{"memory", "128Mi"}}};
  app.spec.redis.persistence = api::Persistence::kAppendOnly;
  app.spec.redis.storage_class_name = "fast";
  return app;
}

/// Of an app that was there before the upgrade.
json templates_of(api::RealtimeApp app) {
  app.status.observed_generation = 1;
  json made = json::object();
  for (const auto& child : controllers::plan(app, support::healthy_observed()).children) {
    const bool is_deployment = child.type == kube::types::kDeployment;
    if (!is_deployment && child.type != kube::types::kStatefulSet) continue;
    const auto spec = support::json_of(child.desired())["spec"];
    made[std::string{child.type.kind}] =
        is_deployment ? json{{"selector", spec["selector"]}, {"template", spec["template"]}} : spec;
  }
  return made;
}

}  // namespace

TEST_CASE("An upgrade of the operator finds the fields that it owns", "[unit][controllers]") {
  // Under another name every field would belong to somebody else, and what is no longer wanted would stay for ever.
  CHECK(kube::kFieldManager == "realtime-operator");
}

TEST_CASE("An upgrade of the operator changes no pod template", "[unit][controllers]") {
  const auto folder = support::project_root() / "tests/unit/controllers/plan/golden";
  const auto apps = std::vector<std::pair<std::string, api::RealtimeApp>>{
      {"own-image", support::sample_app()}, {"own-image-full", full_app()}, {"server", support::sample_server_app()}};
  for (const auto& [name, app] : apps) {
    INFO(name
         << ": if this is meant to restart every fleet, say so in CHANGELOG.md and run the test with UPDATE_GOLDEN=1");
    const auto file = folder / (name + ".json");
    const auto made = templates_of(app);
    if (std::getenv("UPDATE_GOLDEN") != nullptr) std::ofstream{file} << made.dump(2) << '\n';
    std::ifstream stream{file};
    REQUIRE(stream);
    const auto kept = json::parse(stream);
    CHECK(json::diff(kept, made).dump(2) == "[]");
  }
}
