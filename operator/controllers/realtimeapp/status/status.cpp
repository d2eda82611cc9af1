#include "operator/controllers/realtimeapp/status/status.hpp"

#include <algorithm>
#include <initializer_list>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "core/utf8.hpp"
#include "operator/api/v1alpha1/conditions.hpp"
#include "operator/controllers/realtimeapp/observe/children.hpp"
#include "operator/controllers/realtimeapp/plan/exposure.hpp"
#include "operator/controllers/realtimeapp/plan/plan.hpp"
#include "operator/controllers/realtimeapp/plan/redis.hpp"

namespace controllers {
namespace {

namespace condition = api::condition;
namespace reason = api::reason;

/// A condition's outcome before it is dated.
struct Verdict {
  bool holds = false;
  std::string_view reason;
  std::string message;
  bool needs_user_action = false;  ///< it does not hold until a user changes something
};

using Problems = std::map<ChildId, Problem>;

Verdict failing(const Problem& problem) { return {false, problem.reason, problem.message, !problem.passing}; }

/// The problem of the first of these children that has one, or null.
const Problem* find_problem(const Problems& problems, std::initializer_list<ChildId> children) {
  for (const auto& id : children)
    if (const auto found = problems.find(id); found != problems.end()) return &found->second;
  return nullptr;
}

/// What keeps a pod of this component and of the current pod template from running; of several, what lasts.
const PodDiagnosis* diagnosis_of(const Observed& observed, std::string_view component) {
  const PodDiagnosis* found = nullptr;
  for (const auto& [pod, diagnosis] : observed.pod_diagnoses)
    if (diagnosis.component == component && !observed.outdated_replica_sets.contains(diagnosis.controller) &&
        (found == nullptr || (diagnosis.needs_user_action && !found->needs_user_action)))
      found = &diagnosis;
  return found;
}

Verdict assess_redis(const api::RealtimeApp& app, const Observed& observed, const Problems& problems) {
  if (app.spec.redis.type == api::RedisType::kNone)
    return {true, reason::kNoBackplane, "redis.type is None: a single replica needs no backplane"};
  if (const auto problem = problem_of(app, observed.redis_secret)) return failing(*problem);
  const auto name = redis_name(app.key.name);
  const auto* problem = find_problem(
      problems,
      {redis_secret_id(app.key.name), {kube::types::kStatefulSet.kind, name}, {kube::types::kService.kind, name}});
  if (problem != nullptr) return failing(*problem);
  const auto* set = observed.child(kube::types::kStatefulSet, redis_name(app.key.name));
  // The pod of an earlier template counts as ready until its end is seen.
  const bool is_current = set != nullptr && set->is_seen() && set->updated_replicas >= 1;
  if (!is_current || set->ready_replicas < 1) {
    if (!observed.refused_redis_pod.empty())
      return {false, reason::kPodsRefused,
              fmt::format("pod \"{}-0\" is refused: {}", redis_name(app.key.name), observed.refused_redis_pod)};
    const auto* diagnosis = diagnosis_of(observed, api::kComponentRedis);
    if (diagnosis != nullptr && (set == nullptr || set->is_seen()))
      return {false, diagnosis->reason, diagnosis->message, diagnosis->needs_user_action};
    if (set != nullptr && set->ready_replicas > 0 && set->updated_replicas < 1)
      return {
          false, reason::kRedisStarting,
          fmt::format("Redis runs what the spec said before: pod \"{}-0\" is being replaced, or waits to be deleted "
                      "if the updateStrategy of the StatefulSet was changed",
                      redis_name(app.key.name))};
    return {false, reason::kRedisStarting,
            fmt::format("Redis is not ready: see pod \"{}-0\"", redis_name(app.key.name))};
  }
  return {true, reason::kRedisServing, fmt::format("Redis is ready at {}", redis_endpoint(app.key))};
}

/// What is known of the exposure's TLS, if that is not as it should be.
std::optional<Verdict> assess_tls(const Observed& observed) {
  if (!observed.tls_secret || !observed.tls_secret->problem) return std::nullopt;
  auto verdict = failing(*observed.tls_secret->problem);
  // Certificate managers create it once the Ingress is there.
  if (verdict.reason == reason::kTlsSecretNotFound) verdict.needs_user_action = false;
  return verdict;
}

/// Whether nothing is known of the app's Ingress, as it could not be read.
bool is_ingress_unread(const api::RealtimeApp& app, const Observed& observed) {
  return observed.is_ingress_uncached && observed.child(kube::types::kIngress, app.key.name) == nullptr;
}

Verdict assess_exposure(const api::RealtimeApp& app, const Observed& observed, const Problems& problems) {
  const auto& spec = app.spec.exposure;
  const auto* problem =
      find_problem(problems, {{kube::types::kService.kind, app.key.name}, {kube::types::kIngress.kind, app.key.name}});
  if (problem != nullptr) return failing(*problem);
  if (spec.type == api::ExposureType::kNone)
    return {true, reason::kNotExposed,
            fmt::format("exposure.type is None: clients inside the cluster use Service \"{}\"", app.key.name)};
  if (const auto exposure = resolve_exposure(app, observed); exposure.problem) return failing(*exposure.problem);
  if (find_leading_path(spec.paths, app.spec.protocol.path) == nullptr)
    return {false, reason::kPathNotExposed,
            fmt::format("none of exposure.paths leads to protocol.path, {}: add a path that is its prefix, or change "
                        "protocol.path",
                        app.spec.protocol.path),
            true};
  const auto* ingress = observed.child(kube::types::kIngress, app.key.name);
  if (ingress == nullptr)
    return {false, reason::kIngressPending,
            is_ingress_unread(app, observed) ? "the Ingress could not be read" : "the Ingress is being created"};
  if (auto tls = assess_tls(observed)) return *tls;
  const auto url = app_url(app, observed);
  if (url.empty())
    return {
        false, reason::kIngressPending,
        fmt::format("the controller of IngressClass \"{}\" has given the Ingress no address yet; if that lasts, check "
                    "that the controller runs and publishes its address, or set exposure.host",
                    spec.class_name)};
  if (observed.tls_secret && observed.tls_secret->warning)
    return {true, reason::kCertificateExpiring, *observed.tls_secret->warning};
  if (ingress->ingress->addresses.empty())
    return {true, reason::kIngressServing,
            fmt::format("clients reach the app at {}; the Ingress has no address yet: if clients cannot connect, check "
                        "that the controller of IngressClass \"{}\" runs, and that DNS leads {} to it",
                        url, spec.class_name, spec.host)};
  return {true, reason::kIngressServing, fmt::format("clients reach the app at {}", url)};
}

/// What a user's own image has to do; the bundled server does it.
std::string how_to_be_ready(const api::RealtimeApp& app) {
  if (app.spec.server) return {};
  return fmt::format("; a replica becomes ready when it answers an Engine.IO handshake on 0.0.0.0:{} at {}",
                     app.spec.app.port, app.spec.protocol.path);
}

/// Whether every replica that is wanted is ready on the current template, and no other is left.
Verdict assess_rollout(const api::RealtimeApp& app, const ChildState* deployment) {
  const int wanted = app.spec.replicas;
  if (deployment == nullptr) return {false, reason::kReplicasNotReady, "the Deployment is being created"};
  if (!deployment->is_seen() || deployment->updated_replicas < wanted || deployment->replicas > wanted)
    return {false, reason::kRolloutInProgress,
            fmt::format("{} of {} replicas run the current spec, {} exist", deployment->updated_replicas, wanted,
                        deployment->replicas)};
  if (deployment->ready_replicas < wanted)
    return {false, reason::kReplicasNotReady,
            fmt::format("{} of {} replicas are ready{}", deployment->ready_replicas, wanted, how_to_be_ready(app))};
  if (wanted == 0) return {true, reason::kScaledToZero, "replicas is 0: no client can connect until you increase it"};
  return {true, reason::kAppReady, fmt::format("{0} of {0} replicas are ready", wanted)};
}

/// The same, with the cause where one is known.
Verdict assess_replicas(const api::RealtimeApp& app, const Observed& observed, const ChildState* deployment) {
  auto rollout = assess_rollout(app, deployment);
  if (rollout.holds || deployment == nullptr || !deployment->is_seen()) return rollout;
  const auto* diagnosis = diagnosis_of(observed, api::kComponentApp);
  const bool stalled = !deployment->stalled.empty();
  if (!deployment->refused_pods.empty()) {
    rollout = {false, reason::kPodsRefused,
               fmt::format("a pod of Deployment \"{}\" is refused: {}", app.key.name, deployment->refused_pods.text()),
               stalled};
  } else if (diagnosis != nullptr) {
    rollout = {false, diagnosis->reason, diagnosis->message, diagnosis->needs_user_action || stalled};
  } else if (stalled) {
    rollout = {false, reason::kRolloutStalled, deployment->stalled, true};
  } else {
    return rollout;
  }
  if (deployment->ready_replicas > 0)
    rollout.message += fmt::format("; {} ready replicas continue to serve", deployment->ready_replicas);
  return rollout;
}

Verdict assess_stalled(const Problems& problems, const Verdict& exposure, const Verdict& redis,
                       const Verdict& replicas) {
  for (const auto& [id, problem] : problems)
    if (!problem.passing) return {true, problem.reason, problem.message};
  for (const auto* verdict : {&exposure, &redis})
    if (verdict->needs_user_action) return {true, verdict->reason, verdict->message};
  // Without Redis an app may exit again and again, and be well once Redis is there.
  if (replicas.needs_user_action && redis.holds) return {true, replicas.reason, replicas.message};
  return {false, reason::kNothingWrong, "no problem needs user action"};
}

bool is_as_planned(const PlannedChild& child, const Observed& observed) {
  const auto* live = observed.child(child.type, child.name);
  return live != nullptr && !live->deleting && live->digest == child.digest;
}

/// The first child that is not observed as it was planned, or null.
const PlannedChild* find_unapplied(const Plan& plan, const Observed& observed) {
  for (const auto& child : plan.children)
    if (!is_as_planned(child, observed)) return &child;
  return nullptr;
}

/// Whether every child but the Secret is observed as it was planned.
bool is_applied(const Plan& plan, const Observed& observed) {
  return std::all_of(plan.children.begin(), plan.children.end(),
                     [&](const PlannedChild& child) { return child.is_secret() || is_as_planned(child, observed); });
}

/// What keeps the children from being as planned, though a retry may overcome it.
std::optional<Verdict> assess_writes(const Plan& plan, const Observed& observed, const Problems& problems) {
  // A problem with the API server's message says more than one of a child that waits for another.
  const Problem* found = nullptr;
  for (const auto& [id, problem] : problems)
    if (found == nullptr || found->message.find(" waits for ") != std::string::npos) found = &problem;
  if (found == nullptr && observed.problem) found = &*observed.problem;
  if (found != nullptr) return failing(*found);
  if (const auto* child = find_unapplied(plan, observed)) {
    const auto* live = observed.child(child->type, child->name);
    return Verdict{
        false, reason::kRolloutInProgress,
        fmt::format("{} \"{}\" {}", child->type.kind, child->name,
                    live != nullptr && live->deleting ? "is being deleted: it is created again once it is gone"
                                                      : "is not observed as applied yet")};
  }
  return std::nullopt;
}

Verdict assess_ready(const std::optional<Verdict>& writes, const Verdict& replicas, const Verdict& redis,
                     const Verdict& exposure, const Verdict& stalled) {
  if (stalled.holds) return {false, stalled.reason, stalled.message};
  if (writes) return *writes;
  if (!redis.holds) return {false, reason::kRedisNotReady, redis.message};
  if (!replicas.holds) return replicas;
  if (!exposure.holds) return {false, reason::kExposureNotReady, exposure.message};
  return replicas;
}

/// How many replicas are ready on the pod template that is planned.
int ready_replicas(const api::RealtimeApp& app, const Plan& plan, const Observed& observed) {
  const auto* live = observed.child(kube::types::kDeployment, app.key.name);
  if (live == nullptr || !live->is_seen()) return 0;
  for (const auto& child : plan.children)
    if (child.type == kube::types::kDeployment && child.digest != live->digest &&
        digests_of(kube::Projection::desired(child.desired())).pod_template != live->pod_digest)
      return 0;
  if (live->updated_replicas >= live->replicas) return std::min(live->ready_replicas, live->updated_replicas);
  const auto found = observed.ready_by_revision.find(live->revision);
  return found == observed.ready_by_revision.end() ? 0 : std::min(found->second, live->updated_replicas);
}

/// The addresses that the app has: those that it asks for and its Ingress serves, and of those it had before what the
/// Ingress still serves or will serve again. One that cannot be written is not known to be gone.
std::vector<api::HeldAddress> held_addresses(const api::RealtimeApp& app, const Observed& observed,
                                             const std::map<ChildId, Problem>& problems) {
  const auto* ingress = observed.child(kube::types::kIngress, app.key.name);
  const auto problem = problems.find({kube::types::kIngress.kind, app.key.name});
  const bool is_refused = problem != problems.end() && problem->second.reason != reason::kNameTaken;
  const bool is_unsure = ingress == nullptr && is_refused && problem->second.maybe_done;
  if (is_unsure || is_ingress_unread(app, observed)) return app.status.addresses;
  const auto served = addresses_served_by(ingress);
  const auto wanted = wanted_addresses(app);
  const auto is_in = [](const std::vector<ExposureAddress>& addresses, const ExposureAddress& address) {
    return std::find(addresses.begin(), addresses.end(), address) != addresses.end();
  };
  std::vector<api::HeldAddress> held;
  for (const auto& address : wanted)
    if (is_in(served, address)) held.push_back({address.class_name, address.host, address.path, {}});
  for (const auto& before : app.status.addresses) {
    const auto address = address_of(before);
    const bool is_served = is_in(served, address);
    const bool is_kept = is_in(wanted, address) ? !is_served && (ingress != nullptr || is_refused) : is_served;
    if (is_kept) held.push_back(before);
  }
  return held;
}

api::Condition dated(std::string_view type, const Verdict& verdict, const api::RealtimeApp& app) {
  // Cut as it will be written, or it would differ from what was written each time.
  return {type,           verdict.holds ? "True" : "False",
          verdict.reason, core::utf8_prefix(verdict.message, api::kMaxMessageBytes),
          app.generation, {}};
}

}  // namespace

api::RealtimeAppStatus assess(const api::RealtimeApp& app, const Plan& plan, const Observed& observed,
                              const std::map<ChildId, Problem>& problems) {
  const auto* deployment = observed.child(kube::types::kDeployment, app.key.name);
  const auto redis = assess_redis(app, observed, problems);
  const auto exposure = assess_exposure(app, observed, problems);
  const auto replicas = assess_replicas(app, observed, deployment);
  const auto stalled = assess_stalled(problems, exposure, redis, replicas);
  const auto ready = assess_ready(assess_writes(plan, observed, problems), replicas, redis, exposure, stalled);
  const Verdict reconciling = ready.holds || stalled.holds ? Verdict{false, reason::kSettled, "nothing is left to do"}
                                                           : Verdict{true, reason::kProgressing, ready.message};
  api::RealtimeAppStatus status;
  status.observed_generation = app.generation;
  status.replicas = deployment == nullptr ? 0 : deployment->replicas;
  status.ready_replicas = ready_replicas(app, plan, observed);
  status.replicas_summary = fmt::format("{}/{}", status.ready_replicas, app.spec.replicas);
  for (const auto& [name, value] : api::selector_labels(app.key.name, api::kComponentApp))
    status.selector += fmt::format("{}{}={}", status.selector.empty() ? "" : ",", name, value);
  status.connections = observed.connections;
  status.url = is_ingress_unread(app, observed) ? app.status.url : app_url(app, observed);
  status.addresses = held_addresses(app, observed, problems);
  status.affinity_cookie = affinity_cookie(app, observed);
  status.server = server_image(app, observed);
  if (app.spec.redis.type == api::RedisType::kProvisioned) {
    status.redis_endpoint = redis_endpoint(app.key);
    status.redis = redis_image(app, observed);
  }
  if (is_applied(plan, observed)) status.applied_digest = plan.applied_digest;
  status.conditions = {dated(condition::kReady, ready, app), dated(condition::kReconciling, reconciling, app),
                       dated(condition::kStalled, stalled, app), dated(condition::kRedisReady, redis, app),
                       dated(condition::kExposureReady, exposure, app)};
  return status;
}

api::RealtimeAppStatus assess_invalid(const api::RealtimeApp& app, const Observed& observed,
                                      const std::string& problem) {
  auto status = app.status;
  status.affinity_cookie = affinity_cookie(app, observed);
  status.observed_generation = app.generation;
  const auto* deployment = observed.child(kube::types::kDeployment, app.key.name);
  status.replicas = deployment == nullptr ? 0 : deployment->replicas;
  status.ready_replicas = 0;
  status.replicas_summary = fmt::format("0/{}", app.spec.replicas);
  status.connections.reset();
  if (observed.child(kube::types::kIngress, app.key.name) == nullptr && !is_ingress_unread(app, observed)) {
    status.url.clear();
    status.addresses.clear();
  }
  const Verdict stalled{true, reason::kInvalidSpec, problem};
  const Verdict ready{false, reason::kInvalidSpec, problem};
  const Verdict reconciling{false, reason::kSettled, "waiting for a valid spec"};
  status.conditions = {dated(condition::kReady, ready, app), dated(condition::kReconciling, reconciling, app),
                       dated(condition::kStalled, stalled, app)};
  return status;
}

api::RealtimeAppStatus with_transition_times(api::RealtimeAppStatus status, const api::RealtimeAppStatus& before,
                                             const std::string& now) {
  for (auto& current : status.conditions) {
    const auto* previous = before.condition(current.type);
    const bool same = previous != nullptr && previous->status == current.status;
    current.last_transition_time = same ? previous->last_transition_time : core::SharedText{now};
  }
  for (auto& address : status.addresses) {
    if (!address.since.empty()) continue;
    address.since = now;
    for (const auto& held : before.addresses)
      if (address_of(held) == address_of(address)) address.since = held.since;
  }
  return status;
}

bool is_urgent(const api::RealtimeAppStatus& before, const api::RealtimeAppStatus& after) {
  if (before.observed_generation != after.observed_generation || before.url != after.url ||
      before.addresses != after.addresses || before.server != after.server || before.redis != after.redis)
    return true;
  return std::any_of(after.conditions.begin(), after.conditions.end(), [&](const api::Condition& now) {
    const auto* then = before.condition(now.type);
    if (then == nullptr) return true;
    const auto* term = reason::find(now.reason);
    const bool warns = then->reason != now.reason && term != nullptr && term->warns;
    const bool turns = then->status != now.status && (now.type == condition::kReady || now.type == condition::kStalled);
    return warns || turns;
  });
}

}  // namespace controllers
