#include "operator/controllers/realtimeapp/plan/plan.hpp"

#include <optional>
#include <set>
#include <utility>

#include <fmt/format.h>

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
  /// Of a workload whose pods carry the plain digest of older versions, for the password that is still the same: that
  /// digest, and the one of its pod template.
  std::string plain_digest{};
  kube::ProjectionDigest plain_pods{};
};

/// Plans the Secret of Redis as far as it can be. What runs keeps what its pods carry when the Secret cannot be used.
void plan_redis_secret(const api::RealtimeApp& app, const Observed& observed, Plan& plan) {
  const auto& secret = observed.redis_secret;
  const auto name = redis_name(app.key.name);
  if (auto problem = problem_of(app, secret)) plan.problems.emplace(redis_secret_id(app.key.name), std::move(*problem));
  if (secret.problem) return;
  if (secret.is_absent()) {
    plan.children.emplace_back(types::kSecret, name,
                               [&app, password = observed.new_password, digest_key = observed.new_digest_key] {
                                 return redis_secret(app, password, digest_key);
                               });
    plan.children.back().create_only = true;
    return;
  }
  plan.children.emplace_back(types::kSecret, name, [&app] { return secret_identity(app); });
  if (secret.credentials && secret.credentials->usable() && secret.credentials->digest_key.empty())
    plan.new_digest_key = observed.new_digest_key;
}

/// The digest that the pods of this workload are to carry, where the Secret can be used or is about to be created.
std::string usable_digest(const Observed& observed) {
  const auto& secret = observed.redis_secret;
  if (secret.problem || secret.is_unread) return {};
  if (secret.is_absent())
    return credentials_digest(observed.new_digest_key, core::base64_encode(observed.new_password));
  return secret.credentials->usable() ? secret.credentials->digest : std::string{};
}

CredentialsForPods credentials_for(const api::RealtimeApp& app, const Observed& observed, const ChildState* live) {
  CredentialsForPods found{usable_digest(observed), {}};
  const auto& known = observed.redis_secret.credentials;
  if (found.digest.empty() && live != nullptr && !live->credentials_digest.empty()) {
    found.digest = live->credentials_digest;
  } else if (found.digest.empty() || !known) {
    found.needs = {redis_secret_id(app.key.name)};
  }
  if (live != nullptr && known && live->credentials_digest == known->plain_digest) {
    found.plain_digest = known->plain_digest;
    found.plain_pods = live->pod_digest;
  }
  return found;
}

/// A workload whose pods carry a plain digest keeps it until its pods are replaced for another reason: the keyed one
/// alone replaces none.
kube::Object keeping_plain_digest(const CredentialsForPods& credentials, kube::Object workload) {
  if (credentials.plain_digest.empty()) return workload;
  if (digests_of(kube::Projection::desired(workload)).pod_template != credentials.plain_pods) return workload;
  auto& pod = workload.json().at("spec").at("template");
  pod.at("metadata").at("annotations").get_object()[api::annotation::kRedisCredentials] = credentials.plain_digest;
  return workload;
}

