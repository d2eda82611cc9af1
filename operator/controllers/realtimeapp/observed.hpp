// What the plan may look at: the state of an app's children as the caches have it, in plain values. Value types.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "operator/kube/object.hpp"

namespace controllers {

/// A child by kind and name; its namespace is the app's.
struct ChildId {
  std::string_view kind;
  std::string name;
  auto operator<=>(const ChildId&) const = default;
};

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
  std::vector<std::string> addresses;  ///< of an Ingress

  bool operator==(const ChildState& other) const;
};

/// What is kept of an IngressClass.
struct IngressClassState {
  std::string controller;  ///< spec.controller, as traefik.io/ingress-controller
  bool operator==(const IngressClassState&) const = default;
};

/// The Secret with the password of the provisioned Redis.
struct RedisCredentials {
  std::string digest;  ///< of the password, safe to show
  bool complete = true;
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
  std::string default_redis_image;

  /// The child, or null.
  const ChildState* child(const kube::ResourceType& type, const std::string& name) const;
};

/// The reduction of a live child to what is kept of it.
ChildState reduce_child(const kube::Object& live);
IngressClassState reduce_ingress_class(const kube::Object& live);

}  // namespace controllers
