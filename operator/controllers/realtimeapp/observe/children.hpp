// Which children an app can have: their kinds, their names, and the numbers that several of them agree on, each
// declared once. Constants; pure.
#pragma once

#include <array>
#include <compare>
#include <string>
#include <string_view>
#include <vector>

#include "operator/api/v1alpha1/labels.hpp"
#include "operator/api/v1alpha1/realtime_app.hpp"
#include "operator/kube/workloads.hpp"

namespace controllers {

/// A child by kind and name; its namespace is the app's.
struct ChildId {
  std::string_view kind;
  std::string name;
  auto operator<=>(const ChildId&) const = default;
};

/// The types of the children, in the order in which they are applied. Secrets are apart: they are never watched.
inline constexpr std::array kChildTypes{
    kube::types::kServiceAccount, kube::types::kConfigMap,           kube::types::kService, kube::types::kStatefulSet,
    kube::types::kDeployment,     kube::types::kPodDisruptionBudget, kube::types::kIngress};

/// Where in kChildTypes this kind stands; throws std::logic_error for one that no child has.
std::size_t child_type_index(std::string_view kind);

/// Every child that an app of this name may have, but for its configurations, whose names their content makes, and for
/// the Secret of its Redis, which is not watched.
std::vector<ChildId> possible_children(const std::string& app);

inline constexpr int kServicePort = 80;
inline constexpr const char* kHttpPort = "http";
// The ports of the bundled server.
inline constexpr int kServerPort = 8080;
inline constexpr int kAdminPort = 9090;
inline constexpr const char* kAdminPortName = "admin";
/// The volume of its pods that holds its configuration, and the key in the ConfigMap.
inline constexpr const char* kConfigurationVolume = "configuration";
inline constexpr const char* kConfigurationKey = "config.yaml";
inline constexpr int kRedisPort = 6379;
inline constexpr const char* kRedisPortName = "redis";

/// What `kubectl rollout restart` leaves in a pod template, as FieldsV1 names it. It stays, where other fields of
/// kube::kRollbackManager are taken back.
inline constexpr std::string_view kRestartedAtField = "f:kubectl.kubernetes.io/restartedAt";

// Keys of the Secret with the Redis credentials.
inline constexpr const char* kPasswordKey = "password";
inline constexpr const char* kUrlKey = "url";
inline constexpr const char* kRedisConfigKey = "redis.conf";
inline constexpr const char* kDigestKey = "digest.key";  ///< keys the digest of the password that pods carry

inline std::string headless_name(const std::string& app) { return app + "-headless"; }
inline std::string redis_name(const std::string& app) { return app + "-redis"; }
/// The Secret with the credentials of the provisioned Redis.
inline ChildId redis_secret_id(const std::string& app) { return {kube::types::kSecret.kind, redis_name(app)}; }

/// The port on which a replica serves clients.
inline int replica_port(const api::RealtimeApp& app) { return app.spec.server ? kServerPort : app.spec.app.port; }

/// What pulls the images of the app's pods.
inline const std::vector<std::string>& pull_secrets(const api::RealtimeApp& app) {
  return app.spec.server ? app.spec.server->image_pull_secrets : app.spec.app.image_pull_secrets;
}

/// HOST:PORT of the provisioned Redis inside the cluster.
inline std::string redis_endpoint(const kube::ObjectKey& app) {
  return redis_name(app.name) + "." + app.name_space + ".svc:" + std::to_string(kRedisPort);
}

/// The metadata of a child of this app.
inline kube::Metadata child_metadata(const api::RealtimeApp& app, std::string name, std::string_view component) {
  kube::Metadata metadata;
  metadata.key = {app.key.name_space, std::move(name)};
  metadata.labels = api::child_labels(app.key.name, component);
  metadata.annotations.emplace(api::annotation::kAppUid, app.uid.text());
  metadata.owner = {api::kRealtimeApp.api_version(), std::string{api::kRealtimeApp.kind}, app.key.name, app.uid.text(),
                    true};
  return metadata;
}

/// The part of the Secret of Redis that is kept as it should be: labels, annotation and owner, no data.
inline kube::Object secret_identity(const api::RealtimeApp& app) {
  return kube::encode(kube::types::kSecret, child_metadata(app, redis_name(app.key.name), api::kComponentRedis));
}

}  // namespace controllers
