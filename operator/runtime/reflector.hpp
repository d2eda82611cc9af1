// Keeps a target in step with the API server: a watch that begins with a list of what is there, or, where the server
// does not stream lists, a list of pages and a watch from there. Lists again when the server has forgotten the version
// (410, as a status or inside the stream). Never gives up: RBAC, or the kind itself, may come later. Owned by the
// manager; runs on threads that it shares with the others.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "operator/kube/client.hpp"
#include "operator/runtime/reflector_threads.hpp"
#include "operator/runtime/store.hpp"

namespace runtime {

/// Where a reflector puts what it sees. Called on one thread at a time.
class ReflectorTarget {
 public:
  virtual ~ReflectorTarget() = default;
  /// Also when a list that was cut off begins again.
  virtual void begin_list() = 0;
  /// Once more for an object that changed while it was listed.
  virtual void listed(const kube::ObjectView& object) = 0;
  /// The list is complete: what it lacked is gone.
  virtual void end_list() = 0;
  virtual void put(const kube::ObjectView& object) = 0;
  /// Whether what a watch brings is there in this version already: then it is not put.
  virtual bool confirm(const kube::ObjectKey& /*key*/, const std::string& /*version*/) { return false; }
  /// Also of an object that was deleted after it was listed, before the end of the list.
  virtual void removed(const kube::ObjectView& object) = 0;
};

/// A target that keeps reduced values in a store.
template <class T>
class StoreTarget final : public ReflectorTarget {
 public:
  using Reduce = std::function<T(const kube::ObjectView&)>;

  StoreTarget(Store<T>& store, std::string name_space, Reduce reduce)
      : store_{store}, name_space_{std::move(name_space)}, reduce_{std::move(reduce)} {}

  void begin_list() override { items_.clear(); }
  void listed(const kube::ObjectView& object) override {
    items_.push_back({object.key(), object.resource_version(), reduce_(object)});
  }
  void end_list() override { store_.replace(name_space_, std::exchange(items_, {})); }
  void put(const kube::ObjectView& object) override {
    store_.put(object.key(), object.resource_version(), reduce_(object));
  }
  bool confirm(const kube::ObjectKey& key, const std::string& version) override { return store_.confirm(key, version); }
  void removed(const kube::ObjectView& object) override {
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
  /// `threads`, `client` and `type` outlive the reflector.
  Reflector(ReflectorThreads& threads, kube::Client& client, const kube::ResourceType& type, kube::Selection selection,
            std::unique_ptr<ReflectorTarget> target, ReflectorTimes times = {});
  /// Waits until what it does has ended.
  ~Reflector();
  Reflector(const Reflector&) = delete;
  Reflector& operator=(const Reflector&) = delete;

  void start();
  /// Asks it to end; does not wait.
  void stop();
  /// Whether the first list is complete, or there is none because the server does not serve the kind.
  bool synced() const;

 private:
  class Loop;
  std::unique_ptr<Loop> loop_;
};

}  // namespace runtime
