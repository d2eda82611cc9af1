// Which RealtimeApps claim which class, host and path, so that no two apps stand behind one address: who holds it, as
// its status records and its Ingress serves, keeps it. Kept in step by the caches of both; locks.
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
  bool only_served = false;  ///< by an Ingress that is left of it
};

/// The path as prefixes of this kind are compared (networking.k8s.io/v1, PathType Prefix): "/a/" is "/a".
std::string prefix_path(const std::string& path);

/// What the spec wants; nothing without an exposure.
std::vector<ExposureAddress> wanted_addresses(const api::RealtimeApp& app);

/// What a status records, without its time.
ExposureAddress address_of(const api::HeldAddress& held);

class ExposureClaims {
 public:
  using Listener = std::function<void(const std::set<kube::ObjectKey>& others)>;

  /// Told, by `claim` and `release`, of others whose standing may have changed. Only before the first of them.
  void listen(Listener listener) { listener_ = std::move(listener); }

  /// An app has changed; null where there is none. Returns the others whose standing may have changed by it.
  std::set<kube::ObjectKey> change(const kube::ObjectKey& key, const api::DecodedApp* after);

  /// The Ingress of this app, or of an earlier one of its name, has changed, and serves these. Returns the same.
  std::set<kube::ObjectKey> serve(const kube::ObjectKey& key, const std::vector<ExposureAddress>& addresses);

  /// The first address of the app that another one has. If there is none, all that the app wants is granted to it, as
  /// its Ingress is about to be written. First comes the app whose Ingress serves the address and whose status records
  /// it, of several the one that has had it longest; then the one whose Ingress serves it, or to which it was granted;
  /// then the one whose status records it; then the oldest, unless it is refused for another address of its own. Of two
  /// that were created within one second the one whose namespace and name come first counts as older.
  std::optional<TakenAddress> claim(const api::RealtimeApp& app);

  /// Nobody writes the app's Ingress any more, and what it serves is known: nothing is granted to the app.
  void release(const kube::ObjectKey& app);

 private:
  enum class Standing { kServed, kGranted, kHeld, kWanted };  // in the order in which they count
  struct Claim {
    bool held = false;       // by the app's status
    bool served = false;     // by its Ingress
    bool granted = false;    // by `claim`
    bool wanted = false;     // by its spec
    core::SharedText since;  // RFC 3339 in UTC, so that it sorts by time: held since, else created
    kube::ObjectKey app;

    Standing standing() const;
    bool is_leftover() const { return served && !held && !wanted; }
    bool operator==(const Claim&) const = default;
    bool operator<(const Claim& other) const;
  };
  using Claims = std::map<ExposureAddress, Claim>;
  struct Hash {
    std::size_t operator()(const ExposureAddress& address) const;
  };

  Claims known(const kube::ObjectKey& app) const;
  std::set<kube::ObjectKey> set(const kube::ObjectKey& app, const Claims& before, Claims wanted);
  void add_concerned(const ExposureAddress& address, const Claims& before, const Claims& after,
                     std::set<kube::ObjectKey>& others) const;
  void add_behind(const ExposureAddress& address, const kube::ObjectKey& app, std::set<kube::ObjectKey>& others) const;
  void tell(const std::set<kube::ObjectKey>& others) const;
  std::optional<TakenAddress> taken(const api::RealtimeApp& app, const Claims& own) const;
  bool is_refused(const kube::ObjectKey& app) const;

  Listener listener_;
  std::mutex mutex_;
  std::unordered_map<ExposureAddress, boost::container::flat_set<Claim>, Hash> claims_;
  std::unordered_map<kube::ObjectKey, std::vector<const ExposureAddress*>> addresses_;  // in claims_, of each app
};

}  // namespace controllers
