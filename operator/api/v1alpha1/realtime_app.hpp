// The RealtimeApp of realtimeoperator.dev/v1alpha1, typed. The schema with every field's meaning is
// crds/realtimeoperator.dev_realtimeapps.yaml; this follows it. Value types.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/shared.hpp"
#include "operator/api/v1alpha1/server_spec.hpp"
#include "operator/kube/object.hpp"
#include "operator/kube/projection.hpp"
#include "operator/kube/uid.hpp"
#include "operator/kube/workloads.hpp"

namespace api {

inline constexpr kube::ResourceType kRealtimeApp{"realtimeoperator.dev", "v1alpha1", "RealtimeApp", "realtimeapps"};

struct AppSpec {
  core::SharedText image;
  core::SharedText image_pull_policy;  ///< empty: Kubernetes' default
  std::vector<std::string> image_pull_secrets;
  std::vector<std::string> command;
  std::vector<std::string> args;
  int port = 8000;
  std::vector<kube::EnvVar> env;
  std::vector<kube::EnvFrom> env_from;
  core::Shared<kube::Resources> resources;
  bool operator==(const AppSpec&) const = default;
};

enum class RedisType { kProvisioned, kNone };
enum class Persistence { kNone, kAppendOnly };
enum class Retention { kRetain, kDelete };

struct RedisSpec {
  RedisType type = RedisType::kProvisioned;
  core::SharedText image;  ///< empty: the default when the app was created
  Persistence persistence = Persistence::kNone;
  core::SharedText storage = "1Gi";
  core::SharedText storage_class_name;  ///< empty: the cluster's default
  Retention retention = Retention::kRetain;
  core::Shared<kube::Resources> resources;
  ChannelSpec channel;
  bool operator==(const RedisSpec&) const = default;
};

enum class ExposureType { kIngress, kNone };
enum class Affinity { kCookie, kNone };
enum class SameSite { kLax, kNone };

struct ExposureSpec {
  ExposureType type = ExposureType::kNone;
  core::SharedText class_name;
  std::string host;  ///< empty: every host
  std::vector<std::string> paths = {"/"};
  Affinity affinity = Affinity::kCookie;
  std::optional<SameSite> same_site;  ///< nothing: as the allowed origins need it
  std::string tls_secret_name;        ///< empty: no TLS
  std::map<std::string, std::string> annotations;
  bool operator==(const ExposureSpec&) const = default;
};

struct RealtimeAppSpec {
  int replicas = 1;
  std::optional<ServerSpec> server;  ///< without it, `app` counts
  AppSpec app;
  ProtocolSpec protocol;
  DrainSpec drain;
  RedisSpec redis;
  ExposureSpec exposure;
  bool operator==(const RealtimeAppSpec&) const = default;
};

/// What the schema takes of a condition's message; longer ones are cut.
inline constexpr std::size_t kMaxMessageBytes = 32768;

/// metav1.Condition; `last_transition_time` is RFC 3339.
struct Condition {
  core::SharedText type;
  core::SharedText status;  ///< "True", "False" or "Unknown"
  core::SharedText reason;
  core::SharedText message;
  std::int64_t observed_generation = 0;
  core::SharedText last_transition_time;
  bool operator==(const Condition&) const = default;
};

/// An image of a part of the fleet that the operator has a default for.
struct ImageStatus {
  core::SharedText image;  ///< in use
  /// The operator's default when the app first had that part: for when the manifest names none.
  core::SharedText default_image;
  bool operator==(const ImageStatus&) const = default;
};

/// An address of the exposure that the app has, so that no other app gets it.
struct HeldAddress {
  core::SharedText class_name;
  std::string host;        ///< empty: every host
  std::string path;        ///< without a slash at its end
  core::SharedText since;  ///< RFC 3339
  bool operator==(const HeldAddress&) const = default;
};

struct RealtimeAppStatus {
  std::int64_t observed_generation = 0;
  int replicas = 0;
  int ready_replicas = 0;
  core::SharedText replicas_summary;
  std::optional<std::int64_t> connections;  ///< nothing when it cannot be measured
  std::string selector;
  std::string url;
  std::vector<HeldAddress> addresses;
  core::SharedText affinity_cookie;  ///< its name, which stays
  ImageStatus server;
  std::string redis_endpoint;
  ImageStatus redis;
  std::string applied_digest;  ///< of the children as they were applied; empty: they are not all as the spec says
  std::vector<Condition> conditions;
  bool operator==(const RealtimeAppStatus&) const = default;

  /// The condition of this type, or null.
  const Condition* condition(std::string_view type) const;
};

struct RealtimeApp {
  kube::ObjectKey key;
  kube::Uid uid;
  std::int64_t generation = 0;
  core::SharedText created;  ///< RFC 3339
  bool deleting = false;
  kube::ProjectionDigest spec_digest{};  ///< of the whole spec as it was read
  RealtimeAppSpec spec;
  RealtimeAppStatus status;
  bool operator==(const RealtimeApp&) const = default;
};

/// A RealtimeApp as read. With a problem, only its identity, generation and status count.
struct DecodedApp {
  RealtimeApp app;
  std::string problem;  ///< empty, or each wrong field's path and what is expected there
  bool operator==(const DecodedApp&) const = default;
};

/// Reads a RealtimeApp. The API server has validated it against the schema, but perhaps an older one. Fields that are
/// not known are ignored. Never throws.
DecodedApp decode(const kube::ObjectView& object);

/// The object to apply to the status subresource: identity with the uid, and status, nothing else. Messages are cut at
/// what the schema takes.
kube::Object encode_status(const RealtimeApp& app, const RealtimeAppStatus& status);

}  // namespace api
