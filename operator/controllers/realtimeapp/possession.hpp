// Whose an object is that has the name of a child: asked before a child is made, because a forced apply would take over
// whatever has that name. Pure.
#pragma once

#include "operator/api/v1alpha1/realtime_app.hpp"
#include "operator/kube/object.hpp"

namespace controllers {

enum class Possession {
  kOurs,      ///< made for this app; its owner reference may be missing
  kMisowned,  ///< made for this app, but somebody gave it another controller
  kLeftover,  ///< of a deleted app of the same name: the garbage collector will remove it
  kForeign,   ///< somebody else's
};

/// What the owner references and our annotation say.
Possession possession_of(const kube::Object& object, const api::RealtimeApp& app);

/// A merge patch that takes the object from its controller and leaves its other owners.
nlohmann::json without_controller(const kube::Object& object);

}  // namespace controllers
