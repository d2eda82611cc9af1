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
  return std::forward_as_tuple(!is_held, since.text(), app) <
         std::forward_as_tuple(!other.is_held, other.since.text(), other.app);
}

std::size_t ExposureClaims::Hash::operator()(const ExposureAddress& address) const {
  std::size_t seed = 0;
  for (const auto* part : {&address.class_name, &address.host, &address.path}) boost::hash_combine(seed, *part);
  return seed;
}

/// What the app wants, and what it holds still because another address was refused.
ExposureClaims::Claims ExposureClaims::claims_of(const api::RealtimeApp* app) {
  Claims claims;
  if (app == nullptr || app->deleting) return claims;
  for (auto& address : wanted_addresses(*app)) claims.insert({std::move(address), {false, app->created, app->key}});
  for (const auto& held : app->status.addresses)
    claims.insert_or_assign({held.class_name, held.host, held.path}, Claim{true, held.since, app->key});
  return claims;
}

std::vector<kube::ObjectKey> ExposureClaims::change(const kube::ObjectKey& key, const api::RealtimeApp* before,
                                                    const api::RealtimeApp* after) {
  const auto old_claims = claims_of(before);
  const auto new_claims = claims_of(after);
  if (old_claims == new_claims) return {};
  const std::lock_guard lock{mutex_};
  std::set<kube::ObjectKey> others;
  const auto remember = [&](const ExposureAddress& address) {
    const auto found = claims_.find(address);
    if (found == claims_.end()) return;
    for (const auto& claim : found->second) others.insert(claim.app);
  };
  addresses_.erase(key);
  for (const auto& [address, claim] : old_claims) {
    remember(address);
    auto& claims = claims_[address];
    claims.erase(claim);
    if (claims.empty()) claims_.erase(address);
  }
  for (const auto& [address, claim] : new_claims) {
    const auto entry = claims_.try_emplace(address).first;
    entry->second.insert(claim);
    addresses_[key].push_back(&entry->first);
    remember(address);
  }
  // Who is refused no more, or newly, holds others up no more, or not yet.
  for (const auto& other : std::set{others})
    if (const auto found = addresses_.find(other); found != addresses_.end())
      for (const auto* address : found->second) remember(*address);
  others.erase(key);
  return {others.begin(), others.end()};
}

/// Whether another app holds one of its addresses.
bool ExposureClaims::is_refused(const kube::ObjectKey& app) const {
  const auto found = addresses_.find(app);
  if (found == addresses_.end()) return false;
  return std::any_of(found->second.begin(), found->second.end(), [&](const ExposureAddress* address) {
    const auto& first = *claims_.at(*address).begin();
    return first.is_held && first.app != app;
  });
}

std::optional<TakenAddress> ExposureClaims::taken(const api::RealtimeApp& app) const {
  const std::lock_guard lock{mutex_};
  for (auto& address : wanted_addresses(app)) {
    const auto found = claims_.find(address);
    if (found == claims_.end()) continue;
    for (const auto& claim : found->second) {
      if (claim.app == app.key) break;
      if (claim.is_held || !is_refused(claim.app)) return TakenAddress{std::move(address), claim.app};
    }
  }
  return std::nullopt;
}

}  // namespace controllers
