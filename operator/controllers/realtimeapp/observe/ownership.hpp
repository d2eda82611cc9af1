// Whose an object is that has the name of a child: asked before a child is applied, because a forced apply takes over
// whatever has that name. Pure.
#pragma once

#include "operator/api/v1alpha1/realtime_app.hpp"
#include "operator/kube/object.hpp"

namespace controllers {

enum class Ownership {
  kOurs,      ///< created for this app; its owner reference may be missing
  kOrphaned,  ///< of an app of this name, and without a controller: left by `--cascade=orphan`, or restored from a
              ///< backup
  kMisowned,  ///< created for this app, but another user or controller gave it another controller
  kLeftover,  ///< of a deleted app of the same name: the garbage collector will remove it
  kForeign,   ///< another user's or controller's
};

/// What the owner references, our labels and our annotation say.
Ownership ownership_of(const kube::ObjectView& object, const api::RealtimeApp& app);

/// What to do about a foreign object that has the name of a child: a sentence for a status.
std::string how_to_hand_over(const kube::Object& object, const kube::ResourceType& type, const api::RealtimeApp& app);

}  // namespace controllers
