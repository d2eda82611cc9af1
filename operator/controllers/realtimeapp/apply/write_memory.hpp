// Whether writing a child is worth another try: what did not come out as asked, and fights with another manager. Pure
// but for the clock; works on one app's memory.
#pragma once

#include <optional>

#include "operator/controllers/realtimeapp/observe/app_memory.hpp"
#include "operator/controllers/realtimeapp/plan/plan.hpp"

namespace controllers {

/// What the API server's refusal of a child means to a user.
Problem refused(const PlannedChild& child, const core::Error& error);

/// The problem of a child that is not worth writing now: others change it, or take it away, whatever is applied. `live`
/// is null where it is not there.
std::optional<Problem> known_fight(const PlannedChild& child, const ChildState* live, AppMemory& memory);

/// Notes that a child was written and what came of it; the problem if it is not as asked. `live` is what it was before,
/// null if it was created; `is_repair`: it had been there for this generation of the app.
std::optional<Problem> note_write(const PlannedChild& child, const ChildState* live, bool is_repair,
                                  const kube::ProjectionDigest& got, AppMemory& memory);

}  // namespace controllers
