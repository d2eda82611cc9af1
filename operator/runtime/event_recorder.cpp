#include "operator/runtime/event_recorder.hpp"

#include <utility>

#include <fmt/format.h>

#include "core/digest.hpp"
#include "core/log.hpp"
#include "core/time.hpp"
#include "core/utf8.hpp"

namespace runtime {

EventRecorder::EventRecorder(kube::Client& client, std::string instance, std::chrono::milliseconds quiet_for)
    : client_{client},
      instance_{std::move(instance)},
      quiet_for_{quiet_for},
      thread_{[this](const std::stop_token& stop) { run(stop); }} {}

EventRecorder::~EventRecorder() {
  thread_.request_stop();
  {
    std::unique_lock lock{mutex_};
    changed_.wait_for(lock, kFlushFor, [this] { return waiting_.empty(); });
  }
  flushed_.request_stop();
}

void EventRecorder::record(const EventTarget& target, EventType type, std::string_view reason, std::string_view action,
                           std::string_view note) {
  Waiting event{target,
                type,
                std::string{reason},
                std::string{action},
                core::utf8_prefix(note, kMaxNoteBytes),
                core::format_micro_time(std::chrono::system_clock::now())};
  {
    const std::lock_guard lock{mutex_};
    if (waiting_.size() < kMaxWaiting) {
      waiting_.push_back(std::move(event));
      changed_.notify_all();
      return;
    }
  }
  core::log(core::LogLevel::kWarning, "an Event is dropped: too many wait to be written",
            {{"object", target.key.text()}, {"reason", reason}});
}

/// What waits when the thread is to end is written still, until the destructor's patience is over.
void EventRecorder::run(const std::stop_token& stop) {
  std::unique_lock lock{mutex_};
  while (true) {
    changed_.wait(lock, stop, [this] { return !waiting_.empty(); });
    if (waiting_.empty() || flushed_.stop_requested()) return;
    const auto event = waiting_.front();
    lock.unlock();
    write(event, flushed_.get_token());
    lock.lock();
    waiting_.pop_front();
    if (waiting_.empty()) changed_.notify_all();
  }
}

/// What is to be written for this note now: a new Event with this name (count 1), another count of an older one, or
/// nothing.
std::optional<EventRecorder::Said> EventRecorder::remember(const std::string& note, const std::string& event) {
  const auto now = Clock::now();
  const auto is_old = [&](const auto& entry) { return now - entry.second.written_at > kForgetAfter; };
  if (said_.size() >= kMaxRemembered) std::erase_if(said_, is_old);
  if (const auto found = said_.find(note); found != said_.end() && !is_old(*found)) {
    auto& said = found->second;
    ++said.count;
    if (now - said.written_at < quiet_for_) return std::nullopt;
    said.written_at = now;
    return said;
  }
  if (said_.size() >= kMaxRemembered) said_.clear();
  return said_.insert_or_assign(note, Said{event, 1, now}).first->second;
}

/// Whether the older Event still exists and counts on.
bool EventRecorder::count_again(const Waiting& event, const Said& said, const std::stop_token& stop) {
  const kube::Json series = {{"series", {{"count", said.count}, {"lastObservedTime", event.time}}}};
  return client_.patch(kube::types::kEvent, {event.target.key.name_space, said.event}, series, stop).has_value();
}

void EventRecorder::write(const Waiting& waiting, const std::stop_token& stop) {
  const auto& target = waiting.target;
  const auto said = remember(core::digest(fmt::format("{}\n{}\n{}", target.uid.text(), waiting.reason, waiting.note)),
                             fmt::format("{}.{}", target.key.name, core::random_hex(8)));
  if (!said || (said->count > 1 && count_again(waiting, *said, stop))) return;
  const kube::Object event{{{"apiVersion", kube::types::kEvent.api_version()},
                            {"kind", kube::types::kEvent.kind},
                            {"metadata", {{"name", said->event}, {"namespace", target.key.name_space}}},
                            {"eventTime", waiting.time},
                            {"type", waiting.type == EventType::kNormal ? "Normal" : "Warning"},
                            {"reason", waiting.reason},
                            {"action", waiting.action},
                            {"note", waiting.note},
                            {"reportingController", "realtimeoperator.dev/realtime-operator"},
                            {"reportingInstance", instance_},
                            {"regarding",
                             {{"apiVersion", target.type.api_version()},
                              {"kind", target.type.kind},
                              {"namespace", target.key.name_space},
                              {"name", target.key.name},
                              {"uid", target.uid.text()}}}}};
  const auto created = client_.create(kube::types::kEvent, event, stop);
  if (!created)
    core::log(core::LogLevel::kWarning, "an Event could not be written",
              {{"object", target.key.text()}, {"reason", waiting.reason}, {"error", created.error().message}});
}

}  // namespace runtime
