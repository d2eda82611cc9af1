// The order of a reconcile: observe, plan, apply, report. Level-based: each run starts from what is there, so none is
// ever a dead end. Owned by main; called by the controller's workers.
#pragma once

#include <chrono>
#include <stop_token>

#include "operator/controllers/realtimeapp/apply/child_writer.hpp"
#include "operator/controllers/realtimeapp/observe/app_memory.hpp"
#include "operator/controllers/realtimeapp/observe/caches.hpp"
#include "operator/controllers/realtimeapp/observe/connection_counter.hpp"
#include "operator/controllers/realtimeapp/observe/observer.hpp"
#include "operator/kube/client.hpp"
#include "operator/runtime/controller.hpp"
#include "operator/runtime/event_recorder.hpp"

namespace controllers {

struct ReconcilerOptions {
  DefaultImages images;
  /// How long what was read of a Secret counts.
  std::chrono::milliseconds secret_refresh{std::chrono::minutes{5}};
  /// For how long a reconcile begins to write children: a part of runtime::Controller::kReconcileTimeout, as requests
  /// may hang and the status is to tell.
  std::chrono::milliseconds begin_writes_within{std::chrono::seconds{60}};
  /// Which build of the operator this is (core::build_id()). Without it every child is built anew after a start.
  std::string build{};
};

class Reconciler {
 public:
  /// How soon a problem that needs action of a user is looked at again, if nothing that is watched changes.
  static constexpr std::chrono::seconds kRetryProblem{30};
  /// So many times in a row the caches may be behind before that is told: by the back-off between them, 75 ms and more.
  /// News comes sooner, see kube::TransferLoop::kRest.
  static constexpr int kMaxConflicts = 5;
  /// How far apart writes of the status are that tell of progress only.
  static constexpr std::chrono::seconds kProgressEvery{5};

  Reconciler(kube::Client& client, Caches& caches, ConnectionCounter& connections, runtime::EventRecorder& recorder,
             const ReconcilerOptions& options);

  core::Result<runtime::Action> reconcile(const kube::ObjectKey& key, const std::stop_token& stop);

 private:
  /// When to look again, once the status is written.
  using Wait = std::optional<std::chrono::milliseconds>;

  core::Result<Wait> write_status(const api::RealtimeApp& app, api::RealtimeAppStatus status, AppMemory& memory,
                                  const std::stop_token& stop);
  void tell_transition(const api::RealtimeApp& app, const api::RealtimeAppStatus& status, AppMemory& memory);
  void forget(const kube::ObjectKey& key);

  kube::Client& client_;
  Caches& caches_;
  ConnectionCounter& connections_;
  runtime::EventRecorder& recorder_;
  const std::chrono::milliseconds begin_writes_within_;
  Observer observer_;
  ChildWriter children_;
  AppMemories memories_;
};

}  // namespace controllers
