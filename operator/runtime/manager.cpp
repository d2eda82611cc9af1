#include "operator/runtime/manager.hpp"

#include <algorithm>
#include <condition_variable>
#include <mutex>

#include "core/log.hpp"

namespace runtime {

Controller& Manager::controller(std::string name, int workers, Controller::Reconcile reconcile) {
  controllers_.push_back(std::make_unique<Controller>(std::move(name), workers, std::move(reconcile), metrics_));
  return *controllers_.back();
}

void Manager::run(const std::stop_token& stop, LeaderElector* elector) {
  static constexpr std::chrono::milliseconds kLookAgain{20};
  for (auto& reflector : reflectors_) reflector->start();
  std::mutex mutex;
  std::condition_variable_any condition;
  std::unique_lock lock{mutex};
  while (!synced() && !stop.stop_requested()) condition.wait_for(lock, stop, kLookAgain, [] { return false; });
  if (!stop.stop_requested()) core::log(core::LogLevel::kInfo, "caches are complete");
  if (!stop.stop_requested() && (elector == nullptr || elector->acquire(stop))) {
    core::log(core::LogLevel::kInfo, "starting the controllers");
    works_ = true;
    for (auto& controller : controllers_) controller->start();
    condition.wait(lock, stop, [] { return false; });
  }
  core::log(core::LogLevel::kInfo, "stopping");
  for (auto& controller : controllers_) controller->stop();
  for (auto& controller : controllers_) controller->join();
  if (elector != nullptr) elector->release();
  for (auto& reflector : reflectors_) reflector->stop();
}

bool Manager::synced() const {
  return std::all_of(reflectors_.begin(), reflectors_.end(), [](const auto& reflector) { return reflector->synced(); });
}

void Manager::update_gauges() {
  for (auto& controller : controllers_) controller->queue().update_gauges();
}

std::vector<std::string> Manager::scopes(const kube::ResourceType& type) const {
  if (!type.namespaced || namespaces_.empty()) return {""};
  return namespaces_;
}

}  // namespace runtime
