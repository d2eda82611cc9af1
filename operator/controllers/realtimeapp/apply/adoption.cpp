#include "operator/controllers/realtimeapp/apply/adoption.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "operator/api/v1alpha1/labels.hpp"

namespace controllers {

using core::ErrorKind;

Adoption adoption_of(const kube::Object& object, const api::RealtimeApp& app) {
  const auto owners = object.owners();
  const auto controller =
      std::find_if(owners.begin(), owners.end(), [](const auto& owner) { return owner.controller; });
  const auto made_for =
      kube::value_at<std::string>(object.json(), {"metadata", "annotations", api::annotation::kAppUid.data()});
  if (controller == owners.end()) return made_for == app.uid ? Adoption::kOurs : Adoption::kForeign;
  if (controller->uid == app.uid) return Adoption::kOurs;
  if (made_for == app.uid) return Adoption::kMisowned;
  const bool same_name = controller->kind == api::kRealtimeApp.kind && controller->name == app.key.name;
  return same_name ? Adoption::kLeftover : Adoption::kForeign;
}

nlohmann::json without_controller(const kube::Object& object) {
  auto others = nlohmann::json::array();
  for (const auto& owner : kube::list_at(object.json(), {"metadata", "ownerReferences"}))
    if (!kube::value_at<bool>(owner, {"controller"})) others.push_back(owner);
  return {{"metadata", {{"resourceVersion", object.resource_version()}, {"ownerReferences", std::move(others)}}}};
}

core::Result<void> adopt(kube::Client& client, const kube::ResourceType& type, const kube::Object& existing,
                         const api::RealtimeApp& app, const std::stop_token& stop) {
  switch (adoption_of(existing, app)) {
    case Adoption::kOurs:
      return {};
    case Adoption::kMisowned: {
      const auto released = client.patch(type, existing.key(), without_controller(existing), stop);
      if (!released) return tl::unexpected(released.error());
      return {};
    }
    case Adoption::kLeftover:
      return core::fail(ErrorKind::kConflict,
                        fmt::format("{} \"{}\" of a deleted RealtimeApp with the same name still exists", type.kind,
                                    existing.name()));
    case Adoption::kForeign:
      break;
  }
  return core::fail(
      ErrorKind::kAlreadyExists,
      fmt::format("{0} \"{1}\" exists and does not belong to this RealtimeApp; rename the RealtimeApp, or "
                  "delete that {0} if nothing needs it",
                  type.kind, existing.name()));
}

}  // namespace controllers
