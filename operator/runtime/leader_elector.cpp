#include "operator/runtime/leader_elector.hpp"

#include <algorithm>
#include <memory>
#include <utility>

#include <fmt/format.h>

#include "core/log.hpp"
#include "core/time.hpp"
#include "operator/runtime/metrics.hpp"
#include "operator/runtime/pause.hpp"

namespace runtime {

using core::ErrorKind;
using core::Result;
using kube::types::kLease;

/// Tells the elector what the watch sees.
class LeaderElector::Target final : public ReflectorTarget {
 public:
  explicit Target(LeaderElector& elector) : elector_{elector} {}

  void begin_list() override { listed_ = {}; }
  void listed(const kube::ObjectView& object) override { listed_ = LeaseRecord::of(object); }
  void end_list() override { elector_.see(listed_); }
  void put(const kube::ObjectView& object) override { elector_.see(LeaseRecord::of(object)); }
  /// Its holder creates it again; if nobody does, what was seen last expires.
  void removed(const kube::ObjectView&) override {}

 private:
  LeaderElector& elector_;
  LeaseRecord listed_;
};

LeaderElector::LeaderElector(ReflectorThreads& threads, kube::Client& client, core::Metrics& metrics,
                             kube::ObjectKey lease, std::string identity, LeaseTimes times,
                             std::function<void()> on_lost)
    : client_{client},
      metrics_{metrics},
      lease_{std::move(lease)},
      identity_{std::move(identity)},
      times_{times},
      on_lost_{std::move(on_lost)},
      watcher_{threads,
               client,
               kLease,
               {.name_space = lease_.name_space, .field_selector = "metadata.name=" + lease_.name},
               std::make_unique<Target>(*this)} {
  metrics_.set(metrics::kLeads, {{"name", lease_.name}}, 0);
}

LeaderElector::~LeaderElector() = default;

void LeaderElector::see(const LeaseRecord& record) {
  const std::lock_guard lock{mutex_};
  observed_.see(record, Clock::now());
  changed_.notify_all();
}

/// Until the lease is given back or expires, which each renewal puts off, but not for less than the retry period. One
/// that this instance has already, by a write whose answer was lost, is not waited for.
void LeaderElector::wait_for_chance(const std::stop_token& stop) {
  std::unique_lock lock{mutex_};
  const auto earliest = Clock::now() + times_.retry_period;
  auto seen = observed_.record();
  const auto until = [&] {
    return observed_.record().holder == identity_ ? earliest : std::max(earliest, observed_.free_at());
  };
  while (!stop.stop_requested() && Clock::now() < until()) {
    changed_.wait_until(lock, stop, until(), [&] { return observed_.record() != seen; });
    if (observed_.record() != seen && observed_.record().holder.empty()) return;
    seen = observed_.record();
  }
}

bool LeaderElector::acquire(const std::stop_token& stop) {
  watcher_.start();
  core::log(core::LogLevel::kInfo, "waiting to lead", {{"lease", lease_.text()}, {"identity", identity_}});
  while (!try_acquire(stop)) {
    wait_for_chance(stop);
    if (stop.stop_requested()) return false;
  }
  metrics_.set(metrics::kLeads, {{"name", lease_.name}}, 1);
  core::log(core::LogLevel::kInfo, "leading", {{"lease", lease_.text()}, {"identity", identity_}});
  renewing_ = std::jthread{[this](const std::stop_token& done) { renew(done); }};
  guarding_ = std::jthread{[this](const std::stop_token& done) { watch_renewals(done); }};
  return true;
}

Result<kube::Object> LeaderElector::write(const LeaseRecord& record, const std::string& version,
                                          const std::stop_token& stop) {
  const auto lease = record.to_object(lease_, version);
  if (version.empty()) return client_.create(kLease, lease, stop, request_timeout());
  return client_.patch(kLease, lease_, lease.json(), stop, request_timeout());
}

/// A request that hangs leaves time for another one before the deadline.
std::chrono::milliseconds LeaderElector::request_timeout() const {
  return std::chrono::milliseconds{times_.renew_deadline} / 2;
}

/// One look at the lease, and the attempt to take it if it is free.
bool LeaderElector::try_acquire(const std::stop_token& stop) {
  const auto live = client_.get(kLease, lease_, stop, request_timeout());
  const bool missing = !live && live.error().kind == ErrorKind::kNotFound;
  if (!live && !missing) {
    report("cannot read the lease, trying again", live.error());
    return false;
  }
  const auto found = missing ? LeaseRecord{} : LeaseRecord::of(*live);
  if (!missing) see(found);
  {
    // One that was deleted is still its holder's for as long.
    const std::lock_guard lock{mutex_};
    if (found.holder != identity_ && Clock::now() < observed_.free_at()) return false;
  }
  const auto now = core::format_micro_time(std::chrono::system_clock::now());
  const bool is_new = found.holder != identity_;
  const LeaseRecord wanted{identity_, times_.duration, is_new ? now : found.acquired, now,
                           found.transitions + (is_new && !missing ? 1 : 0)};
  const auto asked_at = Clock::now();
  const auto written = write(wanted, missing ? std::string{} : live->resource_version(), stop);
  if (!written) {
    // Another one was faster.
    const auto kind = written.error().kind;
    if (kind != ErrorKind::kConflict && kind != ErrorKind::kAlreadyExists)
      report("cannot take the lease, trying again", written.error());
    return false;
  }
  held_ = wanted;
  version_ = written->resource_version();
  const std::lock_guard lock{mutex_};
  observed_.see(wanted, asked_at);
  renewed_at_ = asked_at;
  leads_ = true;
  return true;
}

void LeaderElector::renew(const std::stop_token& stop) {
  pause(stop, times_.retry_period);
  while (!stop.stop_requested() && renew_once(stop)) pause(stop, times_.retry_period);
}

/// False if another one has the lease.
bool LeaderElector::renew_once(const std::stop_token& stop, bool is_first) {
  auto wanted = held_;
  wanted.renewed = core::format_micro_time(std::chrono::system_clock::now());
  const auto asked_at = Clock::now();
  const auto written = write(wanted, version_, stop);
  if (written) {
    held_ = wanted;
    version_ = written->resource_version();
    const std::lock_guard lock{mutex_};
    renewed_at_ = asked_at;
    changed_.notify_all();
    return true;
  }
  if (stop.stop_requested()) return true;
  report("cannot renew the lease, trying again", written.error());
  const auto kind = written.error().kind;
  if (kind != ErrorKind::kConflict && kind != ErrorKind::kNotFound && kind != ErrorKind::kAlreadyExists) return true;
  // It was written to, deleted or created again: not every writer has taken it.
  const auto live = client_.get(kLease, lease_, stop, request_timeout());
  if (!live) {
    const bool deleted = live.error().kind == ErrorKind::kNotFound && !version_.empty();
    if (!deleted) return true;
    version_.clear();
    return renew_once(stop, false);
  }
  version_ = live->resource_version();
  // An earlier renewal of ours whose answer was lost, as well: what is left of the deadline is for this one.
  if (LeaseRecord::of(*live).holder == identity_) return !is_first || renew_once(stop, false);
  lose(fmt::format("{} holds it now", LeaseRecord::of(*live).holder));
  return false;
}

/// Sees that renewals come in time, whatever the thread that makes them waits for.
void LeaderElector::watch_renewals(const std::stop_token& stop) {
  std::unique_lock lock{mutex_};
  while (!stop.stop_requested() && leads_) {
    const auto until = renewed_at_ + times_.renew_deadline;
    if (Clock::now() >= until) {
      lock.unlock();
      return lose(fmt::format("it could not be renewed for {} s", times_.renew_deadline.count()));
    }
    changed_.wait_until(lock, stop, until, [&] { return renewed_at_ + times_.renew_deadline != until; });
  }
}

void LeaderElector::lose(const std::string& why) {
  {
    const std::lock_guard lock{mutex_};
    if (!std::exchange(leads_, false)) return;
    changed_.notify_all();
  }
  metrics_.set(metrics::kLeads, {{"name", lease_.name}}, 0);
  core::log(core::LogLevel::kError, "the lease is lost", {{"lease", lease_.text()}, {"reason", why}});
  on_lost_();
}

void LeaderElector::release() {
  renewing_ = {};
  guarding_ = {};
  {
    const std::lock_guard lock{mutex_};
    if (!std::exchange(leads_, false)) return;
  }
  metrics_.set(metrics::kLeads, {{"name", lease_.name}}, 0);
  auto wanted = held_;
  wanted.holder.clear();
  wanted.duration = std::chrono::seconds{1};
  wanted.renewed = core::format_micro_time(std::chrono::system_clock::now());
  auto written = write(wanted, version_, {});
  if (!written && written.error().kind == ErrorKind::kConflict) {
    // A renewal that was broken off was carried out after all, perhaps.
    const auto live = client_.get(kLease, lease_, {}, request_timeout());
    if (live && LeaseRecord::of(*live).holder == identity_) written = write(wanted, live->resource_version(), {});
  }
  if (!written) return report("cannot give the lease back; others wait until it expires", written.error());
  core::log(core::LogLevel::kInfo, "gave the lease back", {{"lease", lease_.text()}});
}

void LeaderElector::report(std::string_view what, const core::Error& error) const {
  core::log(core::LogLevel::kWarning, what,
            {{"lease", lease_.text()}, {"kind", core::error_kind_name(error.kind)}, {"error", error.message}});
}

}  // namespace runtime
