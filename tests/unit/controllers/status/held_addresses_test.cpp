// Which addresses a status records for an app, and what it says of those that others have.
#include "operator/api/v1alpha1/conditions.hpp"
#include "operator/controllers/realtimeapp/status/status.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/sample_app.hpp"

using support::healthy_observed;
using support::sample_app;

TEST_CASE("An app holds the address of an Ingress that cannot be written, but not of one that is another's",
          "[unit][controllers]") {
  auto app = sample_app();
  app.status.addresses = {{"traefik", "", "/", "2006-01-02T15:04:05Z"}};
  auto observed = healthy_observed();
  const controllers::ChildId ingress{"Ingress", "chat"};
  observed.children.erase(ingress);
  const auto addresses = [&](std::string_view reason) {
    return support::assess(app, observed, {{ingress, controllers::Problem{reason, "said"}}}).addresses;
  };
  CHECK(addresses(api::reason::kApplyFailed) == app.status.addresses);
  CHECK(addresses(api::reason::kChildRefused) == app.status.addresses);
  CHECK(addresses(api::reason::kNameTaken).empty());
  app.spec.exposure.host = "elsewhere";
  CHECK(addresses(api::reason::kChildRefused).empty());
}

TEST_CASE("An app has what its Ingress serves, also where that is not as planned otherwise", "[unit][controllers]") {
  auto app = sample_app();
  app.status.addresses = {{"traefik", "old", "/", "2006-01-02T15:04:05Z"}};
  app.spec.exposure.host = "new";
  auto observed = healthy_observed();
  auto& ingress = observed.children.at({"Ingress", "chat"});
  ingress.ingress = controllers::IngressState{{}, controllers::ServedAddress{"new", {"/"}, false, "traefik"}};
  const auto hosts = [&] {
    const auto plan = controllers::plan(app, observed);
    ingress.digest = {1, 2};  // by a webhook
    std::vector<std::string> found;
    for (const auto& held : controllers::assess(app, plan, observed, {}).addresses) found.push_back(held.host);
    return found;
  };
  CHECK(hosts() == std::vector<std::string>{"new"});
  ingress.ingress = controllers::IngressState{{}, controllers::ServedAddress{"others", {"/"}, false, "traefik"}};
  CHECK(hosts().empty());
  app.spec.exposure.host = "old";  // it will be put right
  CHECK(hosts() == std::vector<std::string>{"old"});
}

TEST_CASE("An Ingress that is left of a deleted app is named, as no app could be changed", "[unit][controllers]") {
  auto app = sample_app();
  app.spec.exposure.host = "h";
  auto observed = healthy_observed();
  observed.taken_address = controllers::TakenAddress{{"traefik", "h", "/"}, {"other", "first"}, true};
  CHECK_THAT(support::assess(app, observed).condition("ExposureReady")->message,
             Catch::StartsWith("Ingress \"other/first\" still serves host h, path /"));
}
