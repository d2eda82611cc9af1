#include "operator/controllers/realtimeapp/reconciler.hpp"

#include <utility>

#include "core/time.hpp"
#include "operator/api/v1alpha1/conditions.hpp"
#include "operator/controllers/realtimeapp/diagnosis/pod_refusals.hpp"
#include "operator/controllers/realtimeapp/observe/children.hpp"
#include "operator/controllers/realtimeapp/status/status.hpp"

namespace controllers {

using core::ErrorKind;
using core::Result;
using runtime::Action;

namespace {

/// Redis' StatefulSet when its controller has seen it and there is no pod; else null.
const ChildState* set_without_pod(const api::RealtimeApp& app, const Observed& observed) {
  const auto* set = observed.child(kube::types::kStatefulSet, redis_name(app.key.name));
  const bool is_seen = set != nullptr && set->generation > 0 && set->observed_generation >= set->generation;
  return is_seen && set->replicas == 0 ? set : nullptr;
}

}  // namespace

Reconciler::Reconciler(kube::Client& client, Caches& caches, ConnectionCounter& connections,
                       runtime::EventRecorder& recorder, ReconcilerOptions options)
    : client_{client},
      caches_{caches},
      connections_{connections},
      recorder_{recorder},
      options_{std::move(options)},
      credentials_{client, options_.secret_refresh},
      children_{client, caches, recorder} {}

Result<Action> Reconciler::reconcile(const kube::ObjectKey& key, const std::stop_token& stop) {
  const auto cached = caches_.apps.get(key);
  if (!cached || cached->app.deleting) {
    forget(key);  // what it owned is the garbage collector's
    return Action::await_change();
  }
  const auto& app = cached->app;
  {
    const std::lock_guard lock{mutex_};
    remembered_[key].uid = app.uid;
  }
  if (!cached->problem.empty()) {
    if (auto written = write_status(app, assess_invalid(app, cached->problem), stop); !written)
      return tl::unexpected(written.error());
    return Action::await_change();
  }
  auto observed = observe(app, stop);
  if (!observed) return tl::unexpected(observed.error());
  const auto done = bring_about(app, *observed, stop);
  if (auto written = write_status(app, assess(app, *observed), stop); !written) return tl::unexpected(written.error());
  if (!done) return tl::unexpected(done.error());
  if (!observed->problems.empty()) return Action::requeue(kRetryProblem);
  if (set_without_pod(app, *observed) != nullptr)
    return Action::requeue(observed->refused_redis_pod.empty() ? kPodPatience : kRetryProblem);
  if (app.spec.redis.type == api::RedisType::kProvisioned) return Action::requeue(credentials_.due_in(app));
  return Action::await_change();
}

/// Nothing while a pod may just be on its way: what older Events tell may be over.
Result<std::string> Reconciler::refused_redis_pod(const api::RealtimeApp& app, const Observed& observed,
                                                  const std::stop_token& stop) {
  const auto* set = set_without_pod(app, observed);
  {
    const std::lock_guard lock{mutex_};
    auto& since = remembered_[app.key].without_redis_pod_since;
    if (set == nullptr) {
      since.reset();
      return std::string{};
    }
    const auto now = std::chrono::steady_clock::now();
    if (!since) since = now;
    if (now - *since < kPodPatience) return std::string{};
  }
  return find_pod_refusal(client_, {app.key.name_space, redis_name(app.key.name)}, set->uid, stop);
}

Result<Observed> Reconciler::observe(const api::RealtimeApp& app, const std::stop_token& stop) {
  auto observed = caches_.observe(app);
  observed.default_redis_image = options_.redis_image;
  observed.default_server_image = options_.server_image;
  if (app.spec.server) {
    observed.connections = connections_.look_up(app);
  } else {
    connections_.forget(app.key);
  }
  if (app.spec.redis.type != api::RedisType::kProvisioned) return observed;
  auto refused = refused_redis_pod(app, observed, stop);
  if (!refused) return tl::unexpected(refused.error());
  observed.refused_redis_pod = std::move(*refused);
  auto credentials = credentials_.look_up(app, stop);
  if (credentials) {
    observed.redis_credentials = std::move(*credentials);
  } else if (credentials.error().kind == ErrorKind::kAlreadyExists) {
    observed.redis_credentials = RedisCredentials{{}, false};
    observed.problems.emplace(ChildId{kube::types::kSecret.kind, redis_name(app.key.name)},
                              Problem{api::reason::kNameTaken, credentials.error().message});
  } else {
    return tl::unexpected(credentials.error());
  }
  return observed;
}

/// Makes the world as planned, and `observed` what it is then.
Result<void> Reconciler::bring_about(const api::RealtimeApp& app, Observed& observed, const std::stop_token& stop) {
  auto planned = plan(app, observed);
  if (planned.create_redis_credentials) {
    if (auto created = credentials_.create(app, stop); !created) return created;
    auto again = observe(app, stop);
    if (!again) return tl::unexpected(again.error());
    observed = std::move(*again);
    planned = plan(app, observed);
  }
  auto performed = children_.perform(app, planned, observed, observed.problems, stop);
  observed.children = caches_.observe(app).children;
  return performed;
}

Result<void> Reconciler::write_status(const api::RealtimeApp& app, api::RealtimeAppStatus status,
                                      const std::stop_token& stop) {
  status = with_transition_times(std::move(status), app.status, core::format_time(std::chrono::system_clock::now()));
  if (status == app.status) return {};
  const auto written = client_.apply_status(api::kRealtimeApp, api::encode_status(app, status), stop);
  if (!written) {
    if (written.error().kind == ErrorKind::kNotFound) return {};  // deleted meanwhile
    return core::fail(written.error(), "writing the status");
  }
  caches_.apps.assume(app.key, written->resource_version(), api::decode(*written));
  tell_transition(app, status, stop);
  return {};
}

/// Tells what went wrong or well since `app` was read: that it is Ready or no more, and each cause.
void Reconciler::tell_transition(const api::RealtimeApp& app, const api::RealtimeAppStatus& status,
                                 const std::stop_token& stop) {
  const auto tell = [&](runtime::EventType type, std::string_view reason, const std::string& message) {
    recorder_.record({api::kRealtimeApp, app.key, app.uid}, type, reason, "Reconcile", message, stop);
  };
  for (const auto& after : status.conditions) {
    const auto* before = app.status.condition(after.type);
    const auto* term = api::reason::find(after.reason);
    const bool is_new = before == nullptr || before->reason != after.reason;
    // Stalled says again what one of the others says.
    const bool is_cause = is_new && after.type != api::condition::kStalled && term != nullptr && term->warns;
    if (is_cause) tell(runtime::EventType::kWarning, term->name, after.message);
    if (after.type != api::condition::kReady) continue;
    const bool was_ready = before != nullptr && before->status == "True";
    const bool is_ready = after.status == "True";
    if (is_ready && !was_ready) tell(runtime::EventType::kNormal, api::event_reason::kReady, after.message);
    if (was_ready && !is_ready && !is_cause)
      tell(runtime::EventType::kWarning, api::event_reason::kNotReady, after.message);
  }
}

void Reconciler::forget(const kube::ObjectKey& key) {
  std::string uid;
  {
    const std::lock_guard lock{mutex_};
    const auto found = remembered_.find(key);
    if (found == remembered_.end()) return;
    uid = std::move(found->second.uid);
    remembered_.erase(found);
  }
  credentials_.forget(key);
  connections_.forget(key);
  children_.forget(uid);
}

}  // namespace controllers
