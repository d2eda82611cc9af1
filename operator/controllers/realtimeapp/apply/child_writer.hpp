// Brings an app's children in line with the plan: writes what differs, removes what is no longer wanted, and says what
// could not be done. Owned by the reconciler; locks, so safe on any thread.
#pragma once

#include <chrono>
#include <map>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>

#include "operator/api/v1alpha1/realtime_app.hpp"
#include "operator/controllers/realtimeapp/observe/caches.hpp"
#include "operator/controllers/realtimeapp/plan/plan.hpp"
#include "operator/kube/client.hpp"
#include "operator/runtime/event_recorder.hpp"

namespace controllers {

class ChildWriter {
 public:
  /// A child that came out of an apply other than it was asked for is tried again after this time.
  static constexpr std::chrono::minutes kRetryUnconverged{5};

  ChildWriter(kube::Client& client, Caches& caches, runtime::EventRecorder& recorder)
      : client_{client}, caches_{caches}, recorder_{recorder} {}

  /// Performs the plan. What a person has to mend is added to `problems`; the failure returned is one that a retry may
  /// overcome.
  core::Result<void> perform(const api::RealtimeApp& app, const Plan& plan, const Observed& observed,
                             std::map<ChildId, Problem>& problems, const std::stop_token& stop);

  void forget(const std::string& app_uid);

 private:
  /// An apply whose outcome differed from what was asked, as digests of both.
  struct Unconverged {
    std::string app_uid;
    std::string wanted;
    std::string got;
    std::chrono::steady_clock::time_point retry_at;
  };
  using Outcome = core::Result<std::optional<Problem>>;

  Outcome write(const api::RealtimeApp& app, const PlannedChild& child, const ChildState* live,
                const std::stop_token& stop);
  Outcome apply(const api::RealtimeApp& app, const PlannedChild& child, const ChildState* live,
                const std::string& wanted, const std::stop_token& stop);
  Outcome adopt_name(const api::RealtimeApp& app, const PlannedChild& child, const std::stop_token& stop);
  core::Result<kube::Object> apply_past_conflicts(const PlannedChild& child, const core::Error& refusal,
                                                  const std::stop_token& stop);
  core::Result<void> remove(const api::RealtimeApp& app, const ChildId& id, const ChildState& live,
                            const std::stop_token& stop);
  std::optional<Problem> known_unconverged(const PlannedChild& child, const ChildState& live,
                                           const std::string& wanted);
  void tell(const api::RealtimeApp& app, runtime::EventType type, std::string_view reason, const std::string& note,
            const std::stop_token& stop);

  kube::Client& client_;
  Caches& caches_;
  runtime::EventRecorder& recorder_;
  std::mutex mutex_;
  std::map<std::string, Unconverged> unconverged_;  // by the child's uid
};

}  // namespace controllers
