// Keeps a target in step with the API server: a watch that begins with a list of what is there, or, where the server
// does not stream lists, a list of pages and a watch from there. Lists again when the server has forgotten the version
// (410, as a status or inside the stream). Never gives up: RBAC, or the kind itself, may come later. Runs on a thread
// of its own, owned by the manager.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <thread>

#include "core/log.hpp"
#include "operator/kube/client.hpp"
#include "operator/runtime/store.hpp"

namespace runtime {

/// Where a reflector puts what it sees. Called on the reflector's thread only.
class ReflectorTarget {
 public:
  virtual ~ReflectorTarget() = default;
  /// Also when a list is begun anew that was cut off.
  virtual void begin_list() = 0;
  /// Once more for an object that changed while it was listed.
  virtual void listed(const kube::Object& object) = 0;
  /// The list is complete: what it lacked is gone.
  virtual void end_list() = 0;
  virtual void put(const kube::Object& object) = 0;
  /// Also of an object that was deleted after it was listed, before the end of the list.
  virtual void removed(const kube::Object& object) = 0;
};

/// A target that keeps reduced values in a store.
template <class T>
class StoreTarget final : public ReflectorTarget {
 public:
  using Reduce = std::function<T(const kube::Object&)>;

  StoreTarget(Store<T>& store, std::string name_space, Reduce reduce)
      : store_{store}, name_space_{std::move(name_space)}, reduce_{std::move(reduce)} {}

  void begin_list() override { items_.clear(); }
  void listed(const kube::Object& object) override {
    items_.push_back({object.key(), object.resource_version(), reduce_(object)});
  }
  void end_list() override { store_.replace(name_space_, std::exchange(items_, {})); }
  void put(const kube::Object& object) override {
    store_.put(object.key(), object.resource_version(), reduce_(object));
  }
  void removed(const kube::Object& object) override {
    std::erase_if(items_, [&](const auto& item) { return item.key == object.key(); });
    store_.remove(object.key());
  }

 private:
  Store<T>& store_;
  std::string name_space_;
  Reduce reduce_;
  std::vector<typename Store<T>::Listed> items_;
};

struct ReflectorTimes {
  std::chrono::milliseconds first_backoff{800};
  std::chrono::milliseconds last_backoff{30'000};
  /// The server ends a watch after this time, and tells so by a bookmark just before. A connection that died without a
  /// sign is noticed by what does not come: within `watch_duration` and `watch_margin` together, less than a minute.
  std::chrono::seconds watch_duration{50};
  std::chrono::milliseconds watch_margin{8'000};
  /// The same at any time before a list is complete, when the server has something to say.
  std::chrono::milliseconds list_idle{30'000};
};

class Reflector {
 public:
  Reflector(kube::Client& client, const kube::ResourceType& type, kube::Selection selection,
            std::unique_ptr<ReflectorTarget> target, ReflectorTimes times = {});

  void start();
  /// Asks the thread to end; the destructor waits for it.
  void stop() { thread_.request_stop(); }
  /// Whether the first list is complete, or there is none because the server does not serve the kind.
  bool synced() const { return synced_ || absent_; }

 private:
  void run(const std::stop_token& stop);
  core::Result<void> follow(const std::stop_token& stop);
  core::Result<void> list_pages(const std::stop_token& stop);
  core::Result<void> watch(const std::stop_token& stop);
  core::Result<void> take(const kube::WatchEvent& event);
  void complete_list(const std::string& version);
  void note_absent();
  void report(const core::Error& error, std::string_view what, core::LogLevel level) const;

  kube::Client& client_;
  const kube::ResourceType& type_;
  kube::Selection selection_;
  std::unique_ptr<ReflectorTarget> target_;
  ReflectorTimes times_;
  std::string version_;        // up to which the target is complete; empty before a list is
  bool streams_lists_ = true;  // until the server turns out not to know how
  std::atomic<bool> synced_ = false;
  std::atomic<bool> absent_ = false;  // the server does not serve the kind, as far as is known
  std::jthread thread_;
};

}  // namespace runtime
