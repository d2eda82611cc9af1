#include "operator/controllers/realtimeapp/plan/plan.hpp"

#include <set>
#include <utility>

#include <fmt/format.h>

#include "operator/controllers/realtimeapp/observe/children.hpp"
#include "operator/controllers/realtimeapp/plan/exposure.hpp"
#include "operator/controllers/realtimeapp/plan/fleet.hpp"
#include "operator/controllers/realtimeapp/plan/redis.hpp"
#include "operator/controllers/realtimeapp/plan/server.hpp"

namespace controllers {
namespace {

namespace types = kube::types;

void plan_redis(const api::RealtimeApp& app, const Observed& observed, Plan& plan) {
  plan.children.push_back({types::kService, encode(redis_service(app))});
  plan.children.push_back({types::kStatefulSet, encode(redis_stateful_set(app, redis_image(app, observed).image,
                                                                          observed.redis_credentials->digest))});
}

void plan_removals(const api::RealtimeApp& app, const Observed& observed, bool keep_exposure, Plan& plan) {
  std::set<ChildId> wanted;
  if (keep_exposure) wanted = {{types::kService.kind, app.key.name}, {types::kIngress.kind, app.key.name}};
  for (const auto& child : plan.children) wanted.insert(child.id());
  for (auto& candidate : possible_children(app.key.name))
    if (!wanted.contains(candidate) && observed.children.contains(candidate)) plan.removals.push_back(candidate);
}

/// A configuration stays while a ReplicaSet may start pods with it. News of ReplicaSets comes in order: once the one
/// that runs what is wanted now is known, so is every older one.
void plan_configuration_removals(const std::string& wanted, const Observed& observed, Plan& plan) {
  if (!observed.configurations_in_use.contains(wanted)) return;
  for (const auto& [id, state] : observed.children)
    if (id.kind == types::kConfigMap.kind && !observed.configurations_in_use.contains(id.name))
      plan.removals.push_back(id);
}

/// The manifest's image, else the default that the app was made with, else today's.
api::ImageStatus chosen_image(const std::string& named, const std::string& recorded, const std::string& by_default) {
  const auto& adopted = recorded.empty() ? by_default : recorded;
  return {named.empty() ? adopted : named, adopted};
}

}  // namespace

api::ImageStatus redis_image(const api::RealtimeApp& app, const Observed& observed) {
  return chosen_image(app.spec.redis.image, app.status.redis.default_image, observed.default_redis_image);
}

api::ImageStatus server_image(const api::RealtimeApp& app, const Observed& observed) {
  if (!app.spec.server) return {};
  return chosen_image(app.spec.server->image, app.status.server.default_image, observed.default_server_image);
}

Plan plan(const api::RealtimeApp& app, const Observed& observed) {
  Plan plan;
  const bool redis = app.spec.redis.type == api::RedisType::kProvisioned;
  const bool has_credentials = observed.redis_credentials && observed.redis_credentials->usable();
  if (redis && !has_credentials) {
    plan.create_redis_credentials = !observed.redis_credentials;
    return plan;
  }
  const auto exposure = resolve_exposure(app, observed);
  plan.children.push_back({types::kServiceAccount, encode(fleet_service_account(app))});
  FleetInputs inputs{redis ? observed.redis_credentials->digest : "", server_image(app, observed).image, {}};
  if (app.spec.server) {
    const auto configuration = server_config_map(app, *app.spec.server);
    inputs.server_configuration = configuration.metadata.key.name;
    plan.children.push_back({types::kConfigMap, encode(configuration)});
  }
  if (redis) plan_redis(app, observed, plan);
  // What cannot be exposed as asked is left as it is: taking it down would disconnect everyone.
  const bool keep_exposure = exposure.problem.has_value() && observed.child(types::kService, app.key.name) != nullptr;
  if (!keep_exposure) plan.children.push_back({types::kService, encode(fleet_service(app, exposure.recipe))});
  plan.children.push_back({types::kService, encode(fleet_headless_service(app))});
  plan.children.push_back({types::kDeployment, encode(fleet_deployment(app, inputs))});
  plan.children.push_back({types::kPodDisruptionBudget, encode(fleet_disruption_budget(app))});
  if (exposure.recipe != nullptr)
    plan.children.push_back({types::kIngress, encode(fleet_ingress(app, *exposure.controller, *exposure.recipe))});
  plan_removals(app, observed, exposure.problem.has_value(), plan);
  plan_configuration_removals(inputs.server_configuration, observed, plan);
  return plan;
}

}  // namespace controllers
