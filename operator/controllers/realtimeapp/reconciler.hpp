// The thin shell around the plan: observes, performs, reports. Level-based: each run starts from what is there, so none
// is ever a dead end. Owned by main; called by the controller's workers.
#pragma once

#include <chrono>
#include <map>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>

#include "operator/controllers/realtimeapp/apply/child_writer.hpp"
#include "operator/controllers/realtimeapp/apply/redis_credentials.hpp"
#include "operator/controllers/realtimeapp/observe/caches.hpp"
#include "operator/controllers/realtimeapp/observe/connection_counter.hpp"
#include "operator/kube/client.hpp"
#include "operator/runtime/controller.hpp"
#include "operator/runtime/event_recorder.hpp"

namespace controllers {

struct ReconcilerOptions {
  std::string redis_image = "redis:7.4-alpine";
  std::string server_image;
  /// How long what was read of a Secret counts.
  std::chrono::milliseconds secret_refresh{std::chrono::minutes{5}};
};

class Reconciler {
 public:
  /// How soon a problem that a person has to mend is looked at again, if nothing that is watched changes.
  static constexpr std::chrono::seconds kRetryProblem{30};
  /// For how long Redis may be without a pod before it is asked why, as Events are not watched.
  static constexpr std::chrono::seconds kPodPatience{5};

  Reconciler(kube::Client& client, Caches& caches, ConnectionCounter& connections, runtime::EventRecorder& recorder,
             ReconcilerOptions options);

  core::Result<runtime::Action> reconcile(const kube::ObjectKey& key, const std::stop_token& stop);

 private:
  core::Result<std::string> refused_redis_pod(const api::RealtimeApp& app, const Observed& observed,
                                              const std::stop_token& stop);
  core::Result<Observed> observe(const api::RealtimeApp& app, const std::stop_token& stop);
  core::Result<void> bring_about(const api::RealtimeApp& app, Observed& observed, const std::stop_token& stop);
  core::Result<void> write_status(const api::RealtimeApp& app, api::RealtimeAppStatus status,
                                  const std::stop_token& stop);
  void tell_transition(const api::RealtimeApp& app, const api::RealtimeAppStatus& status, const std::stop_token& stop);
  void forget(const kube::ObjectKey& key);

  kube::Client& client_;
  Caches& caches_;
  ConnectionCounter& connections_;
  runtime::EventRecorder& recorder_;
  ReconcilerOptions options_;
  RedisCredentialsStore credentials_;
  ChildWriter children_;
  struct Remembered {
    std::string uid;
    std::optional<std::chrono::steady_clock::time_point> without_redis_pod_since;
  };

  std::mutex mutex_;
  std::map<kube::ObjectKey, Remembered> remembered_;
};

}  // namespace controllers
