#include "operator/controllers/realtimeapp/observe/exposure_claims.hpp"

#include <algorithm>
#include <set>
#include <tuple>
#include <utility>

#include <boost/container_hash/hash.hpp>

namespace controllers {

std::string prefix_path(const std::string& path) {
  auto prefix = path;
  while (prefix.size() > 1 && prefix.ends_with('/')) prefix.pop_back();
  return prefix;
}

std::vector<ExposureAddress> wanted_addresses(const api::RealtimeApp& app) {
  const auto& exposure = app.spec.exposure;
  std::vector<ExposureAddress> addresses;
  if (exposure.type != api::ExposureType::kIngress) return addresses;
  for (const auto& path : exposure.paths) addresses.push_back({exposure.class_name, exposure.host, prefix_path(path)});
  return addresses;
}

bool ExposureClaims::Claim::operator<(const Claim& other) const {
  return std::forward_as_tuple(standing, since.text(), app) <
         std::forward_as_tuple(other.standing, other.since.text(), other.app);
}

std::size_t ExposureClaims::Hash::operator()(const ExposureAddress& address) const {
  std::size_t seed = 0;
  for (const auto* part : {&address.class_name, &address.host, &address.path}) boost::hash_combine(seed, *part);
  return seed;
}

/// What the app wants, and what it holds still because another address was refused, its spec cannot be read, or it is
/// on its way out: its Ingress goes after it.
ExposureClaims::Claims ExposureClaims::claims_of(const api::DecodedApp* decoded) {
  Claims claims;
  if (decoded == nullptr) return claims;
  const auto& app = decoded->app;
  if (decoded->problem.empty() && !app.deleting)
    for (auto& address : wanted_addresses(app))
      claims.insert({std::move(address), {Standing::kWanted, app.created, app.key}});
  for (const auto& held : app.status.addresses)
    claims.insert_or_assign({held.class_name, held.host, held.path}, Claim{Standing::kHeld, held.since, app.key});
  return claims;
}

/// The claims of the app as they are.
ExposureClaims::Claims ExposureClaims::known(const kube::ObjectKey& app) const {
  Claims claims;
  const auto found = addresses_.find(app);
  if (found == addresses_.end()) return claims;
  for (const auto* address : found->second)
    for (const auto& claim : claims_.at(*address))
      if (claim.app == app) claims.emplace(*address, claim);
  return claims;
}

/// Makes these the claims of the app. Gives the others whose standing may have changed by it.
std::set<kube::ObjectKey> ExposureClaims::set(const kube::ObjectKey& app, const Claims& wanted) {
  const auto before = known(app);
  if (before == wanted) return {};
  const auto leader = [this](const ExposureAddress& address) {
    const auto found = claims_.find(address);
    return found == claims_.end() ? Claim{} : *found->second.begin();
  };
  std::map<ExposureAddress, Claim> leaders;
  for (const auto* claims : {&before, &wanted})
    for (const auto& [address, claim] : *claims) leaders.emplace(address, leader(address));

  addresses_.erase(app);
  for (const auto& [address, claim] : before) {
    const auto found = claims_.find(address);
    found->second.erase(claim);
    if (found->second.empty()) claims_.erase(found);
  }
  for (const auto& [address, claim] : wanted) {
    const auto entry = claims_.try_emplace(address).first;
    entry->second.insert(claim);
    addresses_[app].push_back(&entry->first);
  }

  std::set<kube::ObjectKey> others;
  const auto add_claimants = [&](const ExposureAddress& address) {
    const auto found = claims_.find(address);
    if (found == claims_.end()) return;
    for (const auto& claim : found->second) others.insert(claim.app);
  };
  // Behind an app that has an address, and goes on to have it, nobody's standing depends on who else wants it.
  for (const auto& [address, led] : leaders)
    if (led.standing == Standing::kWanted || led != leader(address)) add_claimants(address);
  others.erase(app);
  // Who is refused no more, or newly, holds others up no more, or not yet.
  std::set<const ExposureAddress*> theirs;
  for (const auto& other : others)
    if (const auto found = addresses_.find(other); found != addresses_.end())
      theirs.insert(found->second.begin(), found->second.end());
  for (const auto* address : theirs) add_claimants(*address);
  others.erase(app);
  return others;
}

std::set<kube::ObjectKey> ExposureClaims::change(const kube::ObjectKey& key, const api::DecodedApp* after) {
  auto wanted = claims_of(after);
  const std::lock_guard lock{mutex_};
  if (after == nullptr) return set(key, wanted);
  for (const auto& [address, claim] : known(key)) {
    if (claim.standing != Standing::kGranted) continue;
    const auto [found, is_dropped] = wanted.try_emplace(address, claim);
    found->second.standing = std::min(found->second.standing, Standing::kGranted);
    if (is_dropped) found->second.is_wanted = false;
  }
  return set(key, wanted);
}

std::optional<TakenAddress> ExposureClaims::claim(const api::RealtimeApp& app) {
  std::set<kube::ObjectKey> others;
  {
    const std::lock_guard lock{mutex_};
    if (auto found = taken(app)) return found;
    auto claims = known(app.key);  // none of an app that has gone meanwhile
    for (const auto& address : wanted_addresses(app))
      if (const auto found = claims.find(address); found != claims.end())
        found->second.standing = std::min(found->second.standing, Standing::kGranted);
    others = set(app.key, claims);
  }
  tell(others);
  return std::nullopt;
}

void ExposureClaims::release(const kube::ObjectKey& app) {
  std::set<kube::ObjectKey> others;
  {
    const std::lock_guard lock{mutex_};
    auto claims = known(app);
    std::erase_if(claims, [](const auto& entry) { return !entry.second.is_wanted; });
    for (auto& [address, claim] : claims)
      if (claim.standing == Standing::kGranted) claim.standing = Standing::kWanted;
    others = set(app, claims);
  }
  tell(others);
}

void ExposureClaims::tell(const std::set<kube::ObjectKey>& others) const {
  if (listener_ && !others.empty()) listener_(others);
}

/// Whether another app has one of its addresses.
bool ExposureClaims::is_refused(const kube::ObjectKey& app) const {
  const auto found = addresses_.find(app);
  if (found == addresses_.end()) return false;
  return std::any_of(found->second.begin(), found->second.end(), [&](const ExposureAddress* address) {
    const auto& first = *claims_.at(*address).begin();
    return first.standing != Standing::kWanted && first.app != app;
  });
}

std::optional<TakenAddress> ExposureClaims::taken(const api::RealtimeApp& app) const {
  for (auto& address : wanted_addresses(app)) {
    const auto found = claims_.find(address);
    if (found == claims_.end()) continue;
    for (const auto& claim : found->second) {
      if (claim.app == app.key) break;
      if (claim.standing != Standing::kWanted || !is_refused(claim.app))
        return TakenAddress{std::move(address), claim.app};
    }
  }
  return std::nullopt;
}

}  // namespace controllers
