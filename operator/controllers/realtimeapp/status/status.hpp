// What the status of an app should say, from its plan and what was observed. Pure: no client, clock or logger.
#pragma once

#include <string>

#include "operator/api/v1alpha1/realtime_app.hpp"
#include "operator/controllers/realtimeapp/observe/observed.hpp"

namespace controllers {

/// What the status should say. The times of transitions are left empty: see `with_transition_times`.
api::RealtimeAppStatus assess(const api::RealtimeApp& app, const Observed& observed);

/// The status of an app whose specification cannot be read.
api::RealtimeAppStatus assess_invalid(const api::RealtimeApp& app, const std::string& problem);

/// Completes the conditions: one whose status is as in `before` keeps its time, another gets `now` (RFC 3339).
api::RealtimeAppStatus with_transition_times(api::RealtimeAppStatus status, const api::RealtimeAppStatus& before,
                                             const std::string& now);

}  // namespace controllers
