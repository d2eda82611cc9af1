#include "operator/runtime/event_recorder.hpp"

#include <fmt/format.h>

#include "core/digest.hpp"
#include "core/log.hpp"
#include "core/time.hpp"

namespace runtime {

/// What is to be written for these words now: a new Event with this name (count 1), another count of an older one, or
/// nothing.
std::optional<EventRecorder::Said> EventRecorder::remember(const std::string& words, const std::string& event) {
  const auto now = Clock::now();
  const std::lock_guard lock{mutex_};
  std::erase_if(said_, [&](const auto& entry) { return now - entry.second.written_at > kForgetAfter; });
  if (const auto found = said_.find(words); found != said_.end()) {
    auto& said = found->second;
    ++said.count;
    if (now - said.written_at < quiet_for_) return std::nullopt;
    said.written_at = now;
    return said;
  }
  if (said_.size() >= kMaxRemembered) said_.clear();
  return said_.emplace(words, Said{event, 1, now}).first->second;
}

/// Whether the older Event still exists and counts on.
bool EventRecorder::count_again(const EventTarget& target, const Said& said, const std::stop_token& stop) {
  const nlohmann::json series{
      {"series",
       {{"count", said.count}, {"lastObservedTime", core::format_micro_time(std::chrono::system_clock::now())}}}};
  return client_.patch(kube::types::kEvent, {target.key.name_space, said.event}, series, stop).has_value();
}

void EventRecorder::record(const EventTarget& target, EventType type, std::string_view reason, std::string_view action,
                           std::string_view note, const std::stop_token& stop) {
  const auto said = remember(core::digest(fmt::format("{}\n{}\n{}", target.uid, reason, note)),
                             fmt::format("{}.{}", target.key.name, core::random_hex(8)));
  if (!said || (said->count > 1 && count_again(target, *said, stop))) return;
  const auto now = core::format_micro_time(std::chrono::system_clock::now());
  const kube::Object event{nlohmann::json{{"apiVersion", kube::types::kEvent.api_version()},
                                          {"kind", kube::types::kEvent.kind},
                                          {"metadata", {{"name", said->event}, {"namespace", target.key.name_space}}},
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
