// Brings an app's children in line with the plan: writes what differs, removes what is no longer wanted, and says what
// could not be done. What one child needs and cannot be had holds that child back, and no other. Owned by the
// reconciler; safe on any thread, one app on one thread at a time.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "operator/api/v1alpha1/realtime_app.hpp"
#include "operator/controllers/realtimeapp/observe/app_memory.hpp"
#include "operator/controllers/realtimeapp/observe/caches.hpp"
#include "operator/controllers/realtimeapp/plan/plan.hpp"
#include "operator/kube/client.hpp"
#include "operator/runtime/event_recorder.hpp"

namespace controllers {

/// What came of a plan.
struct Applied {
  std::map<ChildId, Problem> problems;  ///< of children that are not as planned, by what was tried
  std::optional<core::Error> failure;   ///< the first that a retry may overcome
  std::vector<ChildId> created, updated, deleted;

  bool has_written() const { return !created.empty() || !updated.empty() || !deleted.empty(); }
};

class ChildWriter {
 public:
  /// A child that came out of an apply other than it was asked for is tried again after this time.
  static constexpr std::chrono::minutes kRetryUnconverged{5};
  /// So many corrections of one child in so short a time are a fight with another manager: from the same state each
  /// time, or from any, as a manager may write another value each time.
  static constexpr int kMaxCorrections = 20;
  static constexpr int kMaxCorrectionsOfAnyState = 300;
  static constexpr std::chrono::minutes kCorrectionsWithin{10};
  static constexpr std::chrono::seconds kRelabelEvery{30};

  using Clock = std::chrono::steady_clock;

  /// `secret_refresh` is for how long what is known of a Secret that was just created counts.
  ChildWriter(kube::Client& client, Caches& caches, runtime::EventRecorder& recorder,
              std::chrono::milliseconds secret_refresh)
      : client_{client}, caches_{caches}, recorder_{recorder}, secret_refresh_{secret_refresh} {}

  /// Gives an Ingress of the app that is in no cache the labels back that it is found by, so that there will be news of
  /// it.
  void label_ingress(const api::RealtimeApp& app, Observed& observed, AppMemory& memory, const std::stop_token& stop);

  /// Performs the plan as far as it can be; from `begin_before` on no other write begins, so that there is time to say
  /// what kept the others. Records one Event for what was created, and so on.
  Applied perform(const api::RealtimeApp& app, const Plan& plan, const Observed& observed, AppMemory& memory,
                  Clock::time_point begin_before, const std::stop_token& stop);

 private:
  using Outcome = core::Result<std::optional<Problem>>;
  struct Write;

  Outcome write(const Write& write, const std::stop_token& stop);
  Outcome create(const Write& write, const std::stop_token& stop);
  Outcome apply(const Write& write, const std::stop_token& stop);
  Outcome take(const Write& write, const kube::Object& written);
  core::Result<kube::Object> apply_new(const Write& write, const std::stop_token& stop);
  core::Result<kube::Object> apply_known(const Write& write, const std::stop_token& stop);
  core::Result<kube::Object> apply_past_conflicts(const Write& write, core::Error refusal, const std::stop_token& stop);
  void look_again(const kube::ResourceType& type, const kube::ObjectKey& key, const std::stop_token& stop);
  core::Result<void> remove(const api::RealtimeApp& app, const ChildId& id, const ChildState& live,
                            const std::stop_token& stop);
  core::Result<void> complete_secret(const api::RealtimeApp& app, const Plan& plan, AppMemory& memory,
                                     const std::stop_token& stop);
  void tell(const api::RealtimeApp& app, const Applied& applied);

  kube::Client& client_;
  Caches& caches_;
  runtime::EventRecorder& recorder_;
  const std::chrono::milliseconds secret_refresh_;
};

}  // namespace controllers
