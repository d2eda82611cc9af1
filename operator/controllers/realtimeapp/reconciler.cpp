#include "operator/controllers/realtimeapp/reconciler.hpp"

#include <algorithm>
#include <utility>

#include "core/time.hpp"
#include "operator/api/v1alpha1/conditions.hpp"
#include "operator/controllers/realtimeapp/status/status.hpp"

namespace controllers {

using core::ErrorKind;
using core::Result;
using runtime::Action;

namespace {

using Wait = std::optional<std::chrono::milliseconds>;

/// The sooner of two waits.
Wait sooner(Wait one, Wait other) {
  if (!one || !other) return one ? one : other;
  return std::min(*one, *other);
}

/// Whether a write met something newer than what was known.
bool met_newer(const core::Error& failure) {
  return failure.kind == ErrorKind::kConflict || failure.kind == ErrorKind::kAlreadyExists;
}

/// Whether the cache of Ingresses, which claims for each what it serves, knows the outcome of what was done to the
/// app's.
bool is_exposure_known(const kube::ObjectKey& app, const Applied& applied) {
  const auto problem = applied.problems.find({kube::types::kIngress.kind, app.name});
  return problem == applied.problems.end() || !problem->second.maybe_done;
}

bool is_planned(const Plan& plan, const kube::ResourceType& type) {
  return std::any_of(plan.children.begin(), plan.children.end(), [&](const auto& child) { return child.type == type; });
}

/// When what is not watched has to be looked at again.
Wait due_in(const api::RealtimeApp& app, const Observed& observed, const AppMemory& memory, bool has_problem) {
  auto wait = SecretReader::due_in(app, memory);
  if (has_problem) wait = sooner(wait, Reconciler::kRetryProblem);
  if (Observer::lacks_redis_pod(app, observed))
    wait = sooner(wait, observed.refused_redis_pod.empty() ? Observer::kPodPatience : Reconciler::kRetryProblem);
  return wait;
}

}  // namespace

Reconciler::Reconciler(kube::Client& client, Caches& caches, ConnectionCounter& connections,
                       runtime::EventRecorder& recorder, const ReconcilerOptions& options)
    : client_{client},
      caches_{caches},
      connections_{connections},
      recorder_{recorder},
      begin_writes_within_{options.begin_writes_within},
      observer_{client, caches, connections, options.images, options.build, options.secret_refresh},
      children_{client, caches, recorder, options.secret_refresh} {}

Result<Action> Reconciler::reconcile(const kube::ObjectKey& key, const std::stop_token& stop) {
  const auto cached = caches_.apps.find(key);
  if (!cached || cached->app.deleting) {
    forget(key);  // what it owned is the garbage collector's
    return Action::await_change();
  }
  const auto& app = cached->app;
  const auto memory = memories_.of(key, app.uid);
  if (!cached->problem.empty()) {
    auto observed = caches_.observe(app);
    observer_.observe_unlabelled_ingress(app, observed, stop);
    children_.label_ingress(app, observed, *memory, stop);
    const auto written = write_status(app, assess_invalid(app, observed, cached->problem), *memory, stop);
    caches_.exposure_claims.release(key);
    if (!written) return tl::unexpected(written.error());
    const auto again = sooner(*written, observed.is_ingress_uncached ? Wait{kRetryProblem} : std::nullopt);
    return again ? Action::requeue(*again) : Action::await_change();
  }
  const auto begin_before = ChildWriter::Clock::now() + begin_writes_within_;
  auto observed = observer_.observe(app, *memory, stop);
  const auto planned = plan(app, observed, &memory->plan);
  if (!is_planned(planned, kube::types::kIngress)) children_.label_ingress(app, observed, *memory, stop);
  const auto applied = children_.perform(app, planned, observed, *memory, begin_before, stop);
  // News that has come meanwhile is better than none: a retry follows at once.
  const bool is_behind = applied.failure && met_newer(*applied.failure) && ++memory->conflicts < kMaxConflicts;
  if (is_behind || (applied.failure && stop.stop_requested())) return tl::unexpected(*applied.failure);
  if (!applied.failure) memory->conflicts = 0;
  if (applied.has_written() || applied.failure) caches_.observe_children(app, observed);
  if (memory->redis_secret.value && memory->redis_secret.value->state)
    observed.children.insert_or_assign(redis_secret_id(key.name), *memory->redis_secret.value->state);
  auto status = assess(app, planned, observed, applied.problems);
  const auto wait = write_status(app, std::move(status), *memory, stop);
  if (is_exposure_known(key, applied)) caches_.exposure_claims.release(key);
  if (!wait) return tl::unexpected(wait.error());
  if (applied.failure) return tl::unexpected(*applied.failure);
  const bool has_problem = !applied.problems.empty() || observed.problem;
  const auto again = sooner(*wait, due_in(app, observed, *memory, has_problem));
  return again ? Action::requeue(*again) : Action::await_change();
}

/// Writes the status if it has changed. What tells of progress only waits until the last write is some seconds old.
Result<Reconciler::Wait> Reconciler::write_status(const api::RealtimeApp& app, api::RealtimeAppStatus status,
                                                  AppMemory& memory, const std::stop_token& stop) {
  const auto now = std::chrono::steady_clock::now();
  status = with_transition_times(std::move(status), app.status, core::format_time(std::chrono::system_clock::now()));
  // These are worth no write of their own: after an upgrade of the operator they are others for every app.
  auto applied_digest = std::exchange(status.applied_digest, app.status.applied_digest);
  auto cookie = std::exchange(status.affinity_cookie, app.status.affinity_cookie);
  if (status == app.status) return Wait{};
  status.applied_digest = std::move(applied_digest);
  status.affinity_cookie = std::move(cookie);
  const auto since = now - memory.status_written_at;
  if (!is_urgent(app.status, status) && since < kProgressEvery)
    return Wait{std::chrono::ceil<std::chrono::milliseconds>(kProgressEvery - since)};
  const auto written = client_.replace_status(api::kRealtimeApp, api::encode_status(app, status), stop);
  if (!written) {
    // Deleted meanwhile, or another one of its name: its own news is on the way. If none comes, it was not so.
    const bool is_gone = written.error().kind == ErrorKind::kNotFound || written.error().kind == ErrorKind::kConflict;
    if (is_gone) return Wait{kProgressEvery};
    return core::fail(written.error(), "writing the status");
  }
  memory.status_written_at = now;
  caches_.apps.assume(app.key, written->resource_version(), api::decode(*written));
  tell_transition(app, status, memory);
  return Wait{};
}

/// Tells what went wrong since `app` was read, each cause, and when all is well again. What every change goes through,
/// a new app as well, is in the status and worth no Event.
void Reconciler::tell_transition(const api::RealtimeApp& app, const api::RealtimeAppStatus& status, AppMemory& memory) {
  const auto tell = [&](runtime::EventType type, std::string_view reason, const std::string& message) {
    recorder_.record({api::kRealtimeApp, app.key, app.uid}, type, reason, "Reconcile", message);
  };
  for (const auto& after : status.conditions) {
    const auto* before = app.status.condition(after.type);
    const auto* term = api::reason::find(after.reason);
    const bool is_new = before == nullptr || before->reason != after.reason;
    // Stalled says again what one of the others says.
    const bool is_cause = is_new && after.type != api::condition::kStalled && term != nullptr && term->warns;
    if (is_cause) tell(runtime::EventType::kWarning, term->name, after.message);
    memory.is_told_not_ready |= is_cause && after.status != "True";  // what may come to pass is none
    if (after.type != api::condition::kReady) continue;
    const bool was_ready = before != nullptr && before->status == "True";
    const bool is_ready = after.status == "True";
    if (is_ready && std::exchange(memory.is_told_not_ready, false))
      tell(runtime::EventType::kNormal, api::event_reason::kReady, after.message);
    if (was_ready && !is_ready && !is_cause && app.status.observed_generation == status.observed_generation) {
      tell(runtime::EventType::kWarning, api::event_reason::kNotReady, after.message);
      memory.is_told_not_ready = true;
    }
  }
}

/// All that is remembered of the app.
void Reconciler::forget(const kube::ObjectKey& key) {
  memories_.forget(key);
  connections_.forget(key);
  caches_.exposure_claims.release(key);
}

}  // namespace controllers
