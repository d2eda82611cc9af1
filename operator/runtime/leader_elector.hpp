// Lets one of several instances work at a time, by a Lease: the one that holds it renews it, the others watch it and
// take it when it has expired or was given back. Owned by main; its own threads watch and renew.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>

#include "core/metrics.hpp"
#include "operator/kube/client.hpp"
#include "operator/runtime/lease.hpp"
#include "operator/runtime/reflector.hpp"

namespace runtime {

struct LeaseTimes {
  std::chrono::seconds duration{15};  ///< for which others leave the lease alone after a renewal
  std::chrono::seconds renew_deadline{
      10};                               ///< after which a holder that could not renew gives up; less than `duration`
  std::chrono::seconds retry_period{2};  ///< between renewals, and between tries; less than `renew_deadline`
};

class LeaderElector {
 public:
  /// `identity` is this instance's alone, also after a restart. `on_lost` is called when the lease is lost or could not
  /// be renewed in time, on a thread of the elector's: the one that led stops at once, as another one may lead already.
  LeaderElector(ReflectorThreads& threads, kube::Client& client, core::Metrics& metrics, kube::ObjectKey lease,
                std::string identity, LeaseTimes times, std::function<void()> on_lost);
  ~LeaderElector();
  LeaderElector(const LeaderElector&) = delete;
  LeaderElector& operator=(const LeaderElector&) = delete;

  /// Waits until this instance leads, and renews the lease from then on. False if `stop` came before.
  bool acquire(const std::stop_token& stop);
  /// Gives the lease back, so that another instance may take it at once. Only when the work has ended.
  void release();

 private:
  using Clock = LeaseObservation::Clock;
  class Target;

  bool try_acquire(const std::stop_token& stop);
  void wait_for_chance(const std::stop_token& stop);
  void renew(const std::stop_token& stop);
  bool renew_once(const std::stop_token& stop, bool is_first = true);
  void watch_renewals(const std::stop_token& stop);
  std::chrono::milliseconds request_timeout() const;
  core::Result<kube::Object> write(const LeaseRecord& record, const std::string& version, const std::stop_token& stop);
  void see(const LeaseRecord& record);
  void lose(const std::string& why);
  void report(std::string_view what, const core::Error& error) const;

  kube::Client& client_;
  core::Metrics& metrics_;
  const kube::ObjectKey lease_;
  const std::string identity_;
  const LeaseTimes times_;
  const std::function<void()> on_lost_;

  std::mutex mutex_;
  std::condition_variable_any changed_;
  LeaseObservation observed_;
  Clock::time_point renewed_at_{};
  bool leads_ = false;

  // Of the thread that renews, or of the caller while there is none.
  LeaseRecord held_;
  std::string version_;

  Reflector watcher_;
  std::jthread renewing_;
  std::jthread guarding_;
};

}  // namespace runtime
