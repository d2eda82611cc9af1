// What keeps a pod from running, read from its status: the cause in a word of the catalogue and in a sentence that says
// what to change. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "operator/kube/object.hpp"

namespace controllers {

struct PodTrouble {
  std::string component;  ///< api::kComponentApp or kComponentRedis
  std::string_view reason;
  std::string message;
  /// Whether it lasts until somebody changes something; the others may pass, as when a node is added.
  bool lasting = false;

  bool operator==(const PodTrouble&) const = default;
};

/// Nothing for a pod that runs, starts as it should, or is on its way out.
std::optional<PodTrouble> find_trouble(const kube::Object& pod);

}  // namespace controllers