/// What the children are built from besides the manifest.
class Inputs {
 public:
  Inputs& add(std::string_view input) {
    const fmt::format_int size{input.size()};
    text_.append(size.data(), size.size()).append(1, ':').append(input);
    return *this;
  }
  Inputs& add(const CredentialsForPods& credentials) {
    return add(credentials.digest).add(credentials.plain_digest).add(credentials.plain_pods);
  }
  Inputs& add(const kube::ProjectionDigest& digest) {
    return add(std::string_view{reinterpret_cast<const char*>(digest.data()), sizeof digest});
  }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

void plan_redis(const api::RealtimeApp& app, const Observed& observed, Inputs& inputs, Plan& plan) {
  const auto name = redis_name(app.key.name);
  auto credentials = credentials_for(app, observed, observed.child(types::kStatefulSet, name));
  auto image = redis_image(app, observed).image;
  inputs.add(credentials).add(image);
  plan.children.emplace_back(types::kService, name, [&app] { return encode(redis_service(app)); });
  auto needs = credentials.needs;
  needs.push_back({types::kServiceAccount.kind, app.key.name});
  plan.children.emplace_back(
      types::kStatefulSet, name,
      [&app, image = std::move(image), credentials = std::move(credentials)] {
        return keeping_plain_digest(credentials, encode(redis_stateful_set(app, image, credentials.digest)));
      },
      std::move(needs));
}

void plan_service(const api::RealtimeApp& app, const Observed& observed, const Exposure& exposure,
                  const std::string& cookie, Inputs& inputs, Plan& plan) {
  const auto* live = observed.child(types::kService, app.key.name);
  // What cannot be exposed as asked is left as it is: taking it down would disconnect everyone.
  if (exposure.problem && live != nullptr) {
    for (const auto& [name, value] : live->annotations.get()) inputs.add(name).add(value);
    plan.children.emplace_back(types::kService, app.key.name, [&app, kept = live->annotations] {
      auto service = fleet_service(app, nullptr, {});
      service.metadata.annotations.insert(kept->begin(), kept->end());
      return encode(service);
    });
  } else {
    plan.children.emplace_back(types::kService, app.key.name, [&app, recipe = exposure.recipe, cookie] {
      return encode(fleet_service(app, recipe, cookie));
    });
  }
}

void plan_deployment(const api::RealtimeApp& app, const Observed& observed, FleetInputs fleet, Inputs& inputs,
                     Plan& plan) {
  std::vector<ChildId> needs{{types::kServiceAccount.kind, app.key.name}};
  if (!fleet.server_configuration.empty()) needs.push_back({types::kConfigMap.kind, fleet.server_configuration});
  CredentialsForPods credentials;
  if (app.spec.redis.type == api::RedisType::kProvisioned) {
    credentials = credentials_for(app, observed, observed.child(types::kDeployment, app.key.name));
    fleet.credentials_digest = credentials.digest;
    needs.insert(needs.end(), credentials.needs.begin(), credentials.needs.end());
  }
  inputs.add(credentials).add(fleet.server_image);
  plan.children.emplace_back(
      types::kDeployment, app.key.name,
      [&app, fleet = std::move(fleet), credentials = std::move(credentials)] {
        return keeping_plain_digest(credentials, encode(fleet_deployment(app, fleet)));
      },
      std::move(needs));
}

/// The digest of what is desired. What is there already will not be written, and is not kept.
kube::ProjectionDigest digest_of(PlannedChild& child, const Observed& observed) {
  const auto digest = digests_of(kube::Projection::desired(child.desired())).whole;
  const auto* live = observed.child(child.type, child.name);
  if (live != nullptr && live->digest == digest) child.forget_desired();
  return digest;
}

/// Plan::applied_digest of children with these digests. Secrets have no part in it.
std::string applied_digest(const Plan& plan, const Observed& observed, Inputs inputs,
                           const std::vector<kube::ProjectionDigest>& digests) {
  if (observed.operator_build.empty()) return {};
  inputs.add(observed.operator_build);
  for (std::size_t i = 0; i < digests.size(); ++i)
    if (!plan.children[i].is_secret()) inputs.add(digests[i]);
  return core::digest(inputs.text());
}

/// The digests of the children as they are, if that is how an operator of this build applied them, made of the same.
std::optional<std::vector<kube::ProjectionDigest>> known_digests(const api::RealtimeApp& app, const Observed& observed,
                                                                 const Inputs& inputs, Plan& plan) {
  if (app.status.applied_digest.empty()) return std::nullopt;
  std::vector<kube::ProjectionDigest> digests;
  digests.reserve(plan.children.size());
  for (auto& child : plan.children) {
    const auto* live = observed.child(child.type, child.name);
    if (!child.is_secret() && live == nullptr) return std::nullopt;
    digests.push_back(child.is_secret() ? digest_of(child, observed) : live->digest);
  }
  if (applied_digest(plan, observed, inputs, digests) != app.status.applied_digest) return std::nullopt;
  return digests;
}

/// The digests of what is desired: those that are remembered, or known from the status, if it is made of the same as
/// then.
void add_digests(const api::RealtimeApp& app, const Observed& observed, Inputs& inputs, PlanMemory& memory,
                 Plan& plan) {
  inputs.add(app.uid.text()).add(app.spec_digest);
  for (const auto& child : plan.children) inputs.add(child.type.kind).add(child.name);
  const auto made_of = inputs;
  for (const auto& child : plan.children) inputs.add(child.create_only ? "1" : "0");
  const auto digest = core::fingerprint(inputs.text());
  if (memory.inputs != digest) {
    PlanMemory made{digest, {}, {}};
    if (auto known = known_digests(app, observed, made_of, plan)) {
      made.children = std::move(*known);
      made.applied_digest = app.status.applied_digest;
    } else {
      for (auto& child : plan.children) made.children.push_back(digest_of(child, observed));
      made.applied_digest = applied_digest(plan, observed, made_of, made.children);
    }
    memory = std::move(made);  // all of it, or nothing
  }
  for (std::size_t i = 0; i < plan.children.size(); ++i) plan.children[i].digest = memory.children[i];
  plan.applied_digest = memory.applied_digest;
}

/// Whether there is a pod of the fleet that an earlier spec made.
bool runs_earlier_pods(const api::RealtimeApp& app, const Observed& observed, const Plan& plan) {
  const auto* live = observed.child(types::kDeployment, app.key.name);
  if (live == nullptr || live->replicas == 0) return false;
  const auto planned = std::find_if(plan.children.begin(), plan.children.end(),
                                    [](const PlannedChild& child) { return child.type == types::kDeployment; });
  return live->digest != planned->digest || !live->is_seen() || live->updated_replicas < live->replicas;
}

void plan_removals(const api::RealtimeApp& app, const Observed& observed, bool keep_ingress, Plan& plan) {
  std::set<ChildId> wanted;
  if (keep_ingress) wanted.insert({types::kIngress.kind, app.key.name});
  // Replicas use their Redis until the last of them is replaced, which may take long, and fail.
  if (const auto redis = redis_name(app.key.name); runs_earlier_pods(app, observed, plan))
    wanted.insert({{types::kService.kind, redis}, {types::kStatefulSet.kind, redis}});
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

Plan plan(const api::RealtimeApp& app, const Observed& observed, PlanMemory* memory) {
  Plan plan;
  Inputs inputs;
  const auto& name = app.key.name;
  const auto exposure = resolve_exposure(app, observed);
  plan.children.emplace_back(types::kServiceAccount, name, [&app] { return encode(fleet_service_account(app)); });
  FleetInputs fleet{"", server_image(app, observed).image, {}, affinity_cookie(app, observed)};
  if (app.spec.server) {
    auto configuration = server_config_map(app, *app.spec.server);
    fleet.server_configuration = configuration.metadata.key.name;
    plan.children.emplace_back(types::kConfigMap, fleet.server_configuration,
                               [configuration = std::move(configuration)] { return encode(configuration); });
  }
  if (app.spec.redis.type == api::RedisType::kProvisioned) {
    plan_redis_secret(app, observed, plan);
    plan_redis(app, observed, inputs, plan);
  }
  const auto& [controller, recipe, problem] = exposure;
  inputs.add(controller == nullptr ? "" : controller->controller).add(fleet.affinity_cookie);
  plan_service(app, observed, exposure, fleet.affinity_cookie, inputs, plan);
  plan.children.emplace_back(types::kService, headless_name(name),
                             [&app] { return encode(fleet_headless_service(app)); });
  const auto configuration = fleet.server_configuration;
  plan_deployment(app, observed, std::move(fleet), inputs, plan);
  plan.children.emplace_back(types::kPodDisruptionBudget, name,
                             [&app] { return encode(fleet_disruption_budget(app)); });
  if (recipe != nullptr && !problem)
    plan.children.emplace_back(
        types::kIngress, name, [&app] { return encode(fleet_ingress(app)); },
        std::vector<ChildId>{{types::kService.kind, name}});
  PlanMemory none;
  add_digests(app, observed, inputs, memory != nullptr ? *memory : none, plan);
  plan_removals(app, observed, problem.has_value(), plan);
  plan_configuration_removals(configuration, observed, plan);
  return plan;
}

}  // namespace controllers
