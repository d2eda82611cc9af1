// Keeps a target in step with the API server: list, then watch from there, and list again when the server has forgotten
// the version (410, as a status or inside the stream) or when a watch broke in the middle. Never gives up: RBAC may
// come later. Runs on a thread of its own, owned by the manager.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <thread>

#include "operator/kube/client.hpp"
#include "operator/runtime/store.hpp"

namespace runtime {

/// Where a reflector puts what it sees. Called on the reflector's thread only.
class ReflectorTarget {
 public:
  virtual ~ReflectorTarget() = default;
  virtual void begin_list() = 0;
  virtual void listed(const kube::Object& object) = 0;
  /// The list is complete: what it lacked is gone.
  virtual void end_list() = 0;
  virtual void put(const kube::Object& object) = 0;
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
  void removed(const kube::Object& object) override { store_.remove(object.key()); }

 private:
  Store<T>& store_;
  std::string name_space_;
  Reduce reduce_;
  std::vector<typename Store<T>::Listed> items_;
};

struct ReflectorTimes {
  std::chrono::milliseconds first_backoff{800};
  std::chrono::milliseconds last_backoff{30'000};
  std::chrono::seconds watch_duration{290};
};

class Reflector {
 public:
  Reflector(kube::Client& client, const kube::ResourceType& type, kube::Selection selection,
            std::unique_ptr<ReflectorTarget> target, ReflectorTimes times = {});

  void start();
  /// Asks the thread to end; the destructor waits for it.
  void stop() { thread_.request_stop(); }
  /// Whether the first list is complete.
  bool synced() const { return synced_; }
  const kube::ResourceType& type() const { return type_; }

 private:
  void run(const std::stop_token& stop);
  core::Result<std::string> list(const std::stop_token& stop);
  core::Result<void> watch(std::string& version, const std::stop_token& stop);
  void report(const core::Error& error);

  kube::Client& client_;
  const kube::ResourceType& type_;
  kube::Selection selection_;
  std::unique_ptr<ReflectorTarget> target_;
  ReflectorTimes times_;
  std::atomic<bool> synced_ = false;
  std::jthread thread_;
};

}  // namespace runtime
