// What a plan is made of is compared in place of building it again: no change may be overlooked.
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "operator/controllers/realtimeapp/observe/secrets.hpp"
#include "operator/controllers/realtimeapp/plan/plan.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/sample_app.hpp"

using controllers::ChildId;
using controllers::Observed;
using controllers::PlanMemory;

namespace {

struct PlanScene {
  api::RealtimeApp app = support::sample_app();
  Observed observed = support::healthy_observed();

  std::vector<std::pair<ChildId, kube::ProjectionDigest>> planned(PlanMemory* memory = nullptr) const {
    std::vector<std::pair<ChildId, kube::ProjectionDigest>> digests;
    for (const auto& child : controllers::plan(app, observed, memory).children)
      digests.emplace_back(child.id(), child.digest);
    return digests;
  }
};

/// As decoding another spec does.
void edit(PlanScene& scene, int replicas) {
  scene.app.spec.replicas = replicas;
  scene.app.spec_digest = {static_cast<std::uint64_t>(replicas), 0};
}

controllers::ChildState& live(PlanScene& scene, std::string_view kind) {
  for (auto& [id, state] : scene.observed.children)
    if (id.kind == kind) return state;
  throw std::logic_error{"no such child"};
}

struct Change {
  const char* what;
  std::function<void(PlanScene&)> make;
};

const std::vector<Change> kChanges{
    {"the spec", [](PlanScene& scene) { edit(scene, 5); }},
    {"the app of that name", [](PlanScene& scene) { scene.app.uid = "another"; }},
    {"the default image of Redis", [](PlanScene& scene) { scene.observed.default_redis_image = "redis:9"; }},
    {"the recorded image of Redis", [](PlanScene& scene) { scene.app.status.redis.default_image = "redis:8"; }},
    {"the default image of the server", [](PlanScene& scene) { scene.observed.default_server_image = "server:9"; }},
    {"the recorded image of the server", [](PlanScene& scene) { scene.app.status.server.default_image = "server:8"; }},
    {"the password", [](PlanScene& scene) { scene.observed.redis_secret.credentials->digest = "of another"; }},
    {"the Secret goes",
     [](PlanScene& scene) {
       scene.observed.redis_secret = {};
       scene.observed.new_password = "new";
       scene.observed.new_digest_key = "new key";
     }},
    {"another password is made up", [](PlanScene& scene) { scene.observed.new_password = "newer"; }},
    {"another key is made up", [](PlanScene& scene) { scene.observed.new_digest_key = "newer key"; }},
    {"the Secret comes back",
     [](PlanScene& scene) {
       scene.observed.redis_secret.credentials = controllers::RedisCredentials{.digest = "d", .digest_key = "k"};
     }},
    {"the Secret cannot be used",
     [](PlanScene& scene) { scene.observed.redis_secret.credentials->consistent = false; }},
    {"what pods of the fleet carry",
     [](PlanScene& scene) { live(scene, "Deployment").credentials_digest = "as it was"; }},
    {"what the pod of Redis carries",
     [](PlanScene& scene) { live(scene, "StatefulSet").credentials_digest = "so was it"; }},
    {"the Secret can be used again",
     [](PlanScene& scene) { scene.observed.redis_secret.credentials->consistent = true; }},
    {"the Secret is foreign",
     [](PlanScene& scene) {
       scene.observed.redis_secret.problem = controllers::Problem{"NameTaken", "foreign", false};
     }},
    {"the Secret is ours again", [](PlanScene& scene) { scene.observed.redis_secret.problem.reset(); }},
    {"pods carry the plain digest",
     [](PlanScene& scene) {
       scene.observed.redis_secret.credentials->plain_digest = "plain";
       for (const char* kind : {"Deployment", "StatefulSet"}) {
         auto& state = live(scene, kind);
         state.credentials_digest = "plain";
         const auto plan = controllers::plan(scene.app, scene.observed);
         for (const auto& child : plan.children)
           if (child.type.kind == kind)
             state.pod_digest = controllers::digests_of(kube::Projection::desired(child.desired())).pod_template;
       }
     }},
    {"their template is another one",
     [](PlanScene& scene) {
       live(scene, "Deployment").pod_digest = {1, 2};
     }},
    {"that of Redis is",
     [](PlanScene& scene) {
       live(scene, "StatefulSet").pod_digest = {1, 2};
     }},
    {"the ingress class goes", [](PlanScene& scene) { scene.observed.ingress_classes.clear(); }},
    {"the Service goes meanwhile",
     [](PlanScene& scene) {
       scene.observed.children.erase({"Service", "chat"});
     }},
    {"the ingress class comes back",
     [](PlanScene& scene) { scene.observed.ingress_classes["traefik"] = {"traefik.io/ingress-controller"}; }},
    {"the controller of the class",
     [](PlanScene& scene) { scene.observed.ingress_classes["traefik"] = {"another/one"}; }},
    {"the controller is known again",
     [](PlanScene& scene) { scene.observed.ingress_classes["traefik"] = {"traefik.io/ingress-controller"}; }},
    {"the address is taken",
     [](PlanScene& scene) {
       scene.observed.taken_address = controllers::TakenAddress{{"traefik", "", "/"}, {"default", "older"}};
     }},
    {"the recorded name of the affinity cookie",
     [](PlanScene& scene) { scene.app.status.affinity_cookie = "another"; }},
    {"the address is free", [](PlanScene& scene) { scene.observed.taken_address.reset(); }},
};

}  // namespace

