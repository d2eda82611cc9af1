// What the plan may look at: the state of an app's children as the caches have it, in plain values. Value types.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/shared.hpp"
#include "operator/controllers/realtimeapp/observe/children.hpp"
#include "operator/controllers/realtimeapp/observe/exposure_claims.hpp"
#include "operator/controllers/realtimeapp/observe/pod_diagnoses.hpp"
#include "operator/kube/object.hpp"
#include "operator/kube/projection.hpp"
#include "operator/kube/uid.hpp"

namespace controllers {

/// What an Ingress serves, as it is.
struct ServedAddress {
  std::string host;  ///< empty: every host
  std::vector<std::string> paths;
  bool tls = false;
  std::string class_name;
  bool operator==(const ServedAddress&) const = default;
};

/// What is kept of an Ingress in addition to what is kept of every child.
struct IngressState {
  std::vector<std::string> addresses;  ///< of its load balancer
  std::optional<ServedAddress> serves;
  bool operator==(const IngressState&) const = default;
};
std::size_t hash_value(const IngressState& state);

/// What is kept of a child: who controls it, the digest of the fields we set, and what readiness needs.
struct ChildState {
  kube::Uid uid;
  kube::Uid controller_uid;
  core::SharedText app;  ///< the RealtimeApp that controls it, by name; empty if another kind or nobody does
  kube::ProjectionDigest digest{};
  core::SharedText other_manager;  ///< the field manager, other than ours, that changed it last
  std::int64_t generation = 0;
  std::int64_t observed_generation = 0;
  int replicas = 0;
  int updated_replicas = 0;
  int ready_replicas = 0;
  core::SharedText revision;               ///< of a Deployment: deployment.kubernetes.io/revision
  kube::ProjectionDigest pod_digest{};     ///< of a workload's pod template, without our digest of the credentials
  core::SharedText credentials_digest;     ///< that digest, as its pods carry it
  bool rolled_back = false;                ///< `kubectl rollout undo` owns fields of the pod template
  bool shares_fields = false;              ///< others set by updates what we have applied
  bool deleting = false;                   ///< it is to go, and stays until others have done what they do before
  core::SharedText stalled;                ///< a Deployment's own message when it makes no progress
  core::SharedText refused_pods;           ///< the API server's message when no pod may be created
  core::Shared<IngressState> ingress;      ///< empty for other kinds, which so take no memory for it
  core::Shared<kube::Labels> annotations;  ///< of a Service, that we set; empty for other kinds

  /// Whether the controller of a workload has seen the pod template that is there: until then, all that is known of its
  /// pods is about an earlier one.
  bool is_seen() const { return observed_generation >= generation; }
  bool operator==(const ChildState&) const = default;
};

/// What is kept of an IngressClass.
struct IngressClassState {
  std::string controller;  ///< spec.controller, as traefik.io/ingress-controller
  bool operator==(const IngressClassState&) const = default;
};

/// What is kept of a ReplicaSet.
struct ReplicaSetState {
  std::string deployment;     ///< that controls it
  std::string configuration;  ///< the ConfigMap that its pods read, if they read one of ours
  std::string revision;       ///< of its Deployment, when it was current last
  int ready_replicas = 0;
  bool operator==(const ReplicaSetState&) const = default;
};

/// What is kept of an EndpointSlice: where the metrics of an app's ready replicas are.
struct MetricsEndpoints {
  std::string app;
  std::map<std::string, std::string> address_by_pod;  ///< as HOST:PORT
  bool operator==(const MetricsEndpoints&) const = default;
};

/// What the Secret with the password of the provisioned Redis says.
struct RedisCredentials {
  std::string digest;        ///< of the password, keyed, so that nobody can try passwords against it
  std::string plain_digest;  ///< of the password alone: what pods of older versions carry
  std::string digest_key;    ///< empty: the Secret has none yet
  bool complete = true;      ///< it has every key
  bool consistent = true;    ///< every key has the same password
  std::string elsewhere;     ///< HOST:PORT of the URL, where that is a Redis of this name in another namespace

