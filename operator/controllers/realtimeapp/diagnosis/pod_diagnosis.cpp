#include "operator/controllers/realtimeapp/diagnosis/pod_diagnosis.hpp"

#include <algorithm>
#include <array>
#include <chrono>

#include <fmt/format.h>

#include "core/time.hpp"
#include "core/utf8.hpp"
#include "operator/api/v1alpha1/conditions.hpp"
#include "operator/api/v1alpha1/labels.hpp"
#include "operator/controllers/realtimeapp/diagnosis/termination_messages.hpp"

namespace controllers {
namespace {

using kube::JsonView;
using kube::value_at;
namespace reason = api::reason;

constexpr std::size_t kMaxQuoted = 300;
constexpr int kKilled = 137;      // 128 and SIGKILL
constexpr int kTerminated = 143;  // 128 and SIGTERM
constexpr std::chrono::seconds kProbeSlack{30};
constexpr std::chrono::seconds kNewsSlack{10};  // by which the kubelet may tell of an end after the next start
// A container that ended once is started again at once, and may be well then.
constexpr int kEndsAgainAndAgain = 2;

constexpr std::array<std::string_view, 6> kPullReasons{"ErrImagePull",     "ImagePullBackOff",  "ErrImageNeverPull",
                                                       "InvalidImageName", "ImageInspectError", "RegistryUnavailable"};
constexpr std::array<std::string_view, 4> kStartReasons{"CreateContainerError", "RunContainerError",
                                                        "CreateContainerConfigError", "StartError"};

template <std::size_t kCount>
bool is_one_of(const std::array<std::string_view, kCount>& all, std::string_view word) {
  return std::find(all.begin(), all.end(), word) != all.end();
}

std::string quoted(std::string text) {
  std::replace(text.begin(), text.end(), '\n', ' ');
  return core::utf8_prefix(text, kMaxQuoted);
}

/// What follows the colon: the meaning, or where to look when it is not known.
std::string explained(std::string_view meaning, const std::string& pod) {
  return meaning.empty() ? fmt::format("see Events in `kubectl describe pod {}`", pod) : std::string{meaning};
}

PodDiagnosis pull_failed(const std::string& pod, JsonView status, JsonView waiting) {
  const auto words = value_at<std::string>(waiting, {"reason"}) + " " + value_at<std::string>(waiting, {"message"});
  return {{},
          reason::kImagePullFailed,
          fmt::format("pod \"{}\" cannot pull image \"{}\": {}", pod, value_at<std::string>(status, {"image"}),
                      explained(meaning_of_pull_error(words), pod)),
          true};
}

/// The node could not make or start the container; its words are the kubelet's and the runtime's own.
PodDiagnosis start_refused(const std::string& pod, const std::string& words) {
  const bool reference = words.find("not found") != std::string::npos && words.find("executable") == std::string::npos;
  const bool key = words.find("couldn't find key") != std::string::npos;
  return {{},
          reference || key ? std::string_view{reason::kReferenceNotFound} : std::string_view{reason::kContainerRefused},
          fmt::format("pod \"{}\" cannot start: {}; {}", pod, quoted(words),
                      reference || key ? "create it in this namespace, or correct the name in the spec"
                                       : "correct command, args or the image"),
          true};
}

/// Whether the startup probe may be what stopped the container: it did not run for longer than the probe lets it.
bool may_be_stopped_by_probe(JsonView spec, std::string_view container, JsonView ended) {
  const auto started = core::parse_time(value_at<std::string>(ended, {"startedAt"}));
  const auto finished = core::parse_time(value_at<std::string>(ended, {"finishedAt"}));
  if (!started || !finished) return true;
  std::chrono::seconds longest{value_at<int>(spec, {"terminationGracePeriodSeconds"})};
  for (const auto& candidate : spec.find("containers").elements()) {
    if (candidate.find("name").text() != container) continue;
    const auto probe = candidate.find("startupProbe");
    const int each = std::max(value_at<int>(probe, {"periodSeconds"}), value_at<int>(probe, {"timeoutSeconds"}));
    longest += std::chrono::seconds{each} * value_at<int>(probe, {"failureThreshold"});
  }
  using std::chrono::floor;
  using std::chrono::seconds;
  return floor<seconds>(*finished) - floor<seconds>(*started) <= longest + kProbeSlack;
}

PodDiagnosis crashing(const std::string& pod, JsonView spec, JsonView status, JsonView ended) {
  const int code = value_at<int>(ended, {"exitCode"});
  const auto name = value_at<std::string>(status, {"name"});
  const bool again = value_at<int>(status, {"restartCount"}) >= kEndsAgainAndAgain;
  if (value_at<std::string>(ended, {"reason"}) == "OOMKilled")
    return {{},
            reason::kOutOfMemory,
            fmt::format("container {} of pod \"{}\" exceeded its memory limit; increase resources.limits.memory", name,
                        pod),
            again};
  const bool was_stopped = code == kKilled || code == kTerminated;
  if (was_stopped && name == api::kComponentApp && !value_at<bool>(status, {"started"}) &&
      may_be_stopped_by_probe(spec, name, ended))
    return {{},
            reason::kProbeFailed,
            fmt::format("pod \"{}\" runs but does not answer an Engine.IO handshake; listen on 0.0.0.0:$PORT and serve "
                        "protocol.path",
                        pod),
            true};
  const auto meaning = meaning_of_termination_message(value_at<std::string>(ended, {"message"}));
  return {{},
          reason::kContainerCrashing,
          fmt::format("container {} of pod \"{}\" exited with code {}: {}", name, pod, code,
                      meaning.empty() ? fmt::format("see its log: `kubectl logs {} -c {} --previous`", pod, name)
                                      : std::string{meaning}),
          again};
}

/// Whether the container was ready since it started: what ended before that is no reason of what is now.
bool was_ready(JsonView pod, JsonView status) {
  const auto started = core::parse_time(value_at<std::string>(status, {"state", "running", "startedAt"}));
  for (const auto& condition : kube::list_at(pod, {"status", "conditions"})) {
    if (value_at<std::string>(condition, {"type"}) != "ContainersReady") continue;
    const auto since = core::parse_time(value_at<std::string>(condition, {"lastTransitionTime"}));
    return started && since && *since > *started + kNewsSlack;
  }
  return false;
}

std::optional<PodDiagnosis> diagnose_container(JsonView live, JsonView status, bool is_init) {
  const auto pod = value_at<std::string>(live, {"metadata", "name"});
  if (const auto waiting = kube::find_at(status, {"state", "waiting"}); !waiting.is_nothing()) {
    const auto why = value_at<std::string>(waiting, {"reason"});
    if (is_one_of(kPullReasons, why)) return pull_failed(pod, status, waiting);
    if (is_one_of(kStartReasons, why)) return start_refused(pod, value_at<std::string>(waiting, {"message"}));
  }
  if (value_at<bool>(status, {"ready"})) return std::nullopt;
  auto ended = kube::find_at(status, {"state", "terminated"});
  if (ended.is_nothing() && !was_ready(live, status)) ended = kube::find_at(status, {"lastState", "terminated"});
  if (ended.is_nothing()) return std::nullopt;
  if (is_init && value_at<int>(ended, {"exitCode"}) == 0) return std::nullopt;
  if (is_one_of(kStartReasons, value_at<std::string>(ended, {"reason"})) ||
      value_at<std::string>(ended, {"reason"}) == "ContainerCannotRun")
    return start_refused(pod, value_at<std::string>(ended, {"message"}));
  return crashing(pod, live.find("spec"), status, ended);
}

std::optional<PodDiagnosis> unscheduled(const std::string& pod, JsonView live) {
  for (const auto& condition : kube::list_at(live, {"status", "conditions"})) {
    if (value_at<std::string>(condition, {"type"}) != "PodScheduled" ||
        value_at<std::string>(condition, {"reason"}) != "Unschedulable")
      continue;
    const auto words = value_at<std::string>(condition, {"message"});
    // The scheduler's words for a claim that is not bound, or that does not exist.
    const bool volume = words.find("PersistentVolumeClaim") != std::string::npos ||
                        words.find("persistentvolumeclaim") != std::string::npos;
    if (volume)
      return PodDiagnosis{
          {},
          reason::kVolumePending,
          fmt::format("pod \"{}\" waits for its volume: {}; if that lasts, check that its StorageClass is one that "
                      "`kubectl get storageclass` lists: create that, or delete the app and its "
                      "PersistentVolumeClaim and create the app with another storageClassName",
                      pod, quoted(words))};
    return PodDiagnosis{
        {},
        reason::kUnschedulable,
        fmt::format("no node can run pod \"{}\": {}; decrease resources.requests, or add a node", pod, quoted(words))};
  }
  return std::nullopt;
}

std::optional<PodDiagnosis> diagnosis_of_pod(const kube::ObjectView& pod) {
  const auto live = pod.json();
  const auto name = pod.name();
  for (const auto& [list, is_init] : {std::pair{"initContainerStatuses", true}, std::pair{"containerStatuses", false}})
    for (const auto& status : kube::list_at(live, {"status", list}))
      if (auto diagnosis = diagnose_container(live, status, is_init)) return diagnosis;
  return unscheduled(name, live);
}

}  // namespace

std::optional<PodDiagnosis> diagnose_pod(const kube::ObjectView& pod) {
  const auto phase = value_at<std::string>(pod.json(), {"status", "phase"});
  if (pod.deleting() || phase == "Failed" || phase == "Succeeded") return std::nullopt;  // another takes its place
  auto diagnosis = diagnosis_of_pod(pod);
  if (diagnosis) {
    diagnosis->component = value_at<std::string>(pod.json(), {"metadata", "labels", api::label::kComponent});
    diagnosis->controller = value_at<std::string>(pod.controller(), {"name"});
  }
  return diagnosis;
}

}  // namespace controllers
