// What is remembered of an app between reconciles, and cannot be read from the cluster. One value for each app: at most
// one worker reconciles an app at a time, so it needs no lock once it is found; the table of them has one.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "operator/controllers/realtimeapp/observe/children.hpp"
#include "operator/controllers/realtimeapp/observe/observed.hpp"
#include "operator/kube/projection.hpp"
#include "operator/kube/uid.hpp"

namespace controllers {

/// What was read of a Secret, which is not watched, and until when it counts.
template <class T>
struct Remembered {
  std::unique_ptr<T> value;  ///< null: nothing yet
  std::chrono::steady_clock::time_point due{};
};

/// What was planned last: the digests of the children, in the order of the plan, and that of all they are made of.
struct PlanMemory {
  kube::ProjectionDigest inputs{};
  std::vector<kube::ProjectionDigest> children;
  std::string applied_digest;  ///< Plan::applied_digest
};

/// How the writes of one child went.
struct WriteMemory {
  kube::ProjectionDigest wanted{};  ///< what was asked for last
  kube::ProjectionDigest got{};     ///< what came of it
  kube::ProjectionDigest found{};   ///< what the last write corrected
  int corrections = 0;              ///< since the first one
  int repeated = 0;                 ///< of that same state, one after the other
  std::chrono::steady_clock::time_point first_correction{};
  std::chrono::steady_clock::time_point retry_at{};  ///< not written before, while nothing else changes
};

struct AppMemory {
  kube::Uid app_uid;
  Remembered<RedisSecret> redis_secret;
  Remembered<TlsSecret> tls_secret;
  std::optional<std::chrono::steady_clock::time_point> without_redis_pod_since;
  PlanMemory plan;
  std::map<ChildId, WriteMemory> writes;
  std::chrono::steady_clock::time_point label_ingress_after{};  ///< it is not given its labels back before
  int conflicts = 0;  ///< reconciles in a row that met newer objects than the caches had
  std::chrono::steady_clock::time_point status_written_at{};
  bool is_told_not_ready = false;  ///< by an Event: another tells when it is Ready again
};

class AppMemories {
 public:
  /// The memory of this app, empty at first; that of an earlier app of its name is forgotten.
  std::shared_ptr<AppMemory> of(const kube::ObjectKey& key, const kube::Uid& uid) {
    const std::lock_guard lock{mutex_};
    auto& memory = memories_[key];
    if (!memory || memory->app_uid != uid) memory = std::make_shared<AppMemory>(AppMemory{.app_uid = uid});
    return memory;
  }

  void forget(const kube::ObjectKey& key) {
    const std::lock_guard lock{mutex_};
    memories_.erase(key);
  }

 private:
  std::mutex mutex_;
  std::unordered_map<kube::ObjectKey, std::shared_ptr<AppMemory>> memories_;
};

}  // namespace controllers
