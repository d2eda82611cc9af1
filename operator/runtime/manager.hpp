// Starts and stops the parts in order: caches first, controllers once every cache is complete. Owned by main.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "operator/kube/client.hpp"
#include "operator/runtime/controller.hpp"
#include "operator/runtime/leader_elector.hpp"
#include "operator/runtime/reflector.hpp"

namespace runtime {

class Manager {
 public:
  /// `namespaces` are those that are watched; none means all.
  Manager(ReflectorThreads& threads, kube::Client& client, core::Metrics& metrics, std::vector<std::string> namespaces)
      : threads_{threads}, client_{client}, metrics_{metrics}, namespaces_{std::move(namespaces)} {}

  /// Keeps `store` in step with the objects of a type that are selected, in all the watched namespaces, each reduced to
  /// a T. Only before `run`; the store outlives the manager.
  template <class T>
  void cache(const kube::ResourceType& type, const kube::Selection& selection, Store<T>& store,
             typename StoreTarget<T>::Reduce reduce) {
    watch(type, selection, [&store, reduce](const std::string& name_space) {
      return std::make_unique<StoreTarget<T>>(store, name_space, reduce);
    });
  }

  /// The same for what is kept otherwise: `make_target` makes the target for a namespace, empty for all.
  void watch(const kube::ResourceType& type, kube::Selection selection,
             const std::function<std::unique_ptr<ReflectorTarget>(const std::string& name_space)>& make_target) {
    for (const auto& name_space : scopes(type)) {
      selection.name_space = name_space;
      reflectors_.push_back(std::make_unique<Reflector>(threads_, client_, type, selection, make_target(name_space)));
    }
  }

  /// Adds a controller; the reference lives as long as the manager. Only before `run`.
  Controller& controller(std::string name, int workers, Controller::Reconcile reconcile);

  /// Runs until `stop` is requested, then ends the controllers before the caches. With an elector the controllers wait
  /// until this instance leads, with warm caches, and the lease is given back when they have ended.
  void run(const std::stop_token& stop, LeaderElector* elector = nullptr);

  /// Whether every cache has had its first list.
  bool synced() const;
  /// Whether the controllers work: the caches are complete, and this instance leads where one is elected.
  bool works() const { return works_; }
  /// Brings gauges that change with time up to date; called before metrics are shown.
  void update_gauges();

 private:
  std::vector<std::string> scopes(const kube::ResourceType& type) const;

  ReflectorThreads& threads_;
  kube::Client& client_;
  core::Metrics& metrics_;
  std::vector<std::string> namespaces_;
  std::vector<std::unique_ptr<Controller>> controllers_;
  std::vector<std::unique_ptr<Reflector>> reflectors_;  // end before the queues that they fill
  std::atomic<bool> works_ = false;
};

}  // namespace runtime
