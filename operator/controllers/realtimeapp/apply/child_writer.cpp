#include "operator/controllers/realtimeapp/apply/child_writer.hpp"

#include <utility>

#include <fmt/format.h>

#include "core/digest.hpp"
#include "core/log.hpp"
#include "operator/api/v1alpha1/conditions.hpp"
#include "operator/controllers/realtimeapp/apply/adoption.hpp"
#include "operator/controllers/realtimeapp/apply/apply_conflicts.hpp"
#include "operator/controllers/realtimeapp/apply/write_memory.hpp"
#include "operator/controllers/realtimeapp/observe/ownership.hpp"
#include "operator/controllers/realtimeapp/observe/secrets.hpp"
#include "operator/kube/field_managers.hpp"
#include "operator/kube/managed_fields.hpp"

namespace controllers {

using core::ErrorKind;
using core::Result;
namespace event_reason = api::event_reason;
namespace reason = api::reason;

namespace {

/// Whether the same request will fail again until a user changes something.
bool is_refusal(ErrorKind kind) { return kind == ErrorKind::kInvalidObject || kind == ErrorKind::kForbidden; }

std::string name_of(const ChildId& id) { return fmt::format("{} \"{}\"", id.kind, id.name); }

constexpr std::string_view kNotAsTheSpecSays = "is not as the spec says";

/// `what` is so for now, as kNotAsTheSpecSays.
Problem passing(const ChildId& id, std::string_view what, const core::Error& error) {
  return {reason::kApplyFailed, fmt::format("{} {}, trying again: {}", name_of(id), what, error.message), true, true};
}

/// The first of what this child needs that is neither there nor to be had, or that cannot be used as it is.
const ChildId* find_missing(const PlannedChild& child, const Plan& plan, const Observed& observed,
                            const std::map<ChildId, Problem>& problems) {
  for (const auto& needed : child.needs) {
    if (plan.problems.contains(needed)) return &needed;
    if (problems.contains(needed) && !observed.children.contains(needed)) return &needed;
  }
  return nullptr;
}

/// What the API server has under this name; null: nothing. The news of it comes later, or never.
void note_live(runtime::Store<ChildState>& cache, const kube::ObjectKey& key, const kube::Object* live) {
  if (live == nullptr) return cache.assume_removed(key);
  cache.assume(key, live->resource_version(), reduce_child(*live));
}

Problem too_late(const ChildId& id) {
  return {reason::kApplyFailed,
          fmt::format("{} waits for the next try: the requests before it took too long", name_of(id)), true};
}

std::string names_of(const std::vector<ChildId>& children) {
  std::string text;
  for (const auto& id : children) text += (text.empty() ? "" : ", ") + name_of(id);
  return text;
}

// How often a take-over is tried where others change the object meanwhile, as controllers do right after a user has.
constexpr int kTakeOverTries = 3;

/// Makes the operator the owner of those fields that `choose` finds in the object of this name, so that its next apply
/// removes those that it does not set. Each write of a pod template starts a rollout, so that what is removed and what
/// is set has to be one write. Gives the object, or nothing where there is none or nothing was chosen.
template <class Choose>
Result<std::optional<kube::Object>> take_over(kube::Client& client, const kube::ResourceType& type,
                                              const kube::ObjectKey& key, const kube::FieldOwners& from,
                                              const Choose& choose, const std::stop_token& stop) {
  for (int tries = 1;; ++tries) {
    const auto existing = client.get(type, key, stop);
    if (!existing && existing.error().kind == ErrorKind::kNotFound) return std::nullopt;
    if (!existing) return tl::unexpected(existing.error());
    const std::vector<kube::FieldPath> fields = choose(*existing);
    if (fields.empty()) return std::nullopt;
    auto taken = client.patch(type, key, kube::transfer_of_fields(*existing, fields, from, kube::kFieldManager), stop);
    if (taken) return std::move(*taken);
    if (taken.error().kind != ErrorKind::kConflict || tries == kTakeOverTries) return tl::unexpected(taken.error());
  }
}

}  // namespace

/// One child to be written, and what is known of it.
struct ChildWriter::Write {
  const api::RealtimeApp& app;
  const PlannedChild& child;
  const ChildState* live;  // null: it is not there, as far as is known
  AppMemory& memory;
  Applied& applied;
  Clock::time_point begin_before;
};

void ChildWriter::label_ingress(const api::RealtimeApp& app, Observed& observed, AppMemory& memory,
                                const std::stop_token& stop) {
  const auto& type = kube::types::kIngress;
  const auto* live = observed.child(type, app.key.name);
  if (!observed.is_ingress_uncached || live == nullptr) return;
  const auto fail = [&](const core::Error& error) {
    observed.problem = passing({type.kind, app.key.name}, "lacks the labels of this operator", error);
  };
  if (Clock::now() < memory.label_ingress_after)
    return fail({ErrorKind::kConflict, "others take them away, or an admission webhook does"});
  memory.label_ingress_after = Clock::now() + kRelabelEvery;
  boost::json::object labels;
  for (const auto& [name, value] : api::child_labels(app.key.name, api::kComponentApp)) labels.emplace(name, value);
  const kube::Json patch = {{"metadata", {{"uid", live->uid.text()}, {"labels", std::move(labels)}}}};
  const auto labelled = client_.patch(type, app.key, patch, stop);
  if (!labelled) return fail(labelled.error());
  const auto label = kube::value_at<std::string_view>(labelled->json(), {"metadata", "labels", api::label::kManagedBy});
  if (label != api::kOperatorName) return fail({ErrorKind::kConflict, "an admission webhook takes them away"});
  caches_.of(type.kind).assume(app.key, labelled->resource_version(), reduce_child(*labelled));
  observed.is_ingress_uncached = !caches_.of(type.kind).find(app.key);  // news of its end may have come just now
}

Applied ChildWriter::perform(const api::RealtimeApp& app, const Plan& plan, const Observed& observed, AppMemory& memory,
                             Clock::time_point begin_before, const std::stop_token& stop) {
  Applied applied;
  applied.problems = plan.problems;
  const auto failed = [&](const ChildId& id, std::string_view what, const core::Error& error) {
    if (!applied.failure)
      applied.failure = core::Error{error.kind, name_of(id) + ": " + error.message, error.retry_after};
    applied.problems.insert_or_assign(id, passing(id, what, error));
  };
  for (const auto& child : plan.children) {
    const auto id = child.id();
    if (const auto* missing = find_missing(child, plan, observed, applied.problems)) {
      applied.problems.emplace(
          id, Problem{reason::kApplyFailed, fmt::format("{} waits for {}", name_of(id), name_of(*missing)), true});
      continue;
    }
    auto outcome = write({app, child, observed.child(child.type, id.name), memory, applied, begin_before}, stop);
    if (!outcome) {
      failed(id, kNotAsTheSpecSays, outcome.error());
    } else if (*outcome) {
      applied.problems.insert_or_assign(id, std::move(**outcome));
    }
  }
  for (const auto& id : plan.removals) {
    const auto& live = observed.children.at(id);
    if (live.deleting) continue;
    if (Clock::now() >= begin_before) {
      applied.problems.emplace(id, too_late(id));
      continue;
    }
    const auto removed = remove(app, id, live, stop);
    if (!removed) failed(id, "cannot be deleted", removed.error());
    if (removed) applied.deleted.push_back(id);
  }
  if (auto completed = complete_secret(app, plan, memory, stop); !completed)
    failed(redis_secret_id(app.key.name), kNotAsTheSpecSays, completed.error());
  tell(app, applied);
  return applied;
}

ChildWriter::Outcome ChildWriter::write(const Write& write, const std::stop_token& stop) {
  const auto& [app, child, live, memory, applied, begin_before] = write;
  if (live != nullptr) {
    if (live->deleting) return std::nullopt;  // the news that it is gone brings the app back
    if (live->digest == child.digest && !live->rolled_back) return std::nullopt;
  }
  if (auto known = known_fight(child, live, memory)) return known;
  if (Clock::now() >= begin_before) return too_late(child.id());
  return live == nullptr && child.create_only ? create(write, stop) : apply(write, stop);
}

/// A POST: if something has the name, it is read, and taken as it is.
ChildWriter::Outcome ChildWriter::create(const Write& write, const std::stop_token& stop) {
  const auto created = client_.create(write.child.type, write.child.desired(), stop);
  if (!created) {
    write.memory.redis_secret = {};
    if (is_refusal(created.error().kind)) return refused(write.child, created.error());
    write.memory.redis_secret.value = std::make_unique<RedisSecret>();  // due at once: it may be there
    return tl::unexpected(created.error());
  }
  return take(write, *created);
}

ChildWriter::Outcome ChildWriter::apply(const Write& write, const std::stop_token& stop) {
  const auto& child = write.child;
  auto applied = write.live == nullptr ? apply_new(write, stop) : apply_known(write, stop);
  if (!applied && applied.error().kind == ErrorKind::kAlreadyExists)
    return Problem{reason::kNameTaken, applied.error().message};
  if (!applied && applied.error().kind == ErrorKind::kInvalidObject)
    applied = apply_past_conflicts(write, applied.error(), stop);
  if (applied) return take(write, *applied);
  if (!is_refusal(applied.error().kind)) return tl::unexpected(applied.error());
  return refused(child, applied.error());
}

/// Applies what is not there as far as is known. If something has the name after all, it is applied to only if it is
/// this app's, or may be adopted.
Result<kube::Object> ChildWriter::apply_new(const Write& write, const std::stop_token& stop) {
  const auto& child = write.child;
  auto object = child.desired();
  object.json().at("metadata").get_object()["resourceVersion"] = kube::kNoVersion;
  auto applied = client_.apply(child.type, object, stop);
  if (applied || applied.error().kind != ErrorKind::kConflict) return applied;
  const auto existing = client_.get(child.type, child.desired().key(), stop);
  if (!existing)
    return tl::unexpected(existing.error().kind == ErrorKind::kNotFound ? applied.error() : existing.error());
  if (auto adopted = adopt(client_, child.type, *existing, write.app, stop); !adopted)
    return tl::unexpected(adopted.error());
  const auto is_restored = [](const kube::Object& live) {
    return kube::applied_fields(live, kube::kFieldManager).is_nothing();
  };
  // One that was restored has no record of what the operator applied: without one, what the spec lacks would stay.
  if (is_restored(*existing)) {
    const auto all = [&](const kube::Object& live) {
      return live.uid() == existing->uid() && is_restored(live)
                 ? kube::fields_of_others(live, kube::kFieldManager, {"f:spec"})
                 : std::vector<kube::FieldPath>{};
    };
    const auto taken = take_over(client_, child.type, existing->key(), {.applies = true}, all, stop);
    if (!taken) return tl::unexpected(taken.error());
  }
  auto& metadata = object.json().at("metadata").get_object();
  metadata.erase("resourceVersion");
  metadata["uid"] = existing->uid();
  return client_.apply(child.type, object, stop);
}

/// Applies to the object that is known. What a rollback by hand left to kubectl goes with it, and what the spec no
/// longer has though others set it as well.
Result<kube::Object> ChildWriter::apply_known(const Write& write, const std::stop_token& stop) {
  const auto& child = write.child;
  auto object = child.desired();
  const auto take = [&](const kube::FieldOwners& from, const auto& choose) {
    const auto of_known = [&](const kube::Object& existing) {
      return existing.uid() == write.live->uid.text() ? choose(existing) : std::vector<kube::FieldPath>{};
    };
    return take_over(client_, child.type, object.key(), from, of_known, stop);
  };
  // What is refused is the pod template that is there, not ours.
  const auto fails = [](const auto& taken) { return !taken && !is_refusal(taken.error().kind); };
  if (write.live->shares_fields) {
    const auto dropped = [&](const kube::Object& existing) {
      auto fields = kube::shared_fields(existing, kube::kFieldManager);
      std::erase_if(fields, [&](const kube::FieldPath& field) { return kube::has_at(object.json(), field); });
      return fields;
    };
    if (const auto taken = take({}, dropped); fails(taken)) return tl::unexpected(taken.error());
  }
  Result<std::optional<kube::Object>> taken;
  if (write.live->rolled_back)
    taken = take({.manager = kube::kRollbackManager}, [](const kube::Object& existing) {
      return kube::updated_fields(existing, kube::kRollbackManager, {"f:spec", "f:template"}, kRestartedAtField);
    });
  if (fails(taken)) return tl::unexpected(taken.error());
  object.json().at("metadata").get_object()["uid"] = write.live->uid.text();
  auto applied = client_.apply(child.type, object, stop);
  if (!applied && applied.error().kind == ErrorKind::kConflict) look_again(child.type, object.key(), stop);
  if (applied && !taken) return tl::unexpected(taken.error());
  return applied;
}

/// What is kept of a child that was written, and whether it is as it was asked to be.
ChildWriter::Outcome ChildWriter::take(const Write& write, const kube::Object& written) {
  const auto& [app, child, live, memory, applied, begin_before] = write;
  const auto id = child.id();
  (live == nullptr ? applied.created : applied.updated).push_back(id);
  if (child.is_secret()) {
    // It is not watched: what was just written is what is known of it.
    auto& known = memory.redis_secret;
    if (child.create_only)
      known = {std::make_unique<RedisSecret>(RedisSecret{read_redis_credentials(written), {}, {}}),
               std::chrono::steady_clock::now() + secret_refresh_};
    if (known.value) known.value->state = reduce_secret(written, secret_identity(app));
    return std::nullopt;
  }
  auto state = reduce_child(written);
  const auto got = state.digest;
  caches_.of(child.type.kind).assume(written.key(), written.resource_version(), std::move(state));
  return note_write(child, live, app.status.observed_generation == app.generation, got, memory);
}

/// Another object has the name than the one that is known, or none. News of that comes, but not where others have taken
/// away the labels that the watch selects by.
void ChildWriter::look_again(const kube::ResourceType& type, const kube::ObjectKey& key, const std::stop_token& stop) {
  if (type == kube::types::kSecret) return;
  const auto existing = client_.get(type, key, stop);
  if (existing || existing.error().kind == ErrorKind::kNotFound)
    note_live(caches_.of(type.kind), key, existing ? &*existing : nullptr);
}

/// Applies a child that is refused because of what others put into fields of ours, or beside them, which goes with
/// that.
Result<kube::Object> ChildWriter::apply_past_conflicts(const Write& write, core::Error refusal,
                                                       const std::stop_token& stop) {
  auto object = write.child.desired();
  for (const auto where : {Conflicts::kInFields, Conflicts::kBesideFields}) {
    const auto named = fields_named(refusal.message);
    if (named.empty()) break;
    const auto in_the_way = [&](const kube::Object& existing) {
      const auto ownership = ownership_of(existing, write.app);
      const bool is_ours = ownership == Ownership::kOurs || ownership == Ownership::kOrphaned;
      return is_ours ? conflicting_fields(named, where, object, existing) : std::vector<kube::FieldPath>{};
    };
    const auto taken = take_over(client_, write.child.type, object.key(), {.applies = true}, in_the_way, stop);
    if (!taken) return tl::unexpected(taken.error());
    if (!*taken) continue;
    object.json().at("metadata").get_object()["uid"] = (*taken)->uid();
    auto applied = client_.apply(write.child.type, object, stop);
    if (applied || applied.error().kind != ErrorKind::kInvalidObject) return applied;
    refusal = std::move(applied.error());
  }
  return tl::unexpected(refusal);
}

/// A Secret of an older version has no key for the digest of its password.
Result<void> ChildWriter::complete_secret(const api::RealtimeApp& app, const Plan& plan, AppMemory& memory,
                                          const std::stop_token& stop) {
  if (plan.new_digest_key.empty()) return {};
  kube::Json key = {{"data", {{kDigestKey, core::base64_encode(plan.new_digest_key)}}}};
  const auto& known = memory.redis_secret.value;
  if (known && known->state) key.get_object()["metadata"] = {{"uid", known->state->uid.text()}};
  const auto written = client_.patch(kube::types::kSecret, {app.key.name_space, redis_name(app.key.name)}, key, stop);
  memory.redis_secret.due = {};
  if (!written) return core::fail(written.error(), "adding the key of the password's digest");
  return {};
}

Result<void> ChildWriter::remove(const api::RealtimeApp& app, const ChildId& id, const ChildState& live,
                                 const std::stop_token& stop) {
  const kube::ObjectKey key{app.key.name_space, id.name};
  const auto& type = kChildTypes[child_type_index(id.kind)];
  auto left = client_.remove(type, key, live.uid, stop);
  if (!left) {
    // Others were quicker, and a look says whether it is gone.
    if (left.error().kind == ErrorKind::kNotFound) left.error().kind = ErrorKind::kConflict;
    if (left.error().kind == ErrorKind::kConflict) look_again(type, key, stop);
    return tl::unexpected(left.error());
  }
  // Before the news of it: a spec that wants the child back must not find it.
  note_live(caches_.of(id.kind), key, *left ? &**left : nullptr);
  return {};
}

void ChildWriter::tell(const api::RealtimeApp& app, const Applied& applied) {
  const auto record = [&](std::string_view reason, std::string_view done, const std::vector<ChildId>& children) {
    if (children.empty()) return;
    const auto names = names_of(children);
    core::log(core::LogLevel::kInfo, done, {{"object", app.key.text()}, {"children", names}});
    recorder_.record({api::kRealtimeApp, app.key, app.uid}, runtime::EventType::kNormal, reason, "Reconcile",
                     fmt::format("{} {}", done, names));
  };
  record(event_reason::kCreated, "created", applied.created);
  record(event_reason::kUpdated, "updated", applied.updated);
  record(event_reason::kDeleted, "deleted", applied.deleted);
  for (const auto& [id, problem] : applied.problems)
    if (problem.reason == reason::kChildRefused || problem.reason == reason::kNotConverging)
      recorder_.record({api::kRealtimeApp, app.key, app.uid}, runtime::EventType::kWarning,
                       problem.reason == reason::kNotConverging ? event_reason::kNotConverging : event_reason::kRefused,
                       "Reconcile", problem.message);
}

}  // namespace controllers
