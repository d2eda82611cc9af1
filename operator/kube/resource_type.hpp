// The catalogue of the API server's resource types that the operator speaks to. Constants; safe on any thread.
#pragma once

#include <array>
#include <string>
#include <string_view>

namespace kube {

/// One resource type: its group, version and names, as in the API's discovery documents.
struct ResourceType {
  std::string_view group;  ///< empty for the core group
  std::string_view version;
  std::string_view kind;
  std::string_view plural;
  bool namespaced = true;

  /// "v1" or "apps/v1".
  std::string api_version() const;
  /// The path of the collection; `name_space` empty means all namespaces, or a cluster-scoped type.
  std::string path(std::string_view name_space) const;
  /// The path of one object.
  std::string path(std::string_view name_space, std::string_view name) const;
};

inline bool operator==(const ResourceType& left, const ResourceType& right) {
  return left.group == right.group && left.kind == right.kind;
}

namespace types {
inline constexpr ResourceType kDeployment{"apps", "v1", "Deployment", "deployments"};
inline constexpr ResourceType kReplicaSet{"apps", "v1", "ReplicaSet", "replicasets"};
inline constexpr ResourceType kStatefulSet{"apps", "v1", "StatefulSet", "statefulsets"};
inline constexpr ResourceType kPod{"", "v1", "Pod", "pods"};
inline constexpr ResourceType kService{"", "v1", "Service", "services"};
inline constexpr ResourceType kServiceAccount{"", "v1", "ServiceAccount", "serviceaccounts"};
inline constexpr ResourceType kConfigMap{"", "v1", "ConfigMap", "configmaps"};
inline constexpr ResourceType kSecret{"", "v1", "Secret", "secrets"};
inline constexpr ResourceType kEndpointSlice{"discovery.k8s.io", "v1", "EndpointSlice", "endpointslices"};
inline constexpr ResourceType kIngress{"networking.k8s.io", "v1", "Ingress", "ingresses"};
inline constexpr ResourceType kIngressClass{"networking.k8s.io", "v1", "IngressClass", "ingressclasses", false};
inline constexpr ResourceType kPodDisruptionBudget{"policy", "v1", "PodDisruptionBudget", "poddisruptionbudgets"};
inline constexpr ResourceType kLease{"coordination.k8s.io", "v1", "Lease", "leases"};
inline constexpr ResourceType kEvent{"events.k8s.io", "v1", "Event", "events"};
}  // namespace types

}  // namespace kube
