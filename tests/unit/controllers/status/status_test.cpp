#include "operator/controllers/realtimeapp/status/status.hpp"

#include "operator/api/v1alpha1/conditions.hpp"
#include "operator/controllers/realtimeapp/plan/plan.hpp"
#include "tests/support/brief_condition.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/sample_app.hpp"

using support::add_child;
using support::brief;
using support::Brief;
using support::healthy_observed;
using support::sample_app;

TEST_CASE("A fleet that serves is Ready, and says where", "[unit][controllers]") {
  const auto status = support::assess(sample_app(), healthy_observed());
  CHECK(brief(status, "Ready") == Brief{"True", "AppReady"});
  CHECK(brief(status, "Reconciling") == Brief{"False", "Settled"});
  CHECK(brief(status, "Stalled") == Brief{"False", "NothingWrong"});
  CHECK(brief(status, "RedisReady") == Brief{"True", "RedisServing"});
  CHECK(brief(status, "ExposureReady") == Brief{"True", "IngressServing"});
  CHECK(status.url == "http://10.0.0.1/");
  CHECK(status.replicas_summary == "3/3");
  CHECK(status.redis_endpoint == "chat-redis.default.svc:6379");
  CHECK(status.selector.find("component=app") != std::string::npos);
  CHECK(status.observed_generation == 1);
  REQUIRE(status.addresses.size() == 1);
  CHECK(status.addresses.front().path == "/");
}

TEST_CASE("Every condition says of which manifest it speaks", "[unit][controllers]") {
  auto app = sample_app();
  app.generation = 7;
  for (const auto& status : {support::assess(app, healthy_observed()),
                             controllers::assess_invalid(app, healthy_observed(), "spec: wrong")}) {
    CHECK(status.observed_generation == 7);
    CHECK(status.conditions.size() >= 3);
    for (const auto& condition : status.conditions) CHECK(condition.observed_generation == 7);
  }
}

TEST_CASE("What keeps a fleet from being Ready is its reason", "[unit][controllers]") {
  auto app = sample_app();
  auto observed = healthy_observed();
  auto& deployment = add_child(observed, "Deployment", "chat", 3);
  auto& redis = add_child(observed, "StatefulSet", "chat-redis", 1);
  auto& ingress = observed.children.at({"Ingress", "chat"});
  const auto ready = [&] { return brief(support::assess(app, observed), "Ready"); };
  REQUIRE(ready().status == "True");

  SECTION("a replica is not ready") {
    deployment.ready_replicas = 2;
    CHECK(ready() == Brief{"False", "ReplicasNotReady"});
    CHECK(
        support::assess(app, observed).condition("Ready")->message ==
        "2 of 3 replicas are ready; a replica becomes ready when it answers an Engine.IO handshake on 0.0.0.0:8000 at "
        "/socket.io/");
    CHECK(brief(support::assess(app, observed), "Reconciling").status == "True");
  }
  SECTION("Redis runs what the manifest said before, and counts as ready until its end is seen") {
    redis.updated_replicas = 0;
    CHECK(ready() == Brief{"False", "RedisNotReady"});
    redis.updated_replicas = 1;
    redis.observed_generation = 0;
    redis.generation = 1;
    CHECK(ready() == Brief{"False", "RedisNotReady"});
  }
  SECTION("more replicas serve than the manifest says") {
    app.spec.replicas = GENERATE(0, 2);
    CHECK(ready() == Brief{"False", "RolloutInProgress"});
  }
  SECTION("a child is to go, by somebody else's hand") {
    ingress.deleting = true;
    CHECK(ready() == Brief{"False", "RolloutInProgress"});
    CHECK_THAT(support::assess(app, observed).condition("Ready")->message, Catch::Contains("is being deleted"));
  }
  SECTION("an old replica still serves") {
    deployment.replicas = 4;
    deployment.ready_replicas = 4;
    CHECK(ready() == Brief{"False", "RolloutInProgress"});
  }
  SECTION("the Deployment's controller has not seen the change") {
    deployment.generation = 2;
    CHECK(ready() == Brief{"False", "RolloutInProgress"});
  }
  SECTION("the manifest wants more") {
    app.spec.replicas = 4;
    CHECK(ready() == Brief{"False", "RolloutInProgress"});
  }
  SECTION("Redis is away") {
    redis.ready_replicas = 0;
    CHECK(ready() == Brief{"False", "RedisNotReady"});
    CHECK(brief(support::assess(app, observed), "RedisReady") == Brief{"False", "RedisStarting"});
    observed.refused_redis_pod = "exceeded quota: q";
    const auto status = support::assess(app, observed);
    CHECK(brief(status, "RedisReady") == Brief{"False", "PodsRefused"});
    CHECK(status.condition("RedisReady")->message == "pod \"chat-redis-0\" is refused: exceeded quota: q");
  }
  SECTION("the ingress has no address and the manifest no host") {
    ingress.ingress = controllers::IngressState{{}, controllers::ServedAddress{"", {"/"}, false, "traefik"}};
    CHECK(ready() == Brief{"False", "ExposureNotReady"});
    CHECK(brief(support::assess(app, observed), "ExposureReady") == Brief{"False", "IngressPending"});
    app.spec.exposure.host = "chat.example.com";
    ingress.ingress =
        controllers::IngressState{{}, controllers::ServedAddress{"chat.example.com", {"/"}, false, "traefik"}};
    CHECK(ready() == Brief{"True", "AppReady"});
    CHECK_THAT(support::assess(app, observed).condition("ExposureReady")->message,
               Catch::Contains("has no address yet"));
  }
  SECTION("the manifest wants no Redis") {
    app.spec.redis.type = api::RedisType::kNone;
    redis.ready_replicas = 0;
    CHECK(ready().status == "True");
    CHECK(brief(support::assess(app, observed), "RedisReady") == Brief{"True", "NoBackplane"});
  }
  SECTION("nothing exists yet") {
    observed.children.clear();
    CHECK(ready().status == "False");
  }
}

