// The field managers whose fields the operator looks at. Nobody owns it; constants only.
#pragma once

#include <string_view>

namespace kube {

/// The field manager of every write: server-side apply knows our fields by it, so it never changes.
inline constexpr std::string_view kFieldManager = "realtime-operator";

/// The one of `kubectl rollout`: `undo` leaves it fields of the pod template, `restart` an annotation of it.
inline constexpr std::string_view kRollbackManager = "kubectl-rollout";

}  // namespace kube