TEST_CASE("What is planned again of the same is not built again", "[unit][controllers]") {
  for (const bool with_server : {false, true}) {
    PlanScene scene;
    if (with_server) scene.app = support::sample_server_app();
    scene.app.status.observed_generation = 6;
    PlanMemory memory;
    const auto first = scene.planned(&memory);
    REQUIRE(memory.children.size() == first.size());
    memory.children[2] = {1, 2};  // so that it shows whether it is taken from here
    scene.observed.children.at({"Deployment", "chat"}).ready_replicas = 0;
    scene.app.status.observed_generation = 7;
    CHECK(scene.planned(&memory)[2].second == kube::ProjectionDigest{1, 2});
  }
}

TEST_CASE("No change of what is planned from is overlooked", "[unit][controllers]") {
  for (const bool with_server : {false, true}) {
    PlanScene scene;
    if (with_server) scene.app = support::sample_server_app();
    PlanMemory memory;
    (void)scene.planned(&memory);
    int differing = 0;
    for (const auto& change : kChanges) {
      INFO(change.what);
      const auto before = scene.planned();
      change.make(scene);
      const auto fresh = scene.planned();
      CHECK(scene.planned(&memory) == fresh);
      if (fresh != before) ++differing;
    }
    CHECK(differing > static_cast<int>(kChanges.size()) / 2);
  }
}

namespace {

/// All children are as planned, and the status says so, as an operator leaves them.
PlanScene applied(PlanScene scene) {
  scene.observed.operator_build = "a build";
  const auto plan = controllers::plan(scene.app, scene.observed);
  for (const auto& child : plan.children)
    scene.observed.children.try_emplace(child.id()).first->second.digest = child.digest;
  scene.app.status.applied_digest = plan.applied_digest;
  return scene;
}

/// As from nothing, whatever the status says.
auto planned_anew(PlanScene scene) {
  scene.app.status.applied_digest.clear();
  return scene.planned();
}

}  // namespace

TEST_CASE("What the status says was applied is not built after a start", "[unit][controllers]") {
  for (const bool with_server : {false, true}) {
    PlanScene scene;
    if (with_server) scene.app = support::sample_server_app();
    auto started = applied(scene);
    const auto before = started.planned();
    started.app.spec.replicas = 9;  // the digest of the spec is the same, so that it shows whether it is looked at
    CHECK(started.planned() == before);
    CHECK(planned_anew(started) != before);
    const auto is_built = [](PlanScene changed, const std::function<void(PlanScene&)>& change) {
      change(changed);
      return changed.planned() == planned_anew(changed);
    };
    CHECK(is_built(started, [](auto& it) { it.observed.operator_build = "another build"; }));
    CHECK(is_built(started, [](auto& it) { it.observed.operator_build.clear(); }));
    CHECK(is_built(started, [](auto& it) { it.app.status.applied_digest = "0123456789abcdef0123456789abcdef"; }));
    for (const auto& [id, digest] : before) {
      if (id.kind == "Secret") continue;
      INFO(id.kind << " " << id.name);
      CHECK(is_built(started, [&id = id](auto& it) { it.observed.children.at(id).digest[1] ^= 1U; }));
      CHECK(is_built(started, [&id = id](auto& it) { it.observed.children.erase(id); }));
    }
  }
}

TEST_CASE("No change since the status was written is overlooked after a start", "[unit][controllers]") {
  PlanScene scene;
  for (const auto& change : kChanges) {
    INFO(change.what);
    auto started = applied(scene);
    change.make(started);
    CHECK(started.planned() == planned_anew(started));
    change.make(scene);
  }
}

TEST_CASE("What is applied while the Secret of Redis is created is known by the same digest afterwards",
          "[unit][controllers]") {
  PlanScene scene;
  scene.observed.operator_build = "a build";
  scene.observed.redis_secret = {};
  scene.observed.new_password = "new";
  scene.observed.new_digest_key = "new key";
  const auto creating = controllers::plan(scene.app, scene.observed);
  for (const auto& child : creating.children)
    if (child.create_only)
      scene.observed.redis_secret.credentials = controllers::read_redis_credentials(child.desired());
  CHECK(controllers::plan(scene.app, scene.observed).applied_digest == creating.applied_digest);
}
