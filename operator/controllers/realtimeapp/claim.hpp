// Makes an object that has a child's name ours, or says why it is not: asked before a forced apply, which would take
// over whatever has that name. Stateless; safe on any thread.
#pragma once

#include <stop_token>

#include "operator/api/v1alpha1/realtime_app.hpp"
#include "operator/kube/client.hpp"

namespace controllers {

/// Success if `existing` was made for this app, after taking it from a controller that somebody else gave it.
/// kAlreadyExists if it is somebody else's, with what to change; kConflict while it is a leftover of a deleted app of
/// the same name, which the garbage collector will remove.
core::Result<void> claim(kube::Client& client, const kube::ResourceType& type, const kube::Object& existing,
                         const api::RealtimeApp& app, const std::stop_token& stop);

}  // namespace controllers
