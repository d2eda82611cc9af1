// The pure core: what an app's children should be, and what its status should say, from the specification and what was
// observed. No client, clock or logger; the reconciler performs whatever this returns.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "operator/api/v1alpha1/realtime_app.hpp"
#include "operator/controllers/realtimeapp/observed.hpp"

namespace controllers {

struct PlannedChild {
  const kube::ResourceType& type;
  kube::Object desired;

  ChildId id() const { return {type.kind, desired.name()}; }
};

struct Plan {
  /// The Redis password has to be made first; what needs it is planned once it is observed.
  bool create_redis_credentials = false;
  std::vector<PlannedChild> children;  ///< in the order in which they are applied
  std::vector<ChildId> removals;       ///< children that exist and are no longer wanted
};

/// The types of the children, in the order in which they are applied. Secrets are apart: they are never watched.
inline constexpr std::array kChildTypes{
    kube::types::kServiceAccount, kube::types::kConfigMap,           kube::types::kService, kube::types::kStatefulSet,
    kube::types::kDeployment,     kube::types::kPodDisruptionBudget, kube::types::kIngress};

/// Where in kChildTypes this kind stands; throws std::logic_error for one that no child has.
std::size_t child_type_index(std::string_view kind);

/// Every child that an app of this name may have, but for its configurations, whose names their content makes.
std::vector<ChildId> possible_children(const std::string& app);

Plan plan(const api::RealtimeApp& app, const Observed& observed);

/// What the status should say. The times of transitions are left empty: see `with_transition_times`.
api::RealtimeAppStatus assess(const api::RealtimeApp& app, const Observed& observed);

/// The status of an app whose specification cannot be read.
api::RealtimeAppStatus assess_invalid(const api::RealtimeApp& app, const std::string& problem);

/// Completes the conditions: one whose status is as in `before` keeps its time, another gets `now` (RFC 3339).
api::RealtimeAppStatus with_transition_times(api::RealtimeAppStatus status, const api::RealtimeAppStatus& before,
                                             const std::string& now);

/// The image of the provisioned Redis: the manifest's, else the one the app was made with, else the default.
api::ImageStatus redis_image(const api::RealtimeApp& app, const Observed& observed);
/// The same of the bundled server; nothing for an image of one's own.
api::ImageStatus server_image(const api::RealtimeApp& app, const Observed& observed);

}  // namespace controllers
