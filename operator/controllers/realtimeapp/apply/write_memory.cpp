#include "operator/controllers/realtimeapp/apply/write_memory.hpp"

#include <fmt/format.h>

#include "operator/api/v1alpha1/conditions.hpp"
#include "operator/controllers/realtimeapp/apply/child_writer.hpp"

namespace controllers {
namespace {

namespace reason = api::reason;
using Clock = std::chrono::steady_clock;

std::string changed_by(const std::string& manager) {
  const auto other = manager.empty() ? std::string{"an admission webhook or another controller"}
                                     : fmt::format("field manager \"{}\" or an admission webhook", manager);
  return other + " changes fields that this operator sets";
}

Problem not_converging(const PlannedChild& child, const std::string& cause) {
  return {reason::kNotConverging,
          fmt::format("{} \"{}\" does not stay as applied: {}; configure it to skip objects labelled "
                      "app.kubernetes.io/managed-by=realtime-operator",
                      child.type.kind, child.name, cause)};
}

/// Of what is not there, one that no child has.
kube::ProjectionDigest digest_of(const ChildState* live) {
  return live == nullptr ? kube::ProjectionDigest{} : live->digest;
}

}  // namespace

Problem refused(const PlannedChild& child, const core::Error& error) {
  auto message = fmt::format("{} \"{}\" is refused: {}", child.type.kind, child.name, error.message);
  // The rules on change of a RealtimeApp let nobody ask for this in one step, but by way of redis.type None they do.
  if (child.type == kube::types::kStatefulSet && error.message.find("updates to statefulset spec") != std::string::npos)
    message += fmt::format(
        "; delete it (`kubectl delete statefulset {0}`), and for another storage or class its volume too (`kubectl "
        "delete "
        "pvc data-{0}-0`), and the operator recreates them as the spec says; the data on a volume that is deleted, "
        "also by "
        "redis.provisioned.retention, is lost",
        child.name);
  return {reason::kChildRefused, std::move(message)};
}

std::optional<Problem> known_fight(const PlannedChild& child, const ChildState* live, AppMemory& memory) {
  const auto found = memory.writes.find(child.id());
  if (found == memory.writes.end()) return std::nullopt;
  auto& known = found->second;
  if (known.wanted != child.digest) {  // another spec is another try
    memory.writes.erase(found);
    return std::nullopt;
  }
  const bool came_out_so = known.got != known.wanted && known.got == digest_of(live);
  const bool is_fight = (known.repeated >= ChildWriter::kMaxCorrections && known.found == digest_of(live)) ||
                        known.corrections >= ChildWriter::kMaxCorrectionsOfAnyState;
  if (!came_out_so && !is_fight) return std::nullopt;
  if (Clock::now() < known.retry_at)
    return not_converging(child, live == nullptr ? "another controller deletes it, or takes its labels away"
                                                 : changed_by(live->other_manager.text()));
  known.corrections = known.repeated = 0;
  return std::nullopt;
}

std::optional<Problem> note_write(const PlannedChild& child, const ChildState* live, bool is_repair,
                                  const kube::ProjectionDigest& got, AppMemory& memory) {
  if (!is_repair && live == nullptr && got == child.digest) {  // nothing of it will be asked for
    memory.writes.erase(child.id());
    return std::nullopt;
  }
  const auto now = Clock::now();
  auto& known = memory.writes[child.id()];
  const bool is_correction = live != nullptr || is_repair;
  const bool goes_on =
      is_correction && known.wanted == child.digest && now - known.first_correction < ChildWriter::kCorrectionsWithin;
  if (!goes_on) {
    known.corrections = known.repeated = 0;
    known.first_correction = now;
  }
  if (is_correction) {
    ++known.corrections;
    known.repeated = known.found == digest_of(live) ? known.repeated + 1 : 1;
    known.found = digest_of(live);
  }
  known.wanted = child.digest;
  known.got = got;
  known.retry_at = now + ChildWriter::kRetryUnconverged;
  if (got != child.digest) return not_converging(child, changed_by({}));
  return std::nullopt;
}

}  // namespace controllers
