// Counts the open connections of every app of the bundled server, once a minute, from its replicas' metrics. The asking
// is done by a thread of its own, so that no reconcile waits for a replica that does not answer. Owned by main; locks,
// so safe on any thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

#include "core/result.hpp"
#include "operator/api/v1alpha1/realtime_app.hpp"
#include "operator/kube/fetch.hpp"
#include "operator/kube/uid.hpp"

namespace controllers {

/// The connections in a replica's metrics, which are read line by line.
class OpenConnections {
 public:
  void read(std::string_view line);
  /// Over all transports; nothing if the lines do not tell.
  std::optional<std::int64_t> sum() const { return is_wrong_ ? std::nullopt : sum_; }

 private:
  std::optional<std::int64_t> sum_;
  bool is_wrong_ = false;
};

/// What a status that says `shown` should say once `counted` is known: a change of less than a twentieth is not worth a
/// write.
std::optional<std::int64_t> connections_to_show(std::optional<std::int64_t> shown, std::optional<std::int64_t> counted);

class ConnectionCounter {
 public:
  static constexpr std::chrono::seconds kInterval{60};
  /// What is to be counted soon waits for so long, so that one look serves all apps of a start.
  static constexpr std::chrono::milliseconds kGather{50};

  /// HOST:PORT of the metrics of each ready replica of an app.
  using Addresses = std::function<std::vector<std::string>(const kube::ObjectKey& app)>;
  using Tell = std::function<void(const kube::ObjectKey& app)>;

  /// `limits` hold for all apps; its groups are namespaces.
  explicit ConnectionCounter(Addresses addresses, std::chrono::milliseconds interval = kInterval,
                             const kube::FetchLimits& limits = {})
      : addresses_{std::move(addresses)}, interval_{interval}, fetcher_{limits} {}

  /// What the app's status should say. The app is counted from now on, first as soon as it has a ready replica.
  std::optional<std::int64_t> look_up(const api::RealtimeApp& app);

  /// The app is counted no more.
  void forget(const kube::ObjectKey& app);

  /// Starts the counting, which ends with the thread; once. `tell` is called on it for each app whose status should say
  /// something else than `look_up` has said.
  std::jthread start(Tell tell);

 private:
  using Clock = std::chrono::steady_clock;

  struct Followed {
    kube::Uid uid;
    Clock::time_point due = Clock::now() + kGather;
    bool is_asked = false;                ///< a look is under way
    bool looked = false;                  ///< ever
    bool asked = false;                   ///< some replica, ever
    std::optional<std::int64_t> counted;  ///< by the last look
    std::optional<std::int64_t> shown;    ///< what `look_up` has said
  };
  using Apps = std::unordered_map<kube::ObjectKey, Followed>;
  using App = Apps::value_type;
  /// What one look is to find out, and what came of it.
  struct Look {
    kube::ObjectKey app;
    kube::Uid uid;
    std::size_t replicas = 0;
    std::size_t left = 0;  ///< of them, those that have neither told nor failed
    std::optional<std::int64_t> counted;
    std::string problem;    ///< of the first replica that did not tell
    std::stop_source vain;  ///< once one did not tell
  };

  void run(const std::stop_token& stop);
  Clock::time_point next_due() const;
  void set_due(App& app, Clock::time_point due);
  Clock::time_point begin_due();
  void begin(Look look);
  void take(Look& look, const core::Result<void>& outcome, const OpenConnections& open);
  void finish(const Look& look);
  bool note(const Look& look);

  const Addresses addresses_;
  const std::chrono::milliseconds interval_;
  Tell tell_;
  kube::Fetcher fetcher_;  // of the thread that counts
  std::mutex mutex_;
  Apps followed_;
  std::set<std::pair<Clock::time_point, App*>> due_;  // each of followed_, by its time
};

}  // namespace controllers
