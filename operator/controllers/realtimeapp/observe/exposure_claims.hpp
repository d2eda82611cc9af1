// Which RealtimeApps claim which class, host and path, so that no two fleets stand behind one address: the older one
// has it. Kept in step by the cache of RealtimeApps; locks.
#pragma once

#include <compare>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "operator/api/v1alpha1/realtime_app.hpp"

namespace controllers {

struct ExposureAddress {
  std::string class_name;
  std::string host;  ///< empty: every host
  std::string path;
  auto operator<=>(const ExposureAddress&) const = default;
};

/// An address that an older app has already.
struct TakenAddress {
  ExposureAddress address;
  kube::ObjectKey owner;
};

class ExposureClaims {
 public:
  /// An app has changed; null where there is or was none. Returns the others that claim an address that is now claimed,
  /// or no longer: their standing may have changed.
  std::vector<kube::ObjectKey> change(const kube::ObjectKey& key, const api::RealtimeApp* before,
                                      const api::RealtimeApp* after);

  /// The first address of the app that an older one claims. Of two that were made within one second the one whose
  /// namespace and name come first counts as older.
  std::optional<TakenAddress> taken(const api::RealtimeApp& app) const;

 private:
  struct Claim {
    std::string created;  // RFC 3339 in UTC, so that it sorts by time
    kube::ObjectKey app;
    auto operator<=>(const Claim&) const = default;
  };

  mutable std::mutex mutex_;
  std::map<ExposureAddress, std::set<Claim>> claims_;
};

}  // namespace controllers
