// A Lease (coordination.k8s.io/v1) as those who compete for it see it. Expiry is by a candidate's own observation: the
// holder's clock is never believed, only that the record has changed.
#pragma once

#include <chrono>
#include <string>

#include "operator/kube/object.hpp"

namespace runtime {

/// What the specification of a Lease says. Times are as they stand there, RFC 3339 with microseconds.
struct LeaseRecord {
  std::string holder;  ///< empty: nobody's
  std::chrono::seconds duration{};
  std::string acquired;
  std::string renewed;
  int transitions = 0;

  bool operator==(const LeaseRecord&) const = default;

  static LeaseRecord of(const kube::ObjectView& lease);
  /// The object that says it; with `version` an update of that version only.
  kube::Object to_object(const kube::ObjectKey& key, const std::string& version) const;
};

/// What was seen of a Lease, and when. Not shared between threads without a lock.
class LeaseObservation {
 public:
  using Clock = std::chrono::steady_clock;

  void see(const LeaseRecord& record, Clock::time_point now) {
    if (record == record_) return;
    record_ = record;
    changed_at_ = now;
  }
  const LeaseRecord& record() const { return record_; }
  /// From when on it may be taken, unless it changes before.
  Clock::time_point free_at() const {
    return record_.holder.empty() ? Clock::time_point::min() : changed_at_ + record_.duration;
  }

 private:
  LeaseRecord record_;
  Clock::time_point changed_at_{};
};

}  // namespace runtime
