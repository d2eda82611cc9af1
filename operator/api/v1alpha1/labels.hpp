// The catalogue of labels and annotations that the operator sets on what it makes. Constants.
#pragma once

#include <string>
#include <string_view>

#include "operator/kube/workloads.hpp"

namespace api {

namespace label {
inline constexpr std::string_view kName = "app.kubernetes.io/name";
inline constexpr std::string_view kInstance = "app.kubernetes.io/instance";
inline constexpr std::string_view kComponent = "app.kubernetes.io/component";
inline constexpr std::string_view kManagedBy = "app.kubernetes.io/managed-by";
}  // namespace label

namespace annotation {
/// On pod templates: digest of the Redis credentials, so that a change of them restarts who uses them.
inline constexpr std::string_view kRedisCredentials = "realtimeoperator.dev/redis-credentials";
/// On every child: the uid of the RealtimeApp that it was made for, so that it is known even when others change its
/// owner references.
inline constexpr std::string_view kAppUid = "realtimeoperator.dev/app-uid";
}  // namespace annotation

/// Values of kName, kManagedBy and kComponent.
inline constexpr std::string_view kAppName = "realtimeapp";
inline constexpr std::string_view kOperatorName = "realtime-operator";
inline constexpr std::string_view kComponentApp = "app";
inline constexpr std::string_view kComponentRedis = "redis";

/// What selects the pods of one component of one app; never changes, as selectors are immutable.
inline kube::Labels selector_labels(const std::string& app, std::string_view component) {
  return {{std::string{label::kName}, std::string{kAppName}},
          {std::string{label::kInstance}, app},
          {std::string{label::kComponent}, std::string{component}}};
}

/// Every label of a child.
inline kube::Labels child_labels(const std::string& app, std::string_view component) {
  auto labels = selector_labels(app, component);
  labels.emplace(label::kManagedBy, kOperatorName);
  return labels;
}

}  // namespace api
