#include "operator/controllers/realtimeapp/plan/plan.hpp"

#include <set>
#include <utility>

#include "core/digest.hpp"
#include "operator/controllers/realtimeapp/observe/secrets.hpp"
#include "operator/controllers/realtimeapp/plan/exposure.hpp"
#include "operator/controllers/realtimeapp/plan/fleet.hpp"
#include "operator/controllers/realtimeapp/plan/redis.hpp"
#include "operator/controllers/realtimeapp/plan/server.hpp"

namespace controllers {
namespace {

namespace types = kube::types;

/// What pods carry of the Redis credentials, and what a workload needs for it.
struct CredentialsForPods {
  std::string digest;
  std::vector<ChildId> needs;
};

/// Plans the Secret of Redis as far as it can be. What runs keeps what its pods carry when the Secret cannot be used.
void plan_redis_secret(const api::RealtimeApp& app, const Observed& observed, Plan& plan) {
  const auto& secret = observed.redis_secret;
  if (auto problem = problem_of(app, secret)) plan.problems.emplace(redis_secret_id(app.key.name), std::move(*problem));
  if (secret.problem) return;
  if (!secret.credentials) {
    plan.children.emplace_back(types::kSecret, redis_secret(app, observed.new_password, observed.new_digest_key));
    plan.children.back().create_only = true;
    return;
  }
  plan.children.emplace_back(types::kSecret, secret_identity(app));
  if (secret.credentials->usable() && secret.credentials->digest_key.empty())
    plan.new_digest_key = observed.new_digest_key;
}

/// The digest that the pods of this workload are to carry, where the Secret can be used or is about to be created.
std::string usable_digest(const Observed& observed) {
  const auto& secret = observed.redis_secret;
  if (secret.problem) return {};
  if (!secret.credentials)
    return credentials_digest(observed.new_digest_key, core::base64_encode(observed.new_password));
  return secret.credentials->usable() ? secret.credentials->digest : std::string{};
}

CredentialsForPods credentials_for(const api::RealtimeApp& app, const Observed& observed, const ChildState* live) {
  auto digest = usable_digest(observed);
  if (!digest.empty() && observed.redis_secret.credentials) return {std::move(digest), {}};
  if (digest.empty() && live != nullptr) return {live->credentials_digest, {}};
  return {std::move(digest), {redis_secret_id(app.key.name)}};
}

/// A workload whose pods carry the plain digest of older versions, for the password that is still the same, keeps it
/// until its pods are replaced for another reason: the keyed one alone replaces none.
void keep_plain_digest(const Observed& observed, const ChildState* live, kube::Object& workload) {
  const auto& credentials = observed.redis_secret.credentials;
  if (live == nullptr || !credentials || live->credentials_digest != credentials->plain_digest) return;
  if (pod_template_digest(kube::Projection::desired(workload)) != live->pod_digest) return;
  workload.json()["spec"]["template"]["metadata"]["annotations"][std::string{api::annotation::kRedisCredentials}] =
      credentials->plain_digest;
}

void plan_redis(const api::RealtimeApp& app, const Observed& observed, Plan& plan) {
  const auto name = redis_name(app.key.name);
  const auto* live = observed.child(types::kStatefulSet, name);
  auto credentials = credentials_for(app, observed, live);
  plan.children.emplace_back(types::kService, encode(redis_service(app)));
  auto set = encode(redis_stateful_set(app, redis_image(app, observed).image, credentials.digest));
  keep_plain_digest(observed, live, set);
  credentials.needs.push_back({types::kServiceAccount.kind, app.key.name});
  plan.children.emplace_back(types::kStatefulSet, std::move(set), std::move(credentials.needs));
}

void plan_deployment(const api::RealtimeApp& app, const Observed& observed, FleetInputs inputs, Plan& plan) {
  const auto* live = observed.child(types::kDeployment, app.key.name);
  std::vector<ChildId> needs{{types::kServiceAccount.kind, app.key.name}};
  if (!inputs.server_configuration.empty()) needs.push_back({types::kConfigMap.kind, inputs.server_configuration});
  if (app.spec.redis.type == api::RedisType::kProvisioned) {
    auto credentials = credentials_for(app, observed, live);
    inputs.credentials_digest = std::move(credentials.digest);
    needs.insert(needs.end(), credentials.needs.begin(), credentials.needs.end());
  }
  auto deployment = encode(fleet_deployment(app, inputs));
  keep_plain_digest(observed, live, deployment);
  plan.children.emplace_back(types::kDeployment, std::move(deployment), std::move(needs));
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
    if (id.kind == types::kConfigMap.kind && id.name != wanted && !observed.configurations_in_use.contains(id.name))
      plan.removals.push_back(id);
}

/// The spec's image, else the default that the app was created with, else today's.
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
  const auto exposure = resolve_exposure(app, observed);
  const bool redis = app.spec.redis.type == api::RedisType::kProvisioned;
  plan.children.emplace_back(types::kServiceAccount, encode(fleet_service_account(app)));
  FleetInputs inputs{"", server_image(app, observed).image, {}};
  if (app.spec.server) {
    const auto configuration = server_config_map(app, *app.spec.server);
    inputs.server_configuration = configuration.metadata.key.name;
    plan.children.emplace_back(types::kConfigMap, encode(configuration));
  }
  if (redis) {
    plan_redis_secret(app, observed, plan);
    plan_redis(app, observed, plan);
  }
  // What cannot be exposed as asked is left as it is: taking it down would disconnect everyone.
  const bool keep_exposure = exposure.problem.has_value() && observed.child(types::kService, app.key.name) != nullptr;
  if (!keep_exposure) plan.children.emplace_back(types::kService, encode(fleet_service(app, exposure.recipe)));
  plan.children.emplace_back(types::kService, encode(fleet_headless_service(app)));
  plan_deployment(app, observed, inputs, plan);
  plan.children.emplace_back(types::kPodDisruptionBudget, encode(fleet_disruption_budget(app)));
  if (exposure.recipe != nullptr)
    plan.children.emplace_back(types::kIngress, encode(fleet_ingress(app, *exposure.controller, *exposure.recipe)),
                               std::vector<ChildId>{{types::kService.kind, app.key.name}});
  plan_removals(app, observed, exposure.problem.has_value(), plan);
  plan_configuration_removals(inputs.server_configuration, observed, plan);
  return plan;
}

}  // namespace controllers
