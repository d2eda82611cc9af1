// Gathers what the plan may look at: from the caches, and from what is read by name because it is not watched. Writes
// nothing. Owned by the reconciler; safe on any thread, one app on one thread at a time.
#pragma once

#include <chrono>
#include <optional>
#include <stop_token>
#include <string>

#include "operator/controllers/realtimeapp/observe/app_memory.hpp"
#include "operator/controllers/realtimeapp/observe/caches.hpp"
#include "operator/controllers/realtimeapp/observe/connection_counter.hpp"
#include "operator/controllers/realtimeapp/observe/secrets.hpp"

namespace controllers {

/// What apps get that name no image.
struct DefaultImages {
  std::string redis = "redis:7.4-alpine";
  std::string server;
};

class Observer {
 public:
  /// For how long Redis may be without a pod before it is asked why, as Events are not watched.
  static constexpr std::chrono::seconds kPodPatience{5};

  Observer(kube::Client& client, Caches& caches, ConnectionCounter& connections, DefaultImages images,
           std::string build, std::chrono::milliseconds secret_refresh)
      : client_{client},
        caches_{caches},
        connections_{connections},
        images_{std::move(images)},
        build_{std::move(build)},
        secrets_{client, secret_refresh} {}

  /// Everything of the app. What could not be read is told in it: what follows from the rest is done all the same.
  Observed observe(const api::RealtimeApp& app, AppMemory& memory, const std::stop_token& stop);

  /// Whoever takes our label from the Ingress takes it out of the cache, but not out of what serves it. The status
  /// knows that there was one, and then it is read.
  void observe_unlabelled_ingress(const api::RealtimeApp& app, Observed& observed, const std::stop_token& stop);

  /// Whether Redis' StatefulSet has been seen by its controller and has no pod, so that its Events are of interest.
  static bool lacks_redis_pod(const api::RealtimeApp& app, const Observed& observed);

 private:
  void observe_redis(const api::RealtimeApp& app, Observed& observed, AppMemory& memory, const std::stop_token& stop);
  void observe_refused_pod(const api::RealtimeApp& app, Observed& observed, AppMemory& memory,
                           const std::stop_token& stop);

  kube::Client& client_;
  Caches& caches_;
  ConnectionCounter& connections_;
  const DefaultImages images_;
  const std::string build_;  // of the operator
  SecretReader secrets_;
};

}  // namespace controllers
