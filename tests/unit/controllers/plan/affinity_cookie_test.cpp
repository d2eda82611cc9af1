// The cookie by which an ingress keeps a client on its replica: its name and attributes.
#include "operator/controllers/realtimeapp/plan/plan.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/json.hpp"
#include "tests/support/sample_app.hpp"

using nlohmann::json;
using support::sample_app;
using support::sample_observed;

namespace {

json planned(const api::RealtimeApp& app, std::string_view kind,
             const controllers::Observed& observed = sample_observed()) {
  const auto plan = controllers::plan(app, observed);
  for (const auto& child : plan.children)
    if (child.type.kind == kind && child.name == app.key.name) return support::json_of(child.desired());
  FAIL("the plan has no " << kind);
  throw 0;
}

json service_annotations(const api::RealtimeApp& app) {
  return planned(app, "Service")["metadata"].value("annotations", json::object());
}

}  // namespace

TEST_CASE("Cookie affinity for Traefik is said on the Service, where it reads it", "[unit][controllers]") {
  auto app = sample_app();
  const std::string cookie = "traefik.ingress.kubernetes.io/service.sticky.cookie";
  const auto annotations = [&] { return service_annotations(app); };
  CHECK(annotations()[cookie] == "true");
  CHECK_FALSE(annotations().contains(cookie + ".secure"));
  app.spec.exposure.tls_secret_name = "cert";
  CHECK(annotations()[cookie + ".secure"] == "true");
  app.spec.exposure.affinity = api::Affinity::kNone;
  CHECK_FALSE(annotations().contains(cookie));
}

TEST_CASE("Every app has an affinity cookie of its own, which keeps its name", "[unit][controllers]") {
  auto app = support::sample_server_app();
  const auto name = [&app] {
    const auto told =
        service_annotations(app)["traefik.ingress.kubernetes.io/service.sticky.cookie.name"].get<std::string>();
    // The server must know it, to delete it.
    std::string known = "realtime-replica";
    const auto deployment = planned(app, "Deployment");
    for (const auto& variable : deployment["spec"]["template"]["spec"]["containers"][0]["env"])
      if (variable["name"] == "AFFINITY_COOKIE") known = variable["value"];
    CHECK(told == known);
    return told;
  };
  const auto first = name();
  CHECK_THAT(first, Catch::StartsWith("realtime-replica-"));
  app.key.name_space = "another";
  CHECK(name() != first);
  SECTION("as the status records it") {
    app.status.observed_generation = 7;
    app.status.affinity_cookie = first;
    CHECK(name() == first);
  }
  SECTION("as the Service has it, if the status is lost or keeps no names") {
    auto observed = sample_observed();
    controllers::ChildState service;
    service.annotations = kube::Labels{{"traefik.ingress.kubernetes.io/service.sticky.cookie.name", "theirs"}};
    observed.children.insert_or_assign({"Service", app.key.name}, service);
    app.status.observed_generation = GENERATE(0, 7);
    CHECK_THAT(planned(app, "Service", observed).dump(), Catch::Contains("\"theirs\""));
  }
  SECTION("apps of an operator that recorded none have the one that all had") {
    app.status.observed_generation = 7;
    CHECK(name() == "realtime-replica");
  }
}

TEST_CASE("The affinity cookie is for other sites too if the app serves them over TLS", "[unit][controllers]") {
  auto app = support::sample_server_app();
  const std::string cookie = "traefik.ingress.kubernetes.io/service.sticky.cookie";
  const auto attributes = [&] {
    const auto annotations = service_annotations(app);
    return annotations.value(cookie + ".samesite", "") + (annotations.contains(cookie + ".secure") ? " secure" : "");
  };
  CHECK(attributes() == "lax");
  app.spec.server->allowed_origins = {"https://a.example"};
  CHECK(attributes() == "lax");  // without TLS, browsers would refuse a cookie for other sites
  app.spec.exposure.tls_secret_name = "cert";
  CHECK(attributes() == "none secure");
  app.spec.exposure.same_site = api::SameSite::kLax;
  CHECK(attributes() == "lax secure");
  app.spec.exposure.tls_secret_name = "";
  app.spec.exposure.same_site = api::SameSite::kNone;
  CHECK(attributes() == "none secure");  // TLS ends before the ingress
}
