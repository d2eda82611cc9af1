// Whose an object is that has the name of a child, and making it ours: asked before a child is applied, because a
// forced apply takes over whatever has that name. Stateless; safe on any thread.
#pragma once

#include <stop_token>

#include "operator/api/v1alpha1/realtime_app.hpp"
#include "operator/kube/client.hpp"
#include "operator/kube/object.hpp"

namespace controllers {

enum class Adoption {
  kOurs,      ///< created for this app; its owner reference may be missing
  kMisowned,  ///< created for this app, but another user or controller gave it another controller
  kLeftover,  ///< of a deleted app of the same name: the garbage collector will remove it
  kForeign,   ///< another user's or controller's
};

/// What the owner references and our annotation say. Pure.
Adoption adoption_of(const kube::Object& object, const api::RealtimeApp& app);

/// A merge patch that takes the object from its controller and leaves its other owners. Pure.
nlohmann::json without_controller(const kube::Object& object);

/// Success if `existing` was created for this app, after taking it from a controller that it was given since.
/// kAlreadyExists if it is foreign, with what to change; kConflict while it is a leftover of a deleted app of the same
/// name, which the garbage collector will remove.
core::Result<void> adopt(kube::Client& client, const kube::ResourceType& type, const kube::Object& existing,
                         const api::RealtimeApp& app, const std::stop_token& stop);

}  // namespace controllers
