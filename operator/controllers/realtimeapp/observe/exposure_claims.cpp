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

ExposureAddress address_of(const api::HeldAddress& held) { return {held.class_name, held.host, held.path}; }

ExposureClaims::Standing ExposureClaims::Claim::standing() const {
  if (held && served) return Standing::kServed;
  if (served || granted) return Standing::kGranted;
  return held ? Standing::kHeld : Standing::kWanted;
}

bool ExposureClaims::Claim::operator<(const Claim& other) const {
  const auto own = standing();
  const auto others = other.standing();
  return std::tie(own, since.text(), app) < std::tie(others, other.since.text(), other.app);
}

std::size_t ExposureClaims::Hash::operator()(const ExposureAddress& address) const {
  std::size_t seed = 0;
  for (const auto* part : {&address.class_name, &address.host, &address.path}) boost::hash_combine(seed, *part);
  return seed;
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

/// Makes `wanted` the claims of the app, which are `before`. Gives the others whose standing may have changed by it.
std::set<kube::ObjectKey> ExposureClaims::set(const kube::ObjectKey& app, const Claims& before, Claims wanted) {
  std::erase_if(wanted, [](const auto& entry) {
    const auto& claim = entry.second;
    return !claim.held && !claim.served && !claim.granted && !claim.wanted;
  });
  if (before == wanted) return {};
  std::set<kube::ObjectKey> others;
  for (const auto* claims : {&before, &std::as_const(wanted)})
    for (const auto& [address, claim] : *claims) add_concerned(address, before, wanted, others);
  std::map<kube::ObjectKey, bool> were_refused;
  for (const auto& other : others) were_refused.emplace(other, is_refused(other));

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

  // Who is refused newly holds up those behind it no more, and who is refused no more does.
  for (const auto& [other, was_refused] : were_refused)
    if (is_refused(other) != was_refused)
      for (const auto* address : addresses_.at(other)) add_behind(*address, other, others);
  others.erase(app);
  return others;
}

/// Adds whose standing at this address depends on the app's claims, which are about to change.
void ExposureClaims::add_concerned(const ExposureAddress& address, const Claims& before, const Claims& after,
                                   std::set<kube::ObjectKey>& others) const {
  const auto claim_in = [&](const Claims& claims) {
    const auto found = claims.find(address);
    return found == claims.end() ? nullptr : &found->second;
  };
  const auto* then = claim_in(before);
  const auto* now = claim_in(after);
  const auto found = claims_.find(address);
  if (found == claims_.end()) return;
  const auto& claimants = found->second;
  // Behind an app that has the address, and keeps it, nobody's standing depends on who else wants it.
  const auto is_other = [&](const Claim& claim) { return then == nullptr || claim.app != then->app; };
  const auto best = std::find_if(claimants.begin(), claimants.end(), is_other);
  if (best == claimants.end()) return;
  const auto leads = [&](const Claim* own) { return own != nullptr && *own < *best; };
  const auto& leader = leads(then) ? *then : *best;
  const auto& next = leads(now) ? *now : *best;
  const bool is_same = !(leader < next) && !(next < leader) && leader.is_leftover() == next.is_leftover();
  if (leader.standing() != Standing::kWanted && is_same) return;
  const auto is_behind = [](const Claim* own, const Claim& claim) { return own != nullptr && *own < claim; };
  for (const auto& claim : claimants)
    if (is_other(claim) && (is_behind(then, claim) || is_behind(now, claim))) others.insert(claim.app);
}

/// Adds those that come after the app at this address.
void ExposureClaims::add_behind(const ExposureAddress& address, const kube::ObjectKey& app,
                                std::set<kube::ObjectKey>& others) const {
  const auto& claimants = claims_.at(address);
  auto at = std::find_if(claimants.begin(), claimants.end(), [&](const Claim& claim) { return claim.app == app; });
  while (at != claimants.end()) others.insert((at++)->app);
}

std::set<kube::ObjectKey> ExposureClaims::change(const kube::ObjectKey& key, const api::DecodedApp* after) {
  const std::lock_guard lock{mutex_};
  const auto before = known(key);
  auto claims = before;
  for (auto& [address, claim] : claims) {
    claim.held = claim.wanted = false;
    if (after != nullptr) claim.since = after->app.created;
  }
  if (after == nullptr) return set(key, before, std::move(claims));
  const auto& app = after->app;
  const auto claim_of = [&](const ExposureAddress& address) -> Claim& {
    return claims.try_emplace(address, Claim{.since = app.created, .app = key}).first->second;
  };
  // What it holds it holds also where it is refused another address, its spec cannot be read, or it is on its way out:
  // its Ingress goes after it.
  if (after->problem.empty() && !app.deleting)
    for (const auto& address : wanted_addresses(app)) claim_of(address).wanted = true;
  for (const auto& held : app.status.addresses) {
    auto& claim = claim_of(address_of(held));
    claim.held = true;
    claim.since = held.since;
  }
  return set(key, before, std::move(claims));
}

std::set<kube::ObjectKey> ExposureClaims::serve(const kube::ObjectKey& key,
                                                const std::vector<ExposureAddress>& addresses) {
  const std::lock_guard lock{mutex_};
  const auto before = known(key);
  auto claims = before;
  for (auto& [address, claim] : claims) claim.served = false;
  for (const auto& address : addresses) claims.try_emplace(address, Claim{.app = key}).first->second.served = true;
  return set(key, before, std::move(claims));
}

std::optional<TakenAddress> ExposureClaims::claim(const api::RealtimeApp& app) {
  std::set<kube::ObjectKey> others;
  {
    const std::lock_guard lock{mutex_};
    const auto before = known(app.key);
    auto claims = before;
    // Also what its newest spec, whose news is on the way, does not want: this one is about to be carried out.
    for (const auto& address : wanted_addresses(app))
      claims.try_emplace(address, Claim{.since = app.created, .app = app.key});
    if (auto found = taken(app, claims)) return found;
    // What its Ingress serves is its own already: a reconcile that writes nothing changes no claim.
    for (const auto& address : wanted_addresses(app))
      if (auto& claim = claims.at(address); !claim.served) claim.granted = true;
    others = set(app.key, before, std::move(claims));
  }
  tell(others);
  return std::nullopt;
}

void ExposureClaims::release(const kube::ObjectKey& app) {
  std::set<kube::ObjectKey> others;
  {
    const std::lock_guard lock{mutex_};
    const auto before = known(app);
    auto claims = before;
    for (auto& [address, claim] : claims) claim.granted = false;
    others = set(app, before, std::move(claims));
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
    return first.standing() != Standing::kWanted && first.app != app;
  });
}

/// The first address that another app has of those that the app wants; `own` has a claim of it for each.
std::optional<TakenAddress> ExposureClaims::taken(const api::RealtimeApp& app, const Claims& own) const {
  for (auto& address : wanted_addresses(app)) {
    const auto found = claims_.find(address);
    if (found == claims_.end()) continue;
    for (const auto& claim : found->second) {
      if (claim.app == app.key || own.at(address) < claim) break;
      if (claim.standing() != Standing::kWanted || !is_refused(claim.app))
        return TakenAddress{std::move(address), claim.app, claim.is_leftover()};
    }
  }
  return std::nullopt;
}

}  // namespace controllers
