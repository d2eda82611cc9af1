// What keeps a pod from running, read from its status: the cause in a word of the catalogue and in a sentence that says
// what to change. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "operator/kube/object.hpp"

namespace controllers {

struct PodDiagnosis {
  std::string component;  ///< api::kComponentApp or kComponentRedis
  std::string_view reason;
  std::string message;
  /// Whether it lasts until a user changes something; the others may pass, as when a node is added.
  bool needs_user_action = false;
  std::string controller;  ///< of the pod, by name: its ReplicaSet or StatefulSet

  bool operator==(const PodDiagnosis&) const = default;
};

/// Nothing for a pod that runs, starts as it should, or is on its way out.
std::optional<PodDiagnosis> diagnose_pod(const kube::ObjectView& pod);

}  // namespace controllers
