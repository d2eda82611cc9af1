// What the status of an app should say, from its plan and what was observed. Pure: no client, clock or logger.
#pragma once

#include <map>
#include <string>

#include "operator/api/v1alpha1/realtime_app.hpp"
#include "operator/controllers/realtimeapp/observe/observed.hpp"
#include "operator/controllers/realtimeapp/plan/plan.hpp"

namespace controllers {

/// What the status should say. The times of transitions are left empty: see `with_transition_times`.
/// `problems` are those of children, by what was planned and tried. Ready is True only when every child is observed as
/// planned.
api::RealtimeAppStatus assess(const api::RealtimeApp& app, const Plan& plan, const Observed& observed,
                              const std::map<ChildId, Problem>& problems);

/// The status of an app whose specification cannot be read. Its children stay as they are: the status has what is there
/// of them, and no replica runs the current spec.
api::RealtimeAppStatus assess_invalid(const api::RealtimeApp& app, const Observed& observed,
                                      const std::string& problem);

/// Completes the conditions and the addresses: one that is as in `before` keeps its time, another gets `now` (RFC
/// 3339).
api::RealtimeAppStatus with_transition_times(api::RealtimeAppStatus status, const api::RealtimeAppStatus& before,
                                             const std::string& now);

/// Whether a change from one status to the other is worth a write at once; the others, progress, may wait for each
/// other.
bool is_urgent(const api::RealtimeAppStatus& before, const api::RealtimeAppStatus& after);

}  // namespace controllers