TEST_CASE("What needs user action makes the app Stalled, with what to change", "[unit][controllers]") {
  auto app = sample_app();
  auto observed = healthy_observed();
  std::map<controllers::ChildId, controllers::Problem> problems;
  std::string words;
  std::string reason;
  SECTION("an IngressClass that does not exist") {
    app.spec.exposure.class_name = "nginx";
    reason = "IngressClassNotFound";
    words = "kubectl get ingressclass";
  }
  SECTION("an IngressClass of an unknown controller") {
    observed.ingress_classes["traefik"] = {"example.com/other"};
    reason = "IngressClassUnsupported";
    words = "example.com/other";
  }
  SECTION("a rollout without progress") {
    add_child(observed, "Deployment", "chat", 2).stalled = "ReplicaSet \"x\" has timed out progressing.";
    reason = "RolloutStalled";
    words = "timed out";
  }
  SECTION("a child that could not be made") {
    problems[{"Service", "chat"}] = {api::reason::kNameTaken, "rename the RealtimeApp"};
    reason = "NameTaken";
    words = "rename";
  }
  SECTION("credentials that are not whole") {
    observed.redis_secret.credentials->complete = false;
    reason = "RedisCredentialsIncomplete";
    words = "kubectl delete secret chat-redis";
  }
  const auto status = support::assess(app, observed, problems);
  CHECK(brief(status, "Stalled") == Brief{"True", reason});
  CHECK(brief(status, "Ready") == Brief{"False", reason});
  CHECK(brief(status, "Reconciling").status == "False");
  CHECK_THAT(status.condition("Stalled")->message, Catch::Contains(words));
}

TEST_CASE("An address that another app has is named, and what was exposed stays", "[unit][controllers]") {
  const auto app = sample_app();
  auto observed = healthy_observed();
  observed.taken_address = controllers::TakenAddress{{"traefik", "", "/"}, {"other", "first"}};
  const auto status = support::assess(app, observed);
  CHECK(brief(status, "ExposureReady") == Brief{"False", "HostTaken"});
  CHECK_THAT(status.condition("ExposureReady")->message,
             Catch::StartsWith("RealtimeApp \"other/first\" already has every host"));
  for (const auto& removed : controllers::plan(app, observed).removals) CHECK(removed.kind != "Ingress");
}

TEST_CASE("A fleet scaled to zero is Ready and says that no client can connect", "[unit][controllers]") {
  auto app = sample_app();
  app.spec.replicas = 0;
  auto observed = healthy_observed();
  add_child(observed, "Deployment", "chat", 0);
  CHECK(brief(support::assess(app, observed), "Ready") == Brief{"True", "ScaledToZero"});
}

TEST_CASE("Without exposure the URL is the one inside the cluster", "[unit][controllers]") {
  auto app = sample_app();
  app.spec.exposure = {};
  const auto status = support::assess(app, healthy_observed());
  CHECK(status.url == "http://chat.default.svc/");
  CHECK(brief(status, "ExposureReady") == Brief{"True", "NotExposed"});
}

