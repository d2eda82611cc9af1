// The pure core: what an app's children should be, from the specification and what was observed. No client, clock or
// logger; the reconciler performs whatever this returns.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "operator/api/v1alpha1/realtime_app.hpp"
#include "operator/controllers/realtimeapp/observe/observed.hpp"

namespace controllers {

struct PlannedChild {
  PlannedChild(const kube::ResourceType& kind, kube::Object object, std::vector<ChildId> needed = {})
      : type{kind},
        desired{std::move(object)},
        needs{std::move(needed)},
        digest{kube::Projection::desired(desired).digest()} {}

  const kube::ResourceType& type;
  kube::Object desired;
  std::vector<ChildId> needs;       ///< children without which it is held back, each planned before it
  kube::ProjectionDigest digest{};  ///< of what is desired
  /// It is created, and if something of that name exists, not written to: what is in it is its own from then on.
  bool create_only = false;

  ChildId id() const { return {type.kind, desired.name()}; }
};

struct Plan {
  std::vector<PlannedChild> children;   ///< in the order in which they are applied
  std::vector<ChildId> removals;        ///< children that exist and are no longer wanted
  std::map<ChildId, Problem> problems;  ///< of children that cannot be planned: what needs them is held back
  /// The Secret of Redis needs this key of the password's digest, which it does not have yet; else empty.
  std::string new_digest_key;
};

Plan plan(const api::RealtimeApp& app, const Observed& observed);

/// The image of the provisioned Redis: the manifest's, else the one the app was made with, else the default.
api::ImageStatus redis_image(const api::RealtimeApp& app, const Observed& observed);
/// The same of the bundled server; nothing for your own image.
api::ImageStatus server_image(const api::RealtimeApp& app, const Observed& observed);

}  // namespace controllers
