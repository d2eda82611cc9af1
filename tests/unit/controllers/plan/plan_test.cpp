#include "operator/controllers/realtimeapp/plan/plan.hpp"

#include <algorithm>

#include "core/digest.hpp"
#include "operator/api/v1alpha1/conditions.hpp"
#include "operator/controllers/realtimeapp/observe/secrets.hpp"
#include "operator/controllers/realtimeapp/plan/redis.hpp"
#include "operator/controllers/realtimeapp/status/status.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/json.hpp"
#include "tests/support/sample_app.hpp"

using controllers::Plan;
using nlohmann::json;
using support::add_child;
using support::sample_app;
using support::sample_observed;

namespace {

std::vector<std::string> names(const Plan& plan) {
  std::vector<std::string> names;
  for (const auto& child : plan.children) names.push_back(std::string{child.type.kind} + "/" + child.name);
  return names;
}

json find(const Plan& plan, std::string_view kind, const std::string& name) {
  for (const auto& child : plan.children)
    if (child.type.kind == kind && child.name == name) return support::json_of(child.desired());
  FAIL("the plan has no " << kind << " " << name);
  throw 0;
}

const json& container(const json& workload) { return workload["spec"]["template"]["spec"]["containers"][0]; }

json environment(const json& workload, const std::string& name) {
  for (const auto& variable : container(workload)["env"])
    if (variable["name"] == name) return variable;
  return nullptr;
}

}  // namespace

TEST_CASE("A RealtimeApp is planned as its children, in the order in which they depend on each other",
          "[unit][controllers]") {
  const auto plan = controllers::plan(sample_app(), sample_observed());
  CHECK(names(plan) == std::vector<std::string>{"ServiceAccount/chat", "Secret/chat-redis", "Service/chat-redis",
                                                "StatefulSet/chat-redis", "Service/chat", "Service/chat-headless",
                                                "Deployment/chat", "PodDisruptionBudget/chat", "Ingress/chat"});
  CHECK(plan.removals.empty());
  CHECK(plan.problems.empty());
}

TEST_CASE("Planning twice gives the same", "[unit][controllers]") {
  const auto first = controllers::plan(sample_app(), sample_observed());
  const auto second = controllers::plan(sample_app(), sample_observed());
  REQUIRE(first.children.size() == second.children.size());
  for (std::size_t i = 0; i < first.children.size(); ++i)
    CHECK(support::json_of(first.children[i].desired()) == support::json_of(second.children[i].desired()));
}

TEST_CASE("Every child is owned by its app and carries the labels by which it is found", "[unit][controllers]") {
  const auto plan = controllers::plan(sample_app(), sample_observed());
  for (const auto& child : plan.children) {
    const auto metadata = support::json_of(child.desired())["metadata"];
    CHECK(metadata["namespace"] == "default");
    CHECK(metadata["ownerReferences"][0]["uid"] == "uid-of-chat");
    CHECK(metadata["ownerReferences"][0]["controller"] == true);
    CHECK(metadata["labels"]["app.kubernetes.io/managed-by"] == "realtime-operator");
    CHECK(metadata["labels"]["app.kubernetes.io/instance"] == "chat");
  }
}

TEST_CASE("Redis' Secret is created once, and what needs it waits for it", "[unit][controllers]") {
  auto observed = sample_observed();
  observed.redis_secret.credentials.reset();
  observed.new_password = "pw";
  observed.new_digest_key = "key";
  const auto plan = controllers::plan(sample_app(), observed);
  const controllers::ChildId secret{"Secret", "chat-redis"};
  std::vector<std::string> waiting;
  for (const auto& child : plan.children) {
    CHECK(child.create_only == (child.id() == secret));
    if (std::count(child.needs.begin(), child.needs.end(), secret) > 0) waiting.emplace_back(child.id().kind);
  }
  CHECK(waiting == std::vector<std::string>{"StatefulSet", "Deployment"});
  // What it is created with is what is read of it, so that nothing restarts afterwards.
  const auto read = controllers::read_redis_credentials(support::object_of(find(plan, "Secret", "chat-redis")));
  CHECK(read.usable());
  CHECK(find(plan, "Deployment",
             "chat")["spec"]["template"]["metadata"]["annotations"]["realtimeoperator.dev/redis-credentials"] ==
        read.digest);
}

