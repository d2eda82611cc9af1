#include "operator/controllers/realtimeapp/status/status.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "operator/api/v1alpha1/conditions.hpp"
#include "operator/controllers/realtimeapp/observe/children.hpp"
#include "operator/controllers/realtimeapp/plan/exposure.hpp"
#include "operator/controllers/realtimeapp/plan/plan.hpp"

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

Verdict needs_user_action(const Problem& problem) { return {false, problem.reason, problem.message, true}; }

/// What keeps a pod of this component from running; of several, what lasts.
const PodDiagnosis* diagnosis_of(const Observed& observed, std::string_view component) {
  const PodDiagnosis* found = nullptr;
  for (const auto& [pod, diagnosis] : observed.pod_diagnoses)
    if (diagnosis.component == component &&
        (found == nullptr || (diagnosis.needs_user_action && !found->needs_user_action)))
      found = &diagnosis;
  return found;
}

Verdict assess_redis(const api::RealtimeApp& app, const Observed& observed) {
  if (app.spec.redis.type == api::RedisType::kNone)
    return {true, reason::kNoBackplane, "redis.type is None: a single replica needs no backplane"};
  const auto problem = observed.problems.find({kube::types::kSecret.kind, redis_name(app.key.name)});
  if (problem != observed.problems.end()) return needs_user_action(problem->second);
  if (observed.redis_credentials && !observed.redis_credentials->complete)
    return {false, reason::kRedisCredentialsIncomplete,
            fmt::format("Secret \"{0}\" lacks one of the keys password, url and redis.conf: delete it (`kubectl delete "
                        "secret {0}`) and the operator recreates it",
                        redis_name(app.key.name)),
            true};
  if (observed.redis_credentials && !observed.redis_credentials->consistent)
    return {
        false, reason::kRedisPasswordMismatch,
        fmt::format("the keys password, url and redis.conf of Secret \"{0}\" contain different passwords, so Redis "
                    "would reject new replicas: correct them, or delete the Secret (`kubectl delete secret {0}`) and "
                    "the operator recreates it",
                    redis_name(app.key.name)),
        true};
  const auto* set = observed.child(kube::types::kStatefulSet, redis_name(app.key.name));
  if (set == nullptr || set->ready_replicas < 1 || set->observed_generation < set->generation) {
    if (!observed.refused_redis_pod.empty())
      return {false, reason::kPodsRefused,
              fmt::format("pod \"{}-0\" is refused: {}", redis_name(app.key.name), observed.refused_redis_pod)};
    if (const auto* diagnosis = diagnosis_of(observed, api::kComponentRedis))
      return {false, diagnosis->reason, diagnosis->message, diagnosis->needs_user_action};
    return {false, reason::kRedisStarting,
            fmt::format("Redis is not ready: see pod \"{}-0\"", redis_name(app.key.name))};
  }
  return {true, reason::kRedisServing, fmt::format("Redis is ready at {}", redis_endpoint(app.key))};
}