TEST_CASE("A message is cut as it will be read back, or it would be written again and again", "[unit][controllers]") {
  const controllers::Problem problem{api::reason::kApplyFailed, std::string(2 * api::kMaxMessageBytes, 'x'), true};
  const auto status = support::assess(sample_app(), healthy_observed(), {{{"Deployment", "chat"}, problem}});
  CHECK(status.condition("Ready")->message.text().size() == api::kMaxMessageBytes);
}

TEST_CASE("A condition keeps its time until its status changes", "[unit][controllers]") {
  const auto before = controllers::with_transition_times(support::assess(sample_app(), healthy_observed()), {}, "then");
  auto observed = healthy_observed();
  add_child(observed, "Deployment", "chat", 2);
  const auto after = controllers::with_transition_times(support::assess(sample_app(), observed), before, "now");
  CHECK(after.condition("Ready")->last_transition_time == "now");
  CHECK(after.condition("RedisReady")->last_transition_time == "then");
  const auto again = controllers::with_transition_times(support::assess(sample_app(), observed), after, "later");
  CHECK(again == after);
}

TEST_CASE("A manifest that cannot be read is Stalled with every wrong field", "[unit][controllers]") {
  auto app = sample_app();
  app.status.url = "http://kept/";
  app.status.ready_replicas = 3;
  app.status.connections = 900;
  auto observed = healthy_observed();
  const auto status = controllers::assess_invalid(app, observed, "spec.replicas is no whole number");
  CHECK(brief(status, "Stalled") == Brief{"True", "InvalidSpec"});
  CHECK(brief(status, "Ready") == Brief{"False", "InvalidSpec"});
  CHECK(status.url == "http://kept/");
  CHECK(status.replicas == 3);
  CHECK(status.ready_replicas == 0);  // none runs the current spec
  CHECK_FALSE(status.connections);
  observed.children.clear();
  const auto gone = controllers::assess_invalid(app, observed, "spec.replicas is no whole number");
  CHECK(gone.url.empty());
  CHECK(gone.replicas == 0);
}

TEST_CASE("A child that could not be written for a passing reason is named, and does not stall",
          "[unit][controllers]") {
  const controllers::Problem problem{api::reason::kApplyFailed, "Deployment \"chat\": no endpoints available", true};
  const auto status = support::assess(sample_app(), healthy_observed(), {{{"Deployment", "chat"}, problem}});
  CHECK(brief(status, "Ready") == Brief{"False", "ApplyFailed"});
  CHECK(brief(status, "Reconciling") == Brief{"True", "Progressing"});
  CHECK(brief(status, "Stalled").status == "False");
  CHECK_THAT(status.condition("Ready")->message, Catch::Contains("no endpoints available"));
}

TEST_CASE("An app is never Ready while a child is not observed as planned", "[unit][controllers]") {
  const auto app = sample_app();
  auto observed = healthy_observed();
  const auto plan = controllers::plan(app, observed);
  for (const auto& child : plan.children) observed.children.at(child.id()).digest = child.digest;
  REQUIRE(brief(controllers::assess(app, plan, observed, {}), "Ready").status == "True");
  for (const auto& child : plan.children) {
    INFO(child.id().kind << " " << child.id().name);
    auto without = observed;
    without.children.erase(child.id());
    CHECK(brief(controllers::assess(app, plan, without, {}), "Ready").status == "False");
    auto other = observed;
    other.children.at(child.id()).digest = {1, 2};
    CHECK(brief(controllers::assess(app, plan, other, {}), "Ready").status == "False");
  }
}

TEST_CASE("What could not be read is named", "[unit][controllers]") {
  auto observed = healthy_observed();
  SECTION("the Secret of Redis, while what runs continues") {
    observed.redis_secret = {{}, {}, controllers::Problem{api::reason::kReadFailed, "HTTP 500", true}};
    const auto status = support::assess(sample_app(), observed);
    CHECK(brief(status, "Ready") == Brief{"False", "ReadFailed"});
    CHECK(brief(status, "RedisReady") == Brief{"False", "ReadFailed"});
    CHECK(brief(status, "Stalled").status == "False");
  }
  SECTION("anything else") {
    observed.problem = controllers::Problem{api::reason::kReadFailed, "HTTP 500", true};
    CHECK(brief(support::assess(sample_app(), observed), "Ready") == Brief{"False", "ReadFailed"});
  }
}