TEST_CASE("A Secret that cannot be used holds back what has yet to be created, and nothing that runs",
          "[unit][controllers]") {
  const controllers::ChildId secret{"Secret", "chat-redis"};
  const auto broken = [&](controllers::Observed observed) {
    observed.redis_secret.credentials->consistent = false;
    return controllers::plan(sample_app(), observed);
  };
  const auto needs_secret = [&](const Plan& plan, std::string_view kind) {
    for (const auto& child : plan.children)
      if (child.id().kind == kind && std::count(child.needs.begin(), child.needs.end(), secret) > 0) return true;
    return false;
  };
  const auto fresh = broken(sample_observed());
  CHECK(fresh.problems.at(secret).reason == api::reason::kRedisPasswordMismatch);
  CHECK(needs_secret(fresh, "Deployment"));
  CHECK(needs_secret(fresh, "StatefulSet"));
  auto running = support::healthy_observed();
  add_child(running, "Deployment", "chat", 3).credentials_digest = "as it was";
  const auto kept = broken(running);
  CHECK_FALSE(needs_secret(kept, "Deployment"));
  CHECK(find(kept, "Deployment",
             "chat")["spec"]["template"]["metadata"]["annotations"]["realtimeoperator.dev/redis-credentials"] ==
        "as it was");
}

TEST_CASE("The Ingress waits for its Service, and nothing else does", "[unit][controllers]") {
  const auto plan = controllers::plan(sample_app(), sample_observed());
  const controllers::ChildId service{"Service", "chat"};
  for (const auto& child : plan.children)
    CHECK((std::count(child.needs.begin(), child.needs.end(), service) > 0) == (child.id().kind == "Ingress"));
}

TEST_CASE("Pods with the plain digest of older versions are not replaced for the keyed one", "[unit][controllers]") {
  const auto app = sample_app();
  auto observed = support::healthy_observed();
  observed.redis_secret.credentials->plain_digest = "plain";
  const auto annotation = [&](std::string_view kind, const std::string& name) {
    const auto plan = controllers::plan(app, observed);
    return find(plan, kind,
                name)["spec"]["template"]["metadata"]["annotations"]["realtimeoperator.dev/redis-credentials"];
  };
  const auto planned = controllers::plan(app, observed);
  for (const auto& [kind, name] : {std::pair{"Deployment", "chat"}, std::pair{"StatefulSet", "chat-redis"}}) {
    auto& live = observed.children.at({kind, name});
    live.credentials_digest = "plain";
    live.pod_digest =
        controllers::digests_of(kube::Projection::desired(support::object_of(find(planned, kind, name)))).pod_template;
    CHECK(annotation(kind, name) == "plain");
    live.pod_digest = {1, 2};  // its pods are replaced for another reason
    CHECK(annotation(kind, name) == "digest");
    live.credentials_digest = "plain digest of an old password";
    CHECK(annotation(kind, name) == "digest");
  }
}

