// Tells users what was done, as events.k8s.io/v1 Events on the object concerned. The same words about the same object
// are one Event, whose series counts how often they were said, brought up to date at most once in ten minutes. Owned by
// main; locks, so safe on any thread.
#pragma once

#include <chrono>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <unordered_map>

#include "operator/kube/client.hpp"

namespace runtime {

enum class EventType { kNormal, kWarning };

struct EventTarget {
  const kube::ResourceType& type;
  kube::ObjectKey key;
  std::string uid;
};

class EventRecorder {
 public:
  static constexpr std::chrono::minutes kQuietFor{10};
  static constexpr std::chrono::minutes kForgetAfter{60};  // as long as the API server keeps Events by default
  static constexpr std::size_t kMaxRemembered = 4096;
  static constexpr std::size_t kMaxNoteBytes = 1024;  // events.k8s.io/v1, Event.note

  EventRecorder(kube::Client& client, std::string instance, std::chrono::milliseconds quiet_for = kQuietFor)
      : client_{client}, instance_{std::move(instance)}, quiet_for_{quiet_for} {}

  /// Writes an Event: `reason` one word of a catalogue, `action` what was being done, `note` a sentence. A failure is
  /// logged; an Event is never worth failing a reconcile.
  void record(const EventTarget& target, EventType type, std::string_view reason, std::string_view action,
              std::string_view note, const std::stop_token& stop);

 private:
  using Clock = std::chrono::steady_clock;
  struct Said {
    std::string event;  // its name
    int count = 1;
    Clock::time_point written_at;
  };

  std::optional<Said> remember(const std::string& words, const std::string& event);
  bool count_again(const EventTarget& target, const Said& said, const std::stop_token& stop);

  kube::Client& client_;
  const std::string instance_;
  const std::chrono::milliseconds quiet_for_;
  std::mutex mutex_;
  std::unordered_map<std::string, Said> said_;
};

}  // namespace runtime
