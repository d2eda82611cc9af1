#include "operator/controllers/realtimeapp/observe/exposure_claims.hpp"

#include <utility>

namespace controllers {
namespace {

std::vector<ExposureAddress> addresses_of(const api::RealtimeApp* app) {
  std::vector<ExposureAddress> addresses;
  if (app == nullptr || app->deleting || app->spec.exposure.type != api::ExposureType::kIngress) return addresses;
  const auto& exposure = app->spec.exposure;
  for (const auto& path : exposure.paths) addresses.push_back({exposure.class_name, exposure.host, path});
  return addresses;
}

}  // namespace

std::vector<kube::ObjectKey> ExposureClaims::change(const kube::ObjectKey& key, const api::RealtimeApp* before,
                                                    const api::RealtimeApp* after) {
  const auto old_addresses = addresses_of(before);
  const auto new_addresses = addresses_of(after);
  if (old_addresses == new_addresses && (before == nullptr || after == nullptr || before->created == after->created))
    return {};
  std::set<kube::ObjectKey> others;
  const std::lock_guard lock{mutex_};
  const auto remember = [&](const std::set<Claim>& claims) {
    for (const auto& claim : claims)
      if (claim.app != key) others.insert(claim.app);
  };
  for (const auto& address : old_addresses) {
    const auto found = claims_.find(address);
    if (found == claims_.end()) continue;
    found->second.erase({before->created, key});
    remember(found->second);
    if (found->second.empty()) claims_.erase(found);
  }
  for (const auto& address : new_addresses) {
    auto& claims = claims_[address];
    claims.insert({after->created, key});
    remember(claims);
  }
  return {others.begin(), others.end()};
}

std::optional<TakenAddress> ExposureClaims::taken(const api::RealtimeApp& app) const {
  const std::lock_guard lock{mutex_};
  for (auto& address : addresses_of(&app)) {
    const auto found = claims_.find(address);
    if (found == claims_.end() || found->second.empty()) continue;
    const auto& first = *found->second.begin();
    if (first.app != app.key) return TakenAddress{std::move(address), first.app};
  }
  return std::nullopt;
}

}  // namespace controllers