TEST_CASE("The app's pods get PORT, POD_NAME and REDIS_URL and no permissions", "[unit][controllers]") {
  auto app = sample_app();
  app.spec.app.port = 5000;
  app.spec.app.env = {{.name = "MODE", .value = "x"}};
  const auto plan = controllers::plan(app, sample_observed());
  const auto& deployment = find(plan, "Deployment", "chat");
  CHECK(environment(deployment, "PORT")["value"] == "5000");
  CHECK(environment(deployment, "MODE")["value"] == "x");
  CHECK(environment(deployment, "POD_NAME")["valueFrom"]["fieldRef"]["fieldPath"] == "metadata.name");
  CHECK(environment(deployment, "REDIS_URL")["valueFrom"]["secretKeyRef"] ==
        json{{"name", "chat-redis"}, {"key", "url"}});
  const auto& pod = deployment["spec"]["template"]["spec"];
  CHECK(pod["automountServiceAccountToken"] == false);
  CHECK(pod["enableServiceLinks"] == false);
  CHECK(pod["securityContext"]["seccompProfile"]["type"] == "RuntimeDefault");
  CHECK(container(deployment)["securityContext"] ==
        json{{"allowPrivilegeEscalation", false}, {"capabilities", {{"drop", {"ALL"}}}}});
  CHECK(container(deployment)["ports"][0]["containerPort"] == 5000);
  CHECK(container(deployment)["startupProbe"]["httpGet"]["path"] == "/socket.io/?EIO=4&transport=polling");
  CHECK(find(plan, "ServiceAccount", "chat")["automountServiceAccountToken"] == false);
}

TEST_CASE("Redis runs restricted, with its password in a file and nothing kept unless asked", "[unit][controllers]") {
  auto app = sample_app();
  const auto plan = controllers::plan(app, sample_observed());
  const auto& set = find(plan, "StatefulSet", "chat-redis");
  CHECK(container(set)["image"] == "redis:default");
  CHECK(container(set)["securityContext"]["readOnlyRootFilesystem"] == true);
  CHECK(set["spec"]["template"]["spec"]["securityContext"]["runAsNonRoot"] == true);
  CHECK_FALSE(set["spec"].contains("volumeClaimTemplates"));
  CHECK(set.dump().find("requirepass") == std::string::npos);

  app.spec.redis.persistence = api::Persistence::kAppendOnly;
  app.spec.redis.storage = "2Gi";
  for (const auto& [retention, word] :
       {std::pair{api::Retention::kRetain, "Retain"}, std::pair{api::Retention::kDelete, "Delete"}}) {
    app.spec.redis.retention = retention;
    const auto kept = controllers::plan(app, sample_observed());
    const auto spec = find(kept, "StatefulSet", "chat-redis")["spec"];
    CHECK(spec["volumeClaimTemplates"][0]["spec"]["resources"]["requests"]["storage"] == "2Gi");
    CHECK(spec["persistentVolumeClaimRetentionPolicy"]["whenDeleted"] == word);
  }
}

TEST_CASE("An image of Redis that the manifest does not name stays what it was", "[unit][controllers]") {
  auto app = sample_app();
  app.status.redis.default_image = "redis:old";
  CHECK(controllers::redis_image(app, sample_observed()).image == "redis:old");
  app.spec.redis.image = "redis:mine";
  CHECK(controllers::redis_image(app, sample_observed()).image == "redis:mine");
  // Named and named no more, it is again what the app was made with.
  app.status.redis = controllers::redis_image(app, sample_observed());
  app.spec.redis.image = "";
  CHECK(controllers::redis_image(app, sample_observed()).image == "redis:old");
}

TEST_CASE("The pods restart when the Redis password changes, and only then", "[unit][controllers]") {
  const auto annotation = [](const char* digest) {
    auto observed = sample_observed();
    observed.redis_secret.credentials->digest = digest;
    const auto plan = controllers::plan(sample_app(), observed);
    return find(plan, "Deployment", "chat")["spec"]["template"]["metadata"]["annotations"];
  };
  CHECK(annotation("one") == annotation("one"));
  CHECK(annotation("one") != annotation("two"));
}

