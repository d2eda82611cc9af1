// Makes an object that has the name of a child ours, or says why it is not. Stateless; safe on any thread.
#pragma once

#include <stop_token>

#include "operator/api/v1alpha1/realtime_app.hpp"
#include "operator/kube/client.hpp"
#include "operator/kube/object.hpp"

namespace controllers {

/// A merge patch that takes the object from its controller and leaves its other owners. Pure.
kube::Json without_controller(const kube::Object& object);

/// Success if `existing` may be applied to: it was created for this app or for an earlier one of its name, and has no
/// other controller, after taking it from a controller that it was given since. kAlreadyExists if it is foreign, with
/// how to hand it over; kConflict while it is a leftover of a deleted app of the same name, which the garbage collector
/// will remove.
core::Result<void> adopt(kube::Client& client, const kube::ResourceType& type, const kube::Object& existing,
                         const api::RealtimeApp& app, const std::stop_token& stop);

}  // namespace controllers
