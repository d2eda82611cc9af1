#include "operator/controllers/realtimeapp/possession.hpp"

#include <algorithm>

#include "operator/api/v1alpha1/labels.hpp"

namespace controllers {

Possession possession_of(const kube::Object& object, const api::RealtimeApp& app) {
  const auto owners = object.owners();
  const auto controller =
      std::find_if(owners.begin(), owners.end(), [](const auto& owner) { return owner.controller; });
  const auto made_for =
      kube::value_at<std::string>(object.json(), {"metadata", "annotations", api::annotation::kAppUid.data()});
  if (controller == owners.end()) return made_for == app.uid ? Possession::kOurs : Possession::kForeign;
  if (controller->uid == app.uid) return Possession::kOurs;
  if (made_for == app.uid) return Possession::kMisowned;
  const bool same_name = controller->kind == api::kRealtimeApp.kind && controller->name == app.key.name;
  return same_name ? Possession::kLeftover : Possession::kForeign;
}

nlohmann::json without_controller(const kube::Object& object) {
  auto others = nlohmann::json::array();
  for (const auto& owner : kube::list_at(object.json(), {"metadata", "ownerReferences"}))
    if (!kube::value_at<bool>(owner, {"controller"})) others.push_back(owner);
  return {{"metadata", {{"resourceVersion", object.resource_version()}, {"ownerReferences", std::move(others)}}}};
}

}  // namespace controllers