TEST_CASE("Without a backplane neither Redis nor REDIS_URL is planned, and an old Redis is removed",
          "[unit][controllers]") {
  auto app = sample_app();
  app.spec.redis.type = api::RedisType::kNone;
  auto observed = support::healthy_observed();
  observed.redis_secret = {};
  const auto earlier = controllers::plan(app, observed);
  CHECK(environment(find(earlier, "Deployment", "chat"), "REDIS_URL").is_null());
  CHECK(earlier.removals.empty());  // the pods that are there were made with it

  const std::vector<controllers::ChildId> redis{{"Service", "chat-redis"}, {"StatefulSet", "chat-redis"}};
  auto& deployment = observed.children.at({"Deployment", "chat"});
  for (const auto& child : earlier.children)
    if (child.id() == controllers::ChildId{"Deployment", "chat"}) deployment.digest = child.digest;
  deployment.generation = 2;
  CHECK(controllers::plan(app, observed).removals.empty());
  deployment.observed_generation = 2;
  deployment.updated_replicas = 2;
  CHECK(controllers::plan(app, observed).removals.empty());
  deployment.updated_replicas = 3;
  CHECK(controllers::plan(app, observed).removals == redis);
  deployment.digest = {};
  CHECK(controllers::plan(app, observed).removals.empty());
  deployment.replicas = 0;
  CHECK(controllers::plan(app, observed).removals == redis);
}

TEST_CASE("A fleet that runs without Redis waits for a Secret that it can use", "[unit][controllers]") {
  auto observed = support::healthy_observed();
  observed.redis_secret = {};
  observed.redis_secret.problem = controllers::Problem{api::reason::kNameTaken, "of others"};
  const auto needs = [&] {
    const auto plan = controllers::plan(sample_app(), observed);
    for (const auto& child : plan.children)
      if (child.id() == controllers::ChildId{"Deployment", "chat"}) return child.needs;
    return std::vector<controllers::ChildId>{};
  };
  CHECK_THAT(needs(), Catch::VectorContains(controllers::redis_secret_id("chat")));
  observed.children.at({"Deployment", "chat"}).credentials_digest = "hmac:1";
  CHECK_THAT(needs(), !Catch::VectorContains(controllers::redis_secret_id("chat")));
}

TEST_CASE("An Ingress routes the manifest's host and paths to the fleet's Service", "[unit][controllers]") {
  auto app = sample_app();
  app.spec.exposure.host = "chat.example.com";
  app.spec.exposure.paths = {"/a", "/b"};
  app.spec.exposure.tls_secret_name = "cert";
  app.spec.exposure.annotations = {{"x", "y"}};
  const auto plan = controllers::plan(app, sample_observed());
  const auto& ingress = find(plan, "Ingress", "chat");
  CHECK(ingress["spec"]["ingressClassName"] == "traefik");
  const auto& rule = ingress["spec"]["rules"][0];
  CHECK(rule["host"] == "chat.example.com");
  CHECK(rule["http"]["paths"].size() == 2);
  CHECK(rule["http"]["paths"][1]["backend"]["service"] == json{{"name", "chat"}, {"port", {{"name", "http"}}}});
  CHECK(ingress["spec"]["tls"] == json::parse(R"([{"secretName": "cert", "hosts": ["chat.example.com"]}])"));
  CHECK(ingress["metadata"]["annotations"]["x"] == "y");
}

TEST_CASE("An Ingress leads to the app's own path also where that is a prefix of characters", "[unit][controllers]") {
  auto app = sample_app();
  app.spec.protocol.path = "/ws";
  app.spec.exposure.paths = {"/ws/", "/a/"};
  const auto plan = controllers::plan(app, sample_observed());
  const auto paths = find(plan, "Ingress", "chat")["spec"]["rules"][0]["http"]["paths"];
  CHECK(paths[0]["path"] == "/ws");
  CHECK(paths[1]["path"] == "/a/");
}

TEST_CASE("An exposure that cannot be made leaves what clients use as it is", "[unit][controllers]") {
  auto observed = support::healthy_observed();
  observed.ingress_classes.clear();
  observed.children.at({"Service", "chat"}).annotations = kube::Labels{{"sticky", "true"}};
  const auto plan = controllers::plan(sample_app(), observed);
  CHECK(plan.removals.empty());
  const auto planned = names(plan);
  CHECK(std::count(planned.begin(), planned.end(), "Ingress/chat") == 0);
  const auto service = find(plan, "Service", "chat");
  CHECK(service["metadata"]["annotations"]["sticky"] == "true");
  CHECK(service["spec"]["selector"]["app.kubernetes.io/instance"] == "chat");
}

