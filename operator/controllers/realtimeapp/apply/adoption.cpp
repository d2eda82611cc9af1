#include "operator/controllers/realtimeapp/apply/adoption.hpp"

#include <fmt/format.h>

#include "operator/controllers/realtimeapp/observe/ownership.hpp"

namespace controllers {

using core::ErrorKind;

kube::Json without_controller(const kube::Object& object) {
  boost::json::array others;
  for (const auto& owner : kube::list_at(object.json(), {"metadata", "ownerReferences"}))
    if (!kube::value_at<bool>(owner, {"controller"})) others.push_back(owner);
  return {{"metadata", {{"resourceVersion", object.resource_version()}, {"ownerReferences", std::move(others)}}}};
}

core::Result<void> adopt(kube::Client& client, const kube::ResourceType& type, const kube::Object& existing,
                         const api::RealtimeApp& app, const std::stop_token& stop) {
  switch (ownership_of(existing, app)) {
    case Ownership::kOurs:
    case Ownership::kOrphaned:
      return {};
    case Ownership::kMisowned: {
      const auto released = client.patch(type, existing.key(), without_controller(existing), stop);
      if (!released) return tl::unexpected(released.error());
      return {};
    }
    case Ownership::kLeftover:
      return core::fail(ErrorKind::kConflict,
                        fmt::format("{} \"{}\" of a deleted RealtimeApp with the same name still exists", type.kind,
                                    existing.name()));
    case Ownership::kForeign:
      break;
  }
  return core::fail(ErrorKind::kAlreadyExists, how_to_hand_over(existing, type, app));
}

}  // namespace controllers
