#include "operator/controllers/realtimeapp/observe/observer.hpp"

#include "core/digest.hpp"
#include "operator/api/v1alpha1/conditions.hpp"
#include "operator/controllers/realtimeapp/diagnosis/pod_refusals.hpp"

namespace controllers {
namespace {

constexpr std::size_t kPasswordBytes = 24;
constexpr std::size_t kDigestKeyBytes = 16;

/// What the leader before has read counts on: with 10,000 apps a new leader would else begin with as many requests. Not
/// where something was wrong with it; nor where pods disagree on the password, as one has to be told which it is; nor
/// where they are of a version that gave the Secret no key.
AssumedSecret assumed_secret(const api::RealtimeApp& app, const Observed& observed) {
  if (app.status.observed_generation == 0 && observed.children.empty()) return AssumedSecret::kAbsent;
  const auto* redis_ready = app.status.condition(api::condition::kRedisReady);
  const bool was_usable = redis_ready != nullptr && (api::reason::kRedisServing == redis_ready->reason.text() ||
                                                     api::reason::kRedisStarting == redis_ready->reason.text());
  if (!was_usable || app.status.observed_generation != app.generation) return AssumedSecret::kNothing;
  const auto* fleet = observed.child(kube::types::kDeployment, app.key.name);
  const auto* redis = observed.child(kube::types::kStatefulSet, redis_name(app.key.name));
  const bool agree = fleet != nullptr && redis != nullptr && is_keyed(fleet->credentials_digest.text()) &&
                     fleet->credentials_digest == redis->credentials_digest;
  return agree ? AssumedSecret::kUnchanged : AssumedSecret::kNothing;
}

}  // namespace

Observed Observer::observe(const api::RealtimeApp& app, AppMemory& memory, const std::stop_token& stop) {
  auto observed = caches_.observe(app);
  observed.default_redis_image = images_.redis;
  observed.default_server_image = images_.server;
  observed.operator_build = build_;
  observed.taken_address = caches_.exposure_claims.claim(app);
  observe_unlabelled_ingress(app, observed, stop);
  if (app.spec.server) {
    observed.connections = connections_.look_up(app);
  } else {
    connections_.forget(app.key);
  }
  observed.tls_secret = secrets_.tls_secret(app, memory, stop);
  if (app.spec.redis.type == api::RedisType::kProvisioned) observe_redis(app, observed, memory, stop);
  return observed;
}

void Observer::observe_unlabelled_ingress(const api::RealtimeApp& app, Observed& observed,
                                          const std::stop_token& stop) {
  const auto& type = kube::types::kIngress;
  if (app.status.addresses.empty() || observed.child(type, app.key.name) != nullptr) return;
  const auto live = client_.get(type, app.key, stop);
  if (!live && live.error().kind == core::ErrorKind::kNotFound) return;
  if (!live) {
    observed.problem = Problem{api::reason::kReadFailed, live.error().message, true};
    observed.is_ingress_uncached = true;
    return;
  }
  auto state = reduce_child(*live);
  if (state.controller_uid != app.uid) return;
  observed.is_ingress_uncached = true;
  observed.children.emplace(ChildId{type.kind, app.key.name}, std::move(state));
}

void Observer::observe_redis(const api::RealtimeApp& app, Observed& observed, AppMemory& memory,
                             const std::stop_token& stop) {
  observed.redis_secret = secrets_.redis_secret(app, assumed_secret(app, observed), memory, stop);
  const auto& secret = observed.redis_secret;
  if (secret.state) observed.children.emplace(redis_secret_id(app.key.name), *secret.state);
  if (secret.is_absent()) observed.new_password = core::random_hex(kPasswordBytes);
  if (secret.is_absent() || (secret.credentials && secret.credentials->digest_key.empty()))
    observed.new_digest_key = core::random_hex(kDigestKeyBytes);
  observe_refused_pod(app, observed, memory, stop);
}

bool Observer::lacks_redis_pod(const api::RealtimeApp& app, const Observed& observed) {
  const auto* set = observed.child(kube::types::kStatefulSet, redis_name(app.key.name));
  return set != nullptr && set->generation > 0 && set->is_seen() && set->replicas == 0;
}

/// Nothing while a pod may just be on its way: what older Events tell may be over.
void Observer::observe_refused_pod(const api::RealtimeApp& app, Observed& observed, AppMemory& memory,
                                   const std::stop_token& stop) {
  if (!lacks_redis_pod(app, observed)) {
    memory.without_redis_pod_since.reset();
    return;
  }
  const auto now = std::chrono::steady_clock::now();
  if (!memory.without_redis_pod_since) memory.without_redis_pod_since = now;
  if (now - *memory.without_redis_pod_since < kPodPatience) return;
  const auto name = redis_name(app.key.name);
  const auto* set = observed.child(kube::types::kStatefulSet, name);
  auto refusal = find_pod_refusal(client_, {app.key.name_space, name}, set->uid, stop);
  if (refusal) {
    observed.refused_redis_pod = std::move(*refusal);
  } else {
    observed.problem = Problem{api::reason::kReadFailed, refusal.error().message, true};
  }
}

}  // namespace controllers