TEST_CASE("A Service that comes back while the address is another app's is as sticky as before",
          "[unit][controllers]") {
  auto observed = support::healthy_observed();
  const auto service_of = [](const controllers::Plan& plan) {
    for (const auto& child : plan.children)
      if (child.id() == controllers::ChildId{"Service", "chat"}) return support::json_of(child.desired());
    return nlohmann::json{};
  };
  const auto wanted = service_of(controllers::plan(sample_app(), observed));
  observed.taken_address = controllers::TakenAddress{{"traefik", "", "/"}, {"default", "older"}};
  observed.children.erase({"Service", "chat"});
  const auto plan = controllers::plan(sample_app(), observed);
  CHECK(service_of(plan) == wanted);
  CHECK(wanted["metadata"]["annotations"].size() >= 4);
  CHECK(std::none_of(plan.children.begin(), plan.children.end(),
                     [](const auto& child) { return child.type == kube::types::kIngress; }));
  CHECK(plan.removals.empty());
}

TEST_CASE("An exposure that is no longer wanted is removed", "[unit][controllers]") {
  auto app = sample_app();
  app.spec.exposure = {};
  const auto plan = controllers::plan(app, support::healthy_observed());
  CHECK(plan.removals == std::vector<controllers::ChildId>{{"Ingress", "chat"}});
}

TEST_CASE("A Secret of Redis credentials is used only when it is whole and of one password", "[unit][controllers]") {
  auto secret = controllers::redis_secret(sample_app(), "pw", "key");
  const auto credentials = controllers::read_redis_credentials(secret);
  CHECK(credentials.usable());
  CHECK(credentials.digest !=
        controllers::read_redis_credentials(controllers::redis_secret(sample_app(), "other", "key")).digest);
  const auto with = [&](const char* key, const std::string& value) {
    auto changed = secret;
    support::edit(changed, [&](auto& root) { root["data"][key] = core::base64_encode(value); });
    return controllers::read_redis_credentials(changed);
  };
  CHECK_FALSE(with("url", "redis://:old@chat-redis:6379/0").consistent);
  CHECK_FALSE(with("redis.conf", "requirepass old\n").consistent);
  CHECK_FALSE(with("redis.conf", "requirepass pwd\n").consistent);
  CHECK_FALSE(with("redis.conf", "# requirepass pw\n").consistent);
  CHECK(with("redis.conf", "maxclients 9\r\n  requirepass\tpw\r\n").consistent);
  CHECK_FALSE(with("password", "new").consistent);
  CHECK_FALSE(with("url", "").complete);
  CHECK(with("url", "redis://:pw@chat-redis.default.svc:6379/0").usable());
  CHECK(with("url", "redis://:pw@chat-redis.default.svc.cluster.local:6379/0").usable());
  CHECK(with("url", "rediss://:pw@proxy.example.com:6380").usable());
  CHECK_FALSE(with("url", "redis://:pw@chat-redis.production.svc:6379/0").usable());
  CHECK(with("url", "redis://:pw@chat-redis.production.svc:6379/0").elsewhere == "chat-redis.production.svc:6379");
  CHECK(with("redis.conf", "requirepass pw\nmaxclients 9\n").usable());
  support::edit(secret, [](auto& root) { root["data"].erase("url"); });
  CHECK_FALSE(controllers::read_redis_credentials(secret).complete);

  auto observed = support::healthy_observed();
  observed.redis_secret.credentials->consistent = false;
  CHECK(support::assess(sample_app(), observed).condition("Stalled")->reason == "RedisPasswordMismatch");
  observed.redis_secret.credentials->consistent = true;
  observed.redis_secret.credentials->elsewhere = "chat-redis.production.svc:6379";
  CHECK(support::assess(sample_app(), observed).condition("Stalled")->reason == "RedisUrlMismatch");
}
