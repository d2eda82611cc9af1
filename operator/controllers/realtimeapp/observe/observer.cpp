#include "operator/controllers/realtimeapp/observe/observer.hpp"

#include "core/digest.hpp"
#include "operator/api/v1alpha1/conditions.hpp"
#include "operator/controllers/realtimeapp/diagnosis/pod_refusals.hpp"

namespace controllers {
namespace {

constexpr std::size_t kPasswordBytes = 24;
constexpr std::size_t kDigestKeyBytes = 16;

}  // namespace

Observed Observer::observe(const api::RealtimeApp& app, AppMemory& memory, const std::stop_token& stop) {
  auto observed = caches_.observe(app);
  observed.default_redis_image = images_.redis;
  observed.default_server_image = images_.server;
  observed.taken_address = caches_.exposure_claims.claim(app);
  if (app.spec.server) {
    observed.connections = connections_.look_up(app);
  } else {
    connections_.forget(app.key);
  }
  observed.tls_secret = secrets_.tls_secret(app, memory, stop);
  if (app.spec.redis.type == api::RedisType::kProvisioned) observe_redis(app, observed, memory, stop);
  return observed;
}

void Observer::observe_redis(const api::RealtimeApp& app, Observed& observed, AppMemory& memory,
                             const std::stop_token& stop) {
  const bool is_new = app.status.observed_generation == 0 && observed.children.empty();
  observed.redis_secret = secrets_.redis_secret(app, is_new, memory, stop);
  const auto& secret = observed.redis_secret;
  if (secret.state) observed.children.emplace(redis_secret_id(app.key.name), *secret.state);
  if (!secret.problem && !secret.credentials) observed.new_password = core::random_hex(kPasswordBytes);
  observed.new_digest_key = core::random_hex(kDigestKeyBytes);
  observe_refused_pod(app, observed, memory, stop);
}

bool Observer::lacks_redis_pod(const api::RealtimeApp& app, const Observed& observed) {
  const auto* set = observed.child(kube::types::kStatefulSet, redis_name(app.key.name));
  const bool is_seen = set != nullptr && set->generation > 0 && set->observed_generation >= set->generation;
  return is_seen && set->replicas == 0;
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
