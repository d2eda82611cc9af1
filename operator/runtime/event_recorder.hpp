// Tells users what was done, as events.k8s.io/v1 Events on the object concerned. The same words about the same object
// are said at most once in ten minutes. Owned by main; locks, so safe on any thread.
#pragma once

#include <chrono>
#include <mutex>
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
  static constexpr std::size_t kMaxRemembered = 4096;
  static constexpr std::size_t kMaxNoteBytes = 1024;  // events.k8s.io/v1, Event.note

  EventRecorder(kube::Client& client, std::string instance) : client_{client}, instance_{std::move(instance)} {}

  /// Writes an Event: `reason` one word of a catalogue, `action` what was being done, `note` a sentence. A failure is
  /// logged; an Event is never worth failing a reconcile.
  void record(const EventTarget& target, EventType type, std::string_view reason, std::string_view action,
              std::string_view note, const std::stop_token& stop);

 private:
  bool said_lately(const std::string& words);

  kube::Client& client_;
  const std::string instance_;
  std::mutex mutex_;
  std::unordered_map<std::string, std::chrono::steady_clock::time_point> said_;
};

}  // namespace runtime
