// Counts the open connections of every app of the bundled server, once a minute, from its replicas' metrics. The asking
// is done by a thread of its own, so that no reconcile waits for a replica that does not answer. Owned by main; locks,
// so safe on any thread.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "core/result.hpp"
#include "operator/api/v1alpha1/realtime_app.hpp"

namespace controllers {

/// The connections in a replica's metrics, over all transports; nothing if the text does not tell.
std::optional<std::int64_t> open_connections(std::string_view exposition);

/// What a status that says `shown` should say once `counted` is known: a change of less than a twentieth is not worth a
/// write.
std::optional<std::int64_t> connections_to_show(std::optional<std::int64_t> shown, std::optional<std::int64_t> counted);

class ConnectionCounter {
 public:
  static constexpr std::chrono::seconds kInterval{60};

  /// HOST:PORT of the metrics of each ready replica of an app.
  using Addresses = std::function<std::vector<std::string>(const kube::ObjectKey& app)>;
  /// The bodies at these URLs, in their order.
  using Fetch = std::function<std::vector<core::Result<std::string>>(const std::vector<std::string>& urls,
                                                                     const std::stop_token& stop)>;
  using Tell = std::function<void(const kube::ObjectKey& app)>;

  ConnectionCounter(Addresses addresses, Fetch fetch, std::chrono::milliseconds interval = kInterval)
      : addresses_{std::move(addresses)}, fetch_{std::move(fetch)}, interval_{interval} {}

  /// What the app's status should say. The app is counted from now on, first as soon as it has a ready replica.
  std::optional<std::int64_t> look_up(const api::RealtimeApp& app);

  /// The app is counted no more.
  void forget(const kube::ObjectKey& app);

  /// Starts the counting, which ends with the thread. `tell` is called on it for each app whose status should say
  /// something else than `look_up` has said.
  std::jthread start(Tell tell);

 private:
  using Clock = std::chrono::steady_clock;

  struct Followed {
    std::string uid;
    Clock::time_point due = Clock::now();
    bool looked = false;                  ///< ever
    bool asked = false;                   ///< some replica, ever
    std::optional<std::int64_t> counted;  ///< by the last look
    std::optional<std::int64_t> shown;    ///< what `look_up` has said
  };
  /// What one look is to find out, and what came of it.
  struct Look {
    kube::ObjectKey app;
    std::string uid;
    std::size_t replicas = 0;
    std::optional<std::int64_t> counted;
    std::string problem;  ///< of one of the replicas that did not tell
  };

  void run(const Tell& tell, const std::stop_token& stop);
  void set_due(const kube::ObjectKey& app, Followed& followed, Clock::time_point due);
  std::vector<Look> take_due(const std::stop_token& stop);
  void ask(std::vector<Look>& looks, const std::stop_token& stop);
  bool note(const Look& look);

  const Addresses addresses_;
  const Fetch fetch_;
  const std::chrono::milliseconds interval_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::map<kube::ObjectKey, Followed> followed_;
  std::set<std::pair<Clock::time_point, kube::ObjectKey>> due_;  // each of followed_, by its time
};

}  // namespace controllers
