// Tells users what was done, as events.k8s.io/v1 Events on the object concerned. They are written separately, by a
// thread of the recorder's own, so that no reconcile waits for one. The same note about the same object is one Event,
// whose series counts how often it was recorded, brought up to date at most once in ten minutes. Owned by main; safe on
// any thread.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_map>

#include "operator/kube/client.hpp"
#include "operator/kube/uid.hpp"

namespace runtime {

enum class EventType { kNormal, kWarning };

struct EventTarget {
  const kube::ResourceType& type;
  kube::ObjectKey key;
  kube::Uid uid;
};

class EventRecorder {
 public:
  static constexpr std::chrono::minutes kQuietFor{10};
  static constexpr std::chrono::minutes kForgetAfter{60};  // as long as the API server keeps Events by default
  static constexpr std::size_t kMaxRemembered = 4096;
  static constexpr std::size_t kMaxWaiting = 4096;
  static constexpr std::size_t kMaxNoteBytes = 1024;  // events.k8s.io/v1, Event.note
  /// For how long the destructor continues to write what still waits.
  static constexpr std::chrono::seconds kFlushFor{1};

  EventRecorder(kube::Client& client, std::string instance, std::chrono::milliseconds quiet_for = kQuietFor);
  ~EventRecorder();
  EventRecorder(const EventRecorder&) = delete;
  EventRecorder& operator=(const EventRecorder&) = delete;

  /// Takes an Event to be written: `reason` one word of a catalogue, `action` what was being done, `note` a sentence.
  /// Never blocks. One that cannot be written, or for which there is no room, is logged; no Event is worth more.
  void record(const EventTarget& target, EventType type, std::string_view reason, std::string_view action,
              std::string_view note);

 private:
  using Clock = std::chrono::steady_clock;
  struct Waiting {
    EventTarget target;
    EventType type;
    std::string reason;
    std::string action;
    std::string note;
    std::string time;  // when it was recorded
  };
  struct Said {
    std::string event;  // its name
    int count = 1;
    Clock::time_point written_at;
  };

  void run(const std::stop_token& stop);
  void write(const Waiting& event, const std::stop_token& stop);
  std::optional<Said> remember(const std::string& note, const std::string& event);
  bool count_again(const Waiting& event, const Said& said, const std::stop_token& stop);

  kube::Client& client_;
  const std::string instance_;
  const std::chrono::milliseconds quiet_for_;
  std::unordered_map<std::string, Said> said_;  // of the thread

  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::deque<Waiting> waiting_;
  std::stop_source flushed_;  // the writes themselves end by it, not by the thread's own token
  std::jthread thread_;
};

}  // namespace runtime
