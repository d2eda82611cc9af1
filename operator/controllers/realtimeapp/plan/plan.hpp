// The pure core: what an app's children should be, from the specification and what was observed. No client, clock or
// logger; the reconciler performs whatever this returns.
#pragma once

#include <string>
#include <vector>

#include "operator/api/v1alpha1/realtime_app.hpp"
#include "operator/controllers/realtimeapp/observe/observed.hpp"

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

Plan plan(const api::RealtimeApp& app, const Observed& observed);

/// The image of the provisioned Redis: the manifest's, else the one the app was made with, else the default.
api::ImageStatus redis_image(const api::RealtimeApp& app, const Observed& observed);
/// The same of the bundled server; nothing for an image of one's own.
api::ImageStatus server_image(const api::RealtimeApp& app, const Observed& observed);

}  // namespace controllers
