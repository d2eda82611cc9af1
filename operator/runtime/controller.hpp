// Workers that take keys from a queue and reconcile them: level-based, at most one at a time for each key. What fails
// is tried again with back-off. Owned by the manager; each worker is a thread.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "core/metrics.hpp"
#include "core/result.hpp"
#include "operator/runtime/time_limit.hpp"
#include "operator/runtime/work_queue.hpp"

namespace runtime {

/// What a successful reconcile asks for.
struct Action {
  std::optional<std::chrono::milliseconds> requeue_after;  ///< nothing: wait for the next change

  static Action await_change() { return {}; }
  static Action requeue(std::chrono::milliseconds delay) { return {delay}; }
};

class Controller {
 public:
  /// Brings one object's world in line with its specification. Called from several threads, never twice at once for one
  /// key. An exception counts as an error. The token is stopped when the controller is, and when it takes too long.
  using Reconcile = std::function<core::Result<Action>(const kube::ObjectKey&, const std::stop_token&)>;

  /// A reconcile that takes longer is ended and tried again, so that what hangs holds no worker for ever.
  static constexpr std::chrono::minutes kReconcileTimeout{2};

  Controller(std::string name, int workers, Reconcile reconcile, core::Metrics& metrics,
             std::chrono::milliseconds reconcile_timeout = kReconcileTimeout);

  WorkQueue& queue() { return queue_; }
  void start();
  /// Asks the workers to end after what they are doing.
  void stop();
  /// Waits until they have.
  void join();

 private:
  void work(const std::stop_token& stop);
  void reconcile_one(const kube::ObjectKey& key, const std::stop_token& stop);
  core::Result<Action> guarded(const kube::ObjectKey& key, const std::stop_token& stop);
  void requeue(const kube::ObjectKey& key, const core::Error& error);

  const std::string name_;
  const int worker_count_;
  Reconcile reconcile_;
  core::Metrics& metrics_;
  WorkQueue queue_;
  TimeLimit time_limit_;
  std::atomic<int> active_ = 0;
  std::vector<std::jthread> workers_;
};

}  // namespace runtime
