// What the status makes of pods that cannot run.
#include "operator/api/v1alpha1/conditions.hpp"
#include "operator/controllers/realtimeapp/status/status.hpp"
#include "tests/support/brief_condition.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/sample_app.hpp"

using support::add_child;
using support::brief;
using support::Brief;
using support::healthy_observed;
using support::sample_app;

TEST_CASE("A pod that cannot run is named in the status of what waits for it", "[unit][controllers]") {
  const auto app = sample_app();
  auto observed = healthy_observed();
  auto& deployment = add_child(observed, "Deployment", "chat", 2);
  const auto diagnosis = [&](const std::string& pod, std::string_view component, bool needs_user_action) {
    observed.pod_diagnoses[pod] = {std::string{component}, api::reason::kImagePullFailed, "pod " + pod,
                                   needs_user_action, "chat-old"};
  };
  SECTION("a pod of an earlier template does not stall the next one") {
    diagnosis("chat-1", "app", true);
    observed.outdated_replica_sets.insert("chat-old");
    CHECK(brief(support::assess(app, observed), "Ready") == Brief{"False", "RolloutInProgress"});
    CHECK(brief(support::assess(app, observed), "Stalled").status == "False");
  }
  SECTION("nothing that is known of an earlier template stalls one that its controller has not seen") {
    diagnosis("chat-1", "app", true);
    deployment.stalled = deployment.refused_pods = core::SharedText{"it hangs"};
    deployment.generation = deployment.observed_generation + 1;
    CHECK(brief(support::assess(app, observed), "Ready") == Brief{"False", "RolloutInProgress"});
    CHECK(brief(support::assess(app, observed), "Stalled").status == "False");
    auto& redis = add_child(observed, "StatefulSet", "chat-redis", 0);
    redis.generation = redis.observed_generation + 1;
    diagnosis("chat-redis-0", "redis", true);
    CHECK(brief(support::assess(app, observed), "RedisReady") == Brief{"False", "RedisStarting"});
    CHECK(brief(support::assess(app, observed), "Stalled").status == "False");
  }
  SECTION("an app's pod") {
    diagnosis("chat-1", "app", true);
    const auto status = support::assess(app, observed);
    CHECK(brief(status, "Ready") == Brief{"False", "ImagePullFailed"});
    CHECK(brief(status, "Stalled") == Brief{"True", "ImagePullFailed"});
    CHECK(brief(status, "RedisReady").status == "True");
    CHECK(status.condition("Ready")->message == "pod chat-1; 2 ready replicas continue to serve");
  }
  SECTION("what may pass does not stall, and what lasts is named first") {
    diagnosis("chat-1", "app", false);
    CHECK(brief(support::assess(app, observed), "Ready") == Brief{"False", "ImagePullFailed"});
    CHECK(brief(support::assess(app, observed), "Reconciling").status == "True");
    diagnosis("chat-2", "app", true);
    CHECK_THAT(support::assess(app, observed).condition("Ready")->message, Catch::StartsWith("pod chat-2"));
  }
  SECTION("Redis' pod") {
    add_child(observed, "StatefulSet", "chat-redis", 0);
    diagnosis("chat-redis-0", "redis", true);
    const auto status = support::assess(app, observed);
    CHECK(brief(status, "RedisReady") == Brief{"False", "ImagePullFailed"});
    CHECK(brief(status, "Stalled") == Brief{"True", "ImagePullFailed"});
  }
  SECTION("an app without its Redis is not to blame") {
    add_child(observed, "StatefulSet", "chat-redis", 0);
    diagnosis("chat-1", "app", true);
    const auto status = support::assess(app, observed);
    CHECK(brief(status, "Ready") == Brief{"False", "RedisNotReady"});
    CHECK(brief(status, "Stalled").status == "False");
  }
  SECTION("a fleet that is ready has no diagnosis") {
    deployment.replicas = deployment.updated_replicas = deployment.ready_replicas = 3;
    diagnosis("chat-1", "app", true);
    CHECK(brief(support::assess(app, observed), "Ready") == Brief{"True", "AppReady"});
  }
  SECTION("no pod may be made") {
    deployment.refused_pods = "exceeded quota: q";
    const auto status = support::assess(app, observed);
    CHECK(brief(status, "Ready") == Brief{"False", "PodsRefused"});
    CHECK(brief(status, "Stalled").status == "False");
    deployment.stalled = "no progress";
    CHECK(brief(support::assess(app, observed), "Stalled") == Brief{"True", "PodsRefused"});
  }
}