  bool usable() const { return complete && consistent && elsewhere.empty(); }
};

/// Something that keeps a child from being as planned, learnt by trying.
struct Problem {
  std::string_view reason;  ///< of the catalogue
  std::string message;
  bool passing = false;     ///< a retry may overcome it; else it needs action of a user
  bool maybe_done = false;  ///< of a write that failed, and may have been carried out
  bool operator==(const Problem&) const = default;
};

/// The Secret with the password of the provisioned Redis, as last read.
struct RedisSecret {
  std::optional<RedisCredentials> credentials;  ///< nothing: there is no Secret, or it is not this app's
  std::optional<ChildState> state;              ///< where it is this app's
  std::optional<Problem> problem;               ///< foreign, or it could not be read
  /// It has not been read yet, and is taken to be as an earlier leader left it: this app's, and what its pods run with.
  bool is_unread = false;

  bool is_absent() const { return !credentials && !problem && !is_unread; }
};

/// The Secret with the certificate of the exposure, as last read.
struct TlsSecret {
  std::string name;
  std::string host;                    ///< that the certificate is to be for; empty: every host
  std::optional<Problem> problem;      ///< why TLS cannot work
  std::optional<std::string> warning;  ///< what will keep it from working soon
};

struct Observed {
  std::map<ChildId, ChildState> children;  ///< those that this app controls
  RedisSecret redis_secret;
  /// The password to create the Secret with, and the key of its digest, where there is no Secret yet.
  std::string new_password;
  std::string new_digest_key;
  std::optional<TlsSecret> tls_secret;  ///< where the exposure names one
  std::map<std::string, IngressClassState> ingress_classes;
  PodDiagnoses::ByPod pod_diagnoses;          ///< what keeps the app's pods from running
  std::optional<TakenAddress> taken_address;  ///< where the spec wants to be reached, and another app is
  std::string refused_redis_pod;              ///< why the pod of its Redis may not be created, if that is so
  /// The ConfigMaps that the app's ReplicaSets refer to; "" stands for one that refers to none. Looked up only if there
  /// is a ConfigMap that may have to go.
  std::set<std::string> configurations_in_use;
  /// Ready replicas by the revision of the Deployment that they run. Looked up only during a rollout.
  std::map<std::string, int> ready_by_revision;
  /// The app's ReplicaSets of other revisions than the Deployment's. Looked up only during a rollout.
  std::set<std::string> outdated_replica_sets;
  /// The status knows of an Ingress that is in no cache: it lacks our label (then it is among the children), or it
  /// could not be read.
  bool is_ingress_uncached = false;
  std::optional<std::int64_t> connections;  ///< open over all ready replicas, if that could be measured
  std::optional<Problem> problem;           ///< what could not be read
  std::string default_redis_image;
  std::string default_server_image;
  std::string operator_build;  ///< see core::build_id()

  /// The child, or null.
  const ChildState* child(const kube::ResourceType& type, const std::string& name) const;
};

/// The digests of a child, as planned or as owned by us; that of the pod template of a workload is without our digest
/// of the Redis credentials.
inline kube::Projection::Digests digests_of(const kube::Projection& child) {
  return child.digests(api::annotation::kRedisCredentials);
}

/// The reduction of the Secret of Redis, which is not applied: its digest is that of `identity` where it has all of it.
ChildState reduce_secret(const kube::Object& live, const kube::Object& identity);

/// Where clients reach what this Ingress leads to; nothing where there is none, or another kind.
std::vector<ExposureAddress> addresses_served_by(const ChildState* ingress);

/// The reductions of live objects to what is kept of them.
ChildState reduce_child(const kube::ObjectView& live);
IngressClassState reduce_ingress_class(const kube::ObjectView& live);

ReplicaSetState reduce_replica_set(const kube::ObjectView& live);
MetricsEndpoints reduce_endpoint_slice(const kube::ObjectView& live);

}  // namespace controllers
