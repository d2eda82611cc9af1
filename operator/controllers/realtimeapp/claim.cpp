#include "operator/controllers/realtimeapp/claim.hpp"

#include <fmt/format.h>

#include "operator/controllers/realtimeapp/possession.hpp"

namespace controllers {

using core::ErrorKind;

core::Result<void> claim(kube::Client& client, const kube::ResourceType& type, const kube::Object& existing,
                         const api::RealtimeApp& app, const std::stop_token& stop) {
  switch (possession_of(existing, app)) {
    case Possession::kOurs:
      return {};
    case Possession::kMisowned: {
      const auto released = client.patch(type, existing.key(), without_controller(existing), stop);
      if (!released) return tl::unexpected(released.error());
      return {};
    }
    case Possession::kLeftover:
      return core::fail(ErrorKind::kConflict,
                        fmt::format("{} \"{}\" is still there from a deleted RealtimeApp of the same name", type.kind,
                                    existing.name()));
    case Possession::kForeign:
      break;
  }
  return core::fail(
      ErrorKind::kAlreadyExists,
      fmt::format("{0} \"{1}\" exists and does not belong to this RealtimeApp; rename the RealtimeApp, or "
                  "delete that {0} if nothing needs it",
                  type.kind, existing.name()));
}

}  // namespace controllers
