#include "operator/controllers/realtimeapp/apply/child_writer.hpp"

#include <utility>

#include <fmt/format.h>

#include "core/log.hpp"
#include "operator/api/v1alpha1/conditions.hpp"
#include "operator/controllers/realtimeapp/apply/adoption.hpp"
#include "operator/controllers/realtimeapp/apply/apply_conflicts.hpp"
#include "operator/kube/ownership.hpp"

namespace controllers {
namespace {

using core::ErrorKind;
using core::Result;
namespace event_reason = api::event_reason;
namespace reason = api::reason;

/// Whether the same request will fail again until somebody changes something.
bool is_refusal(ErrorKind kind) { return kind == ErrorKind::kInvalidObject || kind == ErrorKind::kForbidden; }

Problem not_converging(const PlannedChild& child) {
  return {reason::kNotConverging,
          fmt::format("{} \"{}\" does not stay as applied: an admission webhook or another controller changes fields "
                      "that this operator sets; exempt objects labelled app.kubernetes.io/managed-by=realtime-operator",
                      child.type.kind, child.desired.name())};
}

}  // namespace

Result<void> ChildWriter::perform(const api::RealtimeApp& app, const Plan& plan, const Observed& observed,
                                  std::map<ChildId, Problem>& problems, const std::stop_token& stop) {
  for (const auto& child : plan.children) {
    const auto id = child.id();
    auto outcome = write(app, child, observed.child(child.type, id.name), stop);
    if (!outcome) return core::fail(outcome.error(), fmt::format("{} \"{}\"", id.kind, id.name));
    if (*outcome) problems.emplace(id, std::move(**outcome));
  }
  for (const auto& id : plan.removals)
    if (auto removed = remove(app, id, observed.children.at(id), stop); !removed) return removed;
  return {};
}

ChildWriter::Outcome ChildWriter::write(const api::RealtimeApp& app, const PlannedChild& child, const ChildState* live,
                                        const std::stop_token& stop) {
  const auto wanted = kube::projection_digest(kube::desired_fields(child.desired));
  if (live != nullptr) {
    if (live->digest == wanted) return std::nullopt;
    if (auto known = known_unconverged(child, *live, wanted)) return known;
  } else {
    auto adopted = adopt_name(app, child, stop);
    if (!adopted || *adopted) return adopted;
  }
  return apply(app, child, live, wanted, stop);
}

ChildWriter::Outcome ChildWriter::apply(const api::RealtimeApp& app, const PlannedChild& child, const ChildState* live,
                                        const std::string& wanted, const std::stop_token& stop) {
  auto applied = client_.apply(child.type, child.desired, stop);
  if (!applied && applied.error().kind == ErrorKind::kInvalidObject)
    applied = apply_past_conflicts(child, applied.error(), stop);
  if (!applied) {
    if (!is_refusal(applied.error().kind)) return tl::unexpected(applied.error());
    const auto message =
        fmt::format("{} \"{}\" is refused: {}", child.type.kind, child.desired.name(), applied.error().message);
    tell(app, runtime::EventType::kWarning, event_reason::kRefused, message, stop);
    return Problem{reason::kChildRefused, message};
  }
  auto state = reduce_child(*applied);
  const auto got = state.digest;
  caches_.of(child.type.kind).assume(applied->key(), applied->resource_version(), std::move(state));
  core::log(core::LogLevel::kInfo, live == nullptr ? "created" : "updated",
            {{"object", app.key.text()}, {"childKind", child.type.kind}, {"child", child.desired.name()}});
  tell(app, runtime::EventType::kNormal, live == nullptr ? event_reason::kCreated : event_reason::kUpdated,
       fmt::format("{} {} \"{}\"", live == nullptr ? "created" : "updated", child.type.kind, child.desired.name()),
       stop);
  if (got == wanted) return std::nullopt;
  {
    const std::lock_guard lock{mutex_};
    unconverged_[applied->uid()] = {app.uid, wanted, got, std::chrono::steady_clock::now() + kRetryUnconverged};
  }
  auto problem = not_converging(child);
  tell(app, runtime::EventType::kWarning, event_reason::kNotConverging, problem.message, stop);
  return problem;
}

/// Applies a child of ours that is refused because of what others put into it, and takes that away.
Result<kube::Object> ChildWriter::apply_past_conflicts(const PlannedChild& child, const core::Error& refusal,
                                                       const std::stop_token& stop) {
  const auto existing = client_.get(child.type, child.desired.key(), stop);
  if (!existing) return tl::unexpected(refusal);
  const auto renaming = renaming_of_conflicting_ports(child.desired, *existing);
  if (renaming.empty()) return tl::unexpected(refusal);
  if (auto renamed = client_.patch(child.type, existing->key(), renaming, stop); !renamed) return renamed;
  auto applied = client_.apply(child.type, child.desired, stop);
  if (!applied) return applied;
  return client_.patch(child.type, applied->key(), removal_of_conflicting_ports(child.desired, *applied), stop);
}

std::optional<Problem> ChildWriter::known_unconverged(const PlannedChild& child, const ChildState& live,
                                                      const std::string& wanted) {
  const std::lock_guard lock{mutex_};
  const auto found = unconverged_.find(live.uid);
  if (found == unconverged_.end()) return std::nullopt;
  const auto& known = found->second;
  const bool same = known.wanted == wanted && known.got == live.digest;
  if (same && std::chrono::steady_clock::now() < known.retry_at) return not_converging(child);
  unconverged_.erase(found);
  return std::nullopt;
}

/// Makes sure that the name is free for the child, or says why it is not.
ChildWriter::Outcome ChildWriter::adopt_name(const api::RealtimeApp& app, const PlannedChild& child,
                                             const std::stop_token& stop) {
  const auto existing = client_.get(child.type, child.desired.key(), stop);
  if (!existing) {
    if (existing.error().kind == ErrorKind::kNotFound) return std::nullopt;
    return tl::unexpected(existing.error());
  }
  const auto adopted = adopt(client_, child.type, *existing, app, stop);
  if (adopted) return std::nullopt;
  if (adopted.error().kind == ErrorKind::kAlreadyExists) return Problem{reason::kNameTaken, adopted.error().message};
  return tl::unexpected(adopted.error());
}

Result<void> ChildWriter::remove(const api::RealtimeApp& app, const ChildId& id, const ChildState& live,
                                 const std::stop_token& stop) {
  const auto removed =
      client_.remove(kChildTypes[child_type_index(id.kind)], {app.key.name_space, id.name}, live.uid, stop);
  if (!removed) return core::fail(removed.error(), fmt::format("deleting {} \"{}\"", id.kind, id.name));
  tell(app, runtime::EventType::kNormal, event_reason::kDeleted, fmt::format("deleted {} \"{}\"", id.kind, id.name),
       stop);
  return {};
}

void ChildWriter::tell(const api::RealtimeApp& app, runtime::EventType type, std::string_view reason,
                       const std::string& note, const std::stop_token& stop) {
  recorder_.record({api::kRealtimeApp, app.key, app.uid}, type, reason, "Reconcile", note, stop);
}

void ChildWriter::forget(const std::string& app_uid) {
  const std::lock_guard lock{mutex_};
  std::erase_if(unconverged_, [&](const auto& entry) { return entry.second.app_uid == app_uid; });
}

}  // namespace controllers
