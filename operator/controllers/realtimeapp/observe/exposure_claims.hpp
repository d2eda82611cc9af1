// Which RealtimeApps claim which class, host and path, so that no two apps stand behind one address: who holds it, as
// its status records, keeps it. Kept in step by the cache of RealtimeApps; locks.
#pragma once

#include <compare>
#include <cstddef>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include <boost/container/flat_set.hpp>

#include "core/shared.hpp"
#include "operator/api/v1alpha1/realtime_app.hpp"

namespace controllers {

/// A path is as Kubernetes compares prefixes, element by element: without a slash at its end.
struct ExposureAddress {
  std::string class_name;
  std::string host;  ///< empty: every host
  std::string path;
  auto operator<=>(const ExposureAddress&) const = default;
};

/// An address that another app has already.
struct TakenAddress {
  ExposureAddress address;
  kube::ObjectKey owner;
};

/// The path as prefixes of this kind are compared (networking.k8s.io/v1, PathType Prefix): "/a/" is "/a".
std::string prefix_path(const std::string& path);

/// What the spec wants; nothing without an exposure.
std::vector<ExposureAddress> wanted_addresses(const api::RealtimeApp& app);

class ExposureClaims {
 public:
  using Listener = std::function<void(const std::set<kube::ObjectKey>& others)>;

  /// Told, by `claim` and `release`, of others whose standing may have changed. Only before the first of them.
  void listen(Listener listener) { listener_ = std::move(listener); }

  /// An app has changed; null where there is none. Returns the others whose standing may have changed by it.
  std::set<kube::ObjectKey> change(const kube::ObjectKey& key, const api::DecodedApp* after);

  /// The first address of the app that another one has. If there is none, all that the app wants is granted to it: it
  /// is about to be served, and its status will record it. An address is its whose status records it, of several that
  /// do the one since when; then its to whom it was granted; else the older app's, unless that one is refused for
  /// another address of its own. Of two that were created within one second the one whose namespace and name come first
  /// counts as older.
  std::optional<TakenAddress> claim(const api::RealtimeApp& app);

  /// The app's status says what it has: what was granted to it and is not recorded there is nobody's.
  void release(const kube::ObjectKey& app);

 private:
  enum class Standing { kHeld, kGranted, kWanted };  // in the order in which they count
  struct Claim {
    Standing standing = Standing::kWanted;
    core::SharedText since;  // RFC 3339 in UTC, so that it sorts by time: held since, else created
    kube::ObjectKey app;
    bool is_wanted = true;  // else granted before the spec changed: it may be served until that is told
    bool operator==(const Claim&) const = default;
    bool operator<(const Claim& other) const;
  };
  using Claims = std::map<ExposureAddress, Claim>;
  struct Hash {
    std::size_t operator()(const ExposureAddress& address) const;
  };

  static Claims claims_of(const api::DecodedApp* decoded);
  Claims known(const kube::ObjectKey& app) const;
  std::set<kube::ObjectKey> set(const kube::ObjectKey& app, const Claims& wanted);
  void tell(const std::set<kube::ObjectKey>& others) const;
  std::optional<TakenAddress> taken(const api::RealtimeApp& app) const;
  bool is_refused(const kube::ObjectKey& app) const;

  Listener listener_;
  std::mutex mutex_;
  std::unordered_map<ExposureAddress, boost::container::flat_set<Claim>, Hash> claims_;
  std::unordered_map<kube::ObjectKey, std::vector<const ExposureAddress*>> addresses_;  // in claims_, of each app
};

}  // namespace controllers