TEST_CASE("Only replicas that run the current spec count as ready", "[unit][controllers]") {
  const auto app = sample_app();
  auto observed = healthy_observed();
  auto& deployment = add_child(observed, "Deployment", "chat", 3);
  deployment.revision = "2";
  deployment.replicas = 4;  // three old ones, and a new one that is not ready
  deployment.updated_replicas = 1;
  observed.ready_by_revision = {{"1", 3}, {"2", 0}};
  CHECK(support::assess(app, observed).ready_replicas == 0);
  observed.ready_by_revision["2"] = 1;
  CHECK(support::assess(app, observed).ready_replicas == 1);
  const auto plan = controllers::plan(app, observed);
  deployment.replicas = deployment.updated_replicas = 3;
  deployment.digest = {1, 2};  // another pod template
  CHECK(controllers::assess(app, plan, observed, {}).ready_replicas == 0);
}

TEST_CASE("The URL is what is served, never what was refused", "[unit][controllers]") {
  auto app = sample_app();
  auto observed = healthy_observed();
  observed.children.at({"Ingress", "chat"}).ingress =
      controllers::IngressState{{}, controllers::ServedAddress{"old.example.com", {"/"}, false, "traefik"}};
  app.spec.exposure.host = "new.example.com";
  app.status.addresses = {{"traefik", "old.example.com", "/", "2006-01-02T15:04:05Z"}};
  observed.taken_address = controllers::TakenAddress{{"traefik", "new.example.com", "/"}, {"other", "first"}};
  const auto status = support::assess(app, observed);
  CHECK(status.url == "http://old.example.com/");
  CHECK(status.addresses == app.status.addresses);
  observed.children.erase({"Ingress", "chat"});
  CHECK(support::assess(app, observed).url.empty());
  CHECK(support::assess(app, observed).addresses.empty());
}

TEST_CASE("An exposure none of whose paths leads to the protocol's is named", "[unit][controllers]") {
  auto app = sample_app();
  auto observed = healthy_observed();
  const auto exposure = [&] { return brief(support::assess(app, observed), "ExposureReady"); };
  const auto serve = [&](const std::vector<std::string>& paths) {
    app.spec.exposure.paths = paths;
    observed.children.at({"Ingress", "chat"}).ingress = support::serving(paths);
  };
  serve({"/chat"});
  CHECK(exposure() == Brief{"False", "PathNotExposed"});
  serve({"/socket.i"});
  CHECK(exposure() == Brief{"False", "PathNotExposed"});
  for (const char* path : {"/", "/socket.io", "/socket.io/"}) {
    serve({"/elsewhere", path});
    CHECK(exposure().status == "True");
    CHECK(support::assess(app, observed).url == std::string{"http://10.0.0.1"} + path);
  }
}

TEST_CASE("TLS that cannot work is no exposure that is ready", "[unit][controllers]") {
  auto app = sample_app();
  app.spec.exposure.tls_secret_name = "cert";
  auto observed = healthy_observed();
  observed.tls_secret = controllers::TlsSecret{"cert", "", {}, {}};
  CHECK(brief(support::assess(app, observed), "ExposureReady").status == "True");
  observed.tls_secret->problem = controllers::Problem{api::reason::kTlsSecretNotFound, "no Secret"};
  CHECK(brief(support::assess(app, observed), "ExposureReady") == Brief{"False", "TLSSecretNotFound"});
  CHECK(brief(support::assess(app, observed), "Stalled").status == "False");  // a certificate manager may create it
  observed.tls_secret->problem = controllers::Problem{api::reason::kCertificateInvalid, "expired"};
  CHECK(brief(support::assess(app, observed), "Ready") == Brief{"False", "CertificateInvalid"});
  observed.tls_secret->problem.reset();
  observed.tls_secret->warning = "expires soon";
  CHECK(brief(support::assess(app, observed), "ExposureReady") == Brief{"True", "CertificateExpiring"});
}

TEST_CASE("Progress alone is not worth a write at once", "[unit][controllers]") {
  const auto before = support::assess(sample_app(), healthy_observed());
  auto after = before;
  after.ready_replicas = 2;
  after.replicas_summary = "2/3";
  CHECK_FALSE(controllers::is_urgent(before, after));
  after.conditions[0].status = "False";
  CHECK(controllers::is_urgent(before, after));
  CHECK(controllers::is_urgent({}, before));
}
