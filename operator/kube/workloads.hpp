// The built-in kinds that the operator makes, each reduced to the fields that it sets, and their JSON. What is not here
// is never set, so it stays with the manager that sets it. Value types; `encode` is pure.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "operator/kube/object.hpp"

namespace kube {

using Labels = std::map<std::string, std::string>;

struct Metadata {
  ObjectKey key;
  Labels labels;
  Labels annotations;
  OwnerReference owner;
};

/// Resource quantities by name, for example {"cpu": "100m"}.
using Quantities = std::map<std::string, std::string>;

struct Resources {
  Quantities requests;
  Quantities limits;
  bool operator==(const Resources&) const = default;
};
std::size_t hash_value(const Resources& resources);

/// One key of a Secret or ConfigMap.
struct KeyRef {
  std::string name;
  std::string key;
  std::optional<bool> optional;
  bool operator==(const KeyRef&) const = default;
};

/// At most one of the sources is set; without one, `value` counts.
struct EnvVar {
  std::string name;
  std::string value;
  std::optional<KeyRef> secret_key;
  std::optional<KeyRef> config_map_key;
  std::string field_path;  ///< of the pod, as metadata.name
  bool operator==(const EnvVar&) const = default;
};

struct EnvFrom {
  std::string prefix;
  bool is_secret = false;  ///< else a ConfigMap
  std::string name;
  std::optional<bool> optional;
  bool operator==(const EnvFrom&) const = default;
};

/// A port of a container or Service, by which others name it; TCP.
struct Port {
  std::string name;
  int number = 0;
};

/// An empty path means a TCP probe.
struct Probe {
  std::string http_path;
  std::string port_name;
  int period_seconds = 10;
  int timeout_seconds = 1;
  int failure_threshold = 3;
};

struct VolumeMount {
  std::string volume;
  std::string path;
  bool read_only = false;
};

struct Container {
  std::string name;
  std::string image;
  std::string image_pull_policy;
  std::vector<std::string> command;
  std::vector<std::string> args;
  std::vector<Port> ports;
  std::vector<EnvVar> env;
  std::vector<EnvFrom> env_from;
  Resources resources;
  std::vector<VolumeMount> mounts;
  std::optional<Probe> startup_probe;
  std::optional<Probe> readiness_probe;
  std::optional<Probe> liveness_probe;
  int pre_stop_sleep_seconds = 0;
  bool read_only_root = false;
};

/// The Secret or ConfigMap of that name, or an emptyDir without either.
struct Volume {
  std::string name;
  std::string secret_name;
  std::string config_map_name;
};

struct PodTemplate {
  Labels labels;
  Labels annotations;
  std::string service_account;
  std::vector<std::string> image_pull_secrets;
  std::vector<Container> init_containers;  ///< run one after the other, before the others start
  std::vector<Container> containers;       ///< at least one
  std::vector<Volume> volumes;
  int termination_grace_seconds = 30;
  std::optional<int> run_as;  ///< user, group and group of the volumes; without it, the image's user
  Labels spread_over_nodes;   ///< pods with these labels keep apart where they can; empty: no such wish
};

/// Strategy RollingUpdate (apps/v1, RollingUpdateDeployment), in pods.
struct RollingUpdate {
  int max_surge = 1;
  int max_unavailable = 0;
};

struct Deployment {
  Metadata metadata;
  int replicas = 1;
  Labels selector;
  RollingUpdate strategy;
  PodTemplate pod;
};

struct VolumeClaim {
  std::string name;
  std::string storage;
  std::string storage_class;  ///< empty: the cluster's default
  Labels labels;
};

struct StatefulSet {
  Metadata metadata;
  std::string service_name;
  Labels selector;
  PodTemplate pod;
  std::optional<VolumeClaim> claim;
  bool delete_claim_with_set = false;
};

struct Service {
  Metadata metadata;
  Labels selector;
  std::vector<Port> ports;  ///< each leads to the containers' port of the same name
  bool headless = false;
  bool client_ip_affinity = false;
};

struct Ingress {
  Metadata metadata;
  std::string class_name;
  std::string host;
  std::vector<std::string> paths;
  std::string service_name;
  std::string service_port;
  std::string tls_secret;
};

struct PodDisruptionBudget {
  Metadata metadata;
  Labels selector;
};

struct ServiceAccount {
  Metadata metadata;
};

/// An immutable one: it is made and removed, never changed.
struct ConfigMap {
  Metadata metadata;
  std::map<std::string, std::string> data;
};

Object encode(const Deployment& deployment);
Object encode(const StatefulSet& set);
Object encode(const Service& service);
Object encode(const Ingress& ingress);
Object encode(const PodDisruptionBudget& budget);
Object encode(const ServiceAccount& account);
Object encode(const ConfigMap& map);

/// Identity, labels, annotations and owner of an object of this type, without anything else.
Object encode(const ResourceType& type, const Metadata& metadata);

}  // namespace kube