Verdict assess_exposure(const api::RealtimeApp& app, const Observed& observed) {
  if (app.spec.exposure.type == api::ExposureType::kNone)
    return {true, reason::kNotExposed,
            fmt::format("exposure.type is None: clients inside the cluster use Service \"{}\"", app.key.name)};
  if (const auto exposure = resolve_exposure(app, observed); exposure.problem)
    return needs_user_action(*exposure.problem);
  const auto* ingress = observed.child(kube::types::kIngress, app.key.name);
  if (ingress == nullptr) return {false, reason::kIngressPending, "the Ingress is being created"};
  const auto url = fleet_url(app, observed);
  if (url.empty())
    return {false, reason::kIngressPending,
            fmt::format("the controller of IngressClass \"{}\" has not assigned an address to the Ingress yet",
                        app.spec.exposure.class_name)};
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
  if (deployment->observed_generation < deployment->generation || deployment->updated_replicas < wanted ||
      deployment->replicas > deployment->updated_replicas)
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
  if (rollout.holds || deployment == nullptr) return rollout;
  const auto* diagnosis = diagnosis_of(observed, api::kComponentApp);
  const bool stalled = !deployment->stalled.empty();
  if (!deployment->refused_pods.empty()) {
    rollout = {false, reason::kPodsRefused,
               fmt::format("a pod of Deployment \"{}\" is refused: {}", app.key.name, deployment->refused_pods),
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

Verdict assess_stalled(const Observed& observed, const Verdict& exposure, const Verdict& redis,
                       const Verdict& replicas) {
  if (!observed.problems.empty()) {
    const auto& problem = observed.problems.begin()->second;
    return {true, problem.reason, problem.message};
  }
  for (const auto* verdict : {&exposure, &redis})
    if (verdict->needs_user_action) return {true, verdict->reason, verdict->message};
  // Without Redis an app may exit again and again, and be well once Redis is there.
  if (replicas.needs_user_action && redis.holds) return {true, replicas.reason, replicas.message};
  return {false, reason::kNothingWrong, "no problem needs user action"};
}

Verdict assess_ready(const Verdict& replicas, const Verdict& redis, const Verdict& exposure, const Verdict& stalled) {
  if (stalled.holds) return {false, stalled.reason, stalled.message};
  if (!redis.holds) return {false, reason::kRedisNotReady, redis.message};
  if (!replicas.holds) return replicas;
  if (!exposure.holds) return {false, reason::kExposureNotReady, exposure.message};
  return replicas;
}

api::Condition dated(std::string_view type, const Verdict& verdict, const api::RealtimeApp& app) {
  return {std::string{type},
          verdict.holds ? "True" : "False",
          std::string{verdict.reason},
          verdict.message,
          app.generation,
          {}};
}

}  // namespace

api::RealtimeAppStatus assess(const api::RealtimeApp& app, const Observed& observed) {
  const auto* deployment = observed.child(kube::types::kDeployment, app.key.name);
  const auto redis = assess_redis(app, observed);
  const auto exposure = assess_exposure(app, observed);
  const auto replicas = assess_replicas(app, observed, deployment);
  const auto stalled = assess_stalled(observed, exposure, redis, replicas);
  const auto ready = assess_ready(replicas, redis, exposure, stalled);
  const Verdict reconciling = ready.holds || stalled.holds ? Verdict{false, reason::kSettled, "no work is in progress"}
                                                           : Verdict{true, reason::kProgressing, ready.message};
  api::RealtimeAppStatus status;
  status.observed_generation = app.generation;
  status.replicas = deployment == nullptr ? 0 : deployment->replicas;
  const bool current = deployment != nullptr && deployment->observed_generation >= deployment->generation;
  status.ready_replicas = current ? std::min(deployment->ready_replicas, deployment->updated_replicas) : 0;
  status.replicas_summary = fmt::format("{}/{}", status.ready_replicas, app.spec.replicas);
  for (const auto& [name, value] : api::selector_labels(app.key.name, api::kComponentApp))
    status.selector += fmt::format("{}{}={}", status.selector.empty() ? "" : ",", name, value);
  status.connections = observed.connections;
  status.url = fleet_url(app, observed);
  status.server = server_image(app, observed);
  if (app.spec.redis.type == api::RedisType::kProvisioned) {
    status.redis_endpoint = redis_endpoint(app.key);
    status.redis = redis_image(app, observed);
  }
  status.conditions = {dated(condition::kReady, ready, app), dated(condition::kReconciling, reconciling, app),
                       dated(condition::kStalled, stalled, app), dated(condition::kRedisReady, redis, app),
                       dated(condition::kExposureReady, exposure, app)};
  return status;
}

api::RealtimeAppStatus assess_invalid(const api::RealtimeApp& app, const std::string& problem) {
  auto status = app.status;
  status.observed_generation = app.generation;
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
    current.last_transition_time = same ? previous->last_transition_time : now;
  }
  return status;
}

}  // namespace controllers
