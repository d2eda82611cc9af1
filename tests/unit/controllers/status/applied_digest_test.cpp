#include "operator/controllers/realtimeapp/plan/plan.hpp"
#include "operator/controllers/realtimeapp/status/status.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/sample_app.hpp"

TEST_CASE("The digest of what was applied is in the status only where all of it is", "[unit][controllers]") {
  const auto app = support::sample_app();
  auto observed = support::healthy_observed();
  CHECK(support::assess(app, observed).applied_digest.empty());  // of no known build
  observed.operator_build = "a build";
  CHECK(support::assess(app, observed).applied_digest == controllers::plan(app, observed).applied_digest);
  const auto plan = controllers::plan(app, observed);
  for (const auto& child : plan.children) {
    if (child.type == kube::types::kSecret) continue;
    INFO(child.type.kind << " " << child.name);
    auto without = observed;
    without.children.erase(child.id());
    CHECK(support::assess(app, without).applied_digest.empty());
    auto going = observed;
    going.children.at(child.id()).deleting = true;
    CHECK(support::assess(app, going).applied_digest.empty());
  }
  CHECK(controllers::assess(app, plan, observed, {}).applied_digest.empty());  // they are otherwise than planned
}
