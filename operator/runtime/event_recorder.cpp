#include "operator/runtime/event_recorder.hpp"

#include <fmt/format.h>

#include "core/digest.hpp"
#include "core/log.hpp"
#include "core/time.hpp"

namespace runtime {

bool EventRecorder::said_lately(const std::string& words) {
  const auto now = std::chrono::steady_clock::now();
  const std::lock_guard lock{mutex_};
  std::erase_if(said_, [&](const auto& entry) { return now - entry.second > kQuietFor; });
  if (said_.contains(words)) return true;
  if (said_.size() >= kMaxRemembered) said_.clear();
  said_.emplace(words, now);
  return false;
}

void EventRecorder::record(const EventTarget& target, EventType type, std::string_view reason, std::string_view action,
                           std::string_view note, const std::stop_token& stop) {
  if (said_lately(core::digest(fmt::format("{}\n{}\n{}", target.uid, reason, note)))) return;
  const auto now = core::format_micro_time(std::chrono::system_clock::now());
  const kube::Object event{nlohmann::json{
      {"apiVersion", kube::types::kEvent.api_version()},
      {"kind", kube::types::kEvent.kind},
      {"metadata",
       {{"name", fmt::format("{}.{}", target.key.name, core::random_hex(8))}, {"namespace", target.key.name_space}}},
      {"eventTime", now},
      {"type", type == EventType::kNormal ? "Normal" : "Warning"},
      {"reason", reason},
      {"action", action},
      {"note", note.substr(0, kMaxNoteBytes)},
      {"reportingController", "realtimeoperator.dev/realtime-operator"},
      {"reportingInstance", instance_},
      {"regarding",
       {{"apiVersion", target.type.api_version()},
        {"kind", target.type.kind},
        {"namespace", target.key.name_space},
        {"name", target.key.name},
        {"uid", target.uid}}}}};
  const auto created = client_.create(kube::types::kEvent, event, stop);
  if (!created)
    core::log(core::LogLevel::kWarning, "an Event could not be written",
              {{"object", target.key.text()}, {"reason", reason}, {"error", created.error().message}});
}

}  // namespace runtime
