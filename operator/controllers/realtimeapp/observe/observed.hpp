// What the plan may look at: the state of an app's children as the caches have it, in plain values. Value types.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "operator/controllers/realtimeapp/observe/children.hpp"
#include "operator/controllers/realtimeapp/observe/exposure_claims.hpp"
#include "operator/controllers/realtimeapp/observe/pod_diagnoses.hpp"
#include "operator/kube/object.hpp"

namespace controllers {

/// What is kept of a child: who controls it, the digest of the fields we set, and what readiness needs.
struct ChildState {
  std::string uid;
  kube::OwnerReference controller;
  std::string digest;
  std::int64_t generation = 0;
  std::int64_t observed_generation = 0;
  int replicas = 0;
  int updated_replicas = 0;
  int ready_replicas = 0;
  std::string stalled;                 ///< a Deployment's own words when it makes no progress
  std::string refused_pods;            ///< the API server's words when no pod may be made
  std::vector<std::string> addresses;  ///< of an Ingress

  bool operator==(const ChildState& other) const;
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
  bool operator==(const ReplicaSetState&) const = default;
};

/// What is kept of an EndpointSlice: where the metrics of an app's ready replicas are.
struct MetricsEndpoints {
  std::string app;
  std::map<std::string, std::string> address_by_pod;  ///< as HOST:PORT
  bool operator==(const MetricsEndpoints&) const = default;
};

/// The Secret with the password of the provisioned Redis.
struct RedisCredentials {
  std::string digest;      ///< of the password, safe to show
  bool complete = true;    ///< it has every key
  bool consistent = true;  ///< every key has the same password

  bool usable() const { return complete && consistent; }
};

/// Something that keeps a child from being as planned, learnt by trying.
struct Problem {
  std::string_view reason;  ///< of the catalogue
  std::string message;
  bool operator==(const Problem&) const = default;
};

struct Observed {
  std::map<ChildId, ChildState> children;  ///< those that this app controls
  std::optional<RedisCredentials> redis_credentials;
  std::map<std::string, IngressClassState> ingress_classes;
  std::map<ChildId, Problem> problems;
  PodDiagnoses::ByPod pod_diagnoses;          ///< what keeps the app's pods from running
  std::optional<TakenAddress> taken_address;  ///< where the manifest wants to be reached, and an older app is
  std::string refused_redis_pod;              ///< why the pod of its Redis may not be made, if that is so
  /// The ConfigMaps that the app's ReplicaSets refer to; "" stands for one that refers to none. Looked up only if there
  /// is a ConfigMap that may have to go.
  std::set<std::string> configurations_in_use;
  std::optional<std::int64_t> connections;  ///< open over all ready replicas, if that could be measured
  std::string default_redis_image;
  std::string default_server_image;

  /// The child, or null.
  const ChildState* child(const kube::ResourceType& type, const std::string& name) const;
};

/// The reduction of a live child to what is kept of it.
ChildState reduce_child(const kube::Object& live);
IngressClassState reduce_ingress_class(const kube::Object& live);
ReplicaSetState reduce_replica_set(const kube::Object& live);
MetricsEndpoints reduce_endpoint_slice(const kube::Object& live);

}  // namespace controllers
