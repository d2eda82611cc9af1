#include "operator/controllers/realtimeapp/observe/ownership.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "operator/api/v1alpha1/labels.hpp"

namespace controllers {
namespace {

std::string label_of(const kube::Object& object, std::string_view name) {
  return kube::value_at<std::string>(object.json(), {"metadata", "labels", name});
}

/// Whether an operator of ours created it for an app of this name.
bool is_marked(const kube::Object& object, const api::RealtimeApp& app) {
  return label_of(object, api::label::kManagedBy) == api::kOperatorName &&
         label_of(object, api::label::kName) == api::kAppName &&
         label_of(object, api::label::kInstance) == app.key.name;
}

}  // namespace

Ownership ownership_of(const kube::Object& object, const api::RealtimeApp& app) {
  const auto owners = object.owners();
  const auto controller =
      std::find_if(owners.begin(), owners.end(), [](const auto& owner) { return owner.controller; });
  const auto made_for =
      kube::value_at<std::string>(object.json(), {"metadata", "annotations", api::annotation::kAppUid});
  if (controller == owners.end()) {
    if (made_for == app.uid) return Ownership::kOurs;
    return !made_for.empty() && is_marked(object, app) ? Ownership::kOrphaned : Ownership::kForeign;
  }
  if (controller->uid == app.uid) return Ownership::kOurs;
  if (made_for == app.uid) return Ownership::kMisowned;
  const bool same_name = controller->kind == api::kRealtimeApp.kind && controller->name == app.key.name;
  return same_name ? Ownership::kLeftover : Ownership::kForeign;
}

std::string how_to_hand_over(const kube::Object& object, const kube::ResourceType& type, const api::RealtimeApp& app) {
  return fmt::format(
      "{0} \"{1}\" exists and does not belong to this RealtimeApp; rename the RealtimeApp, delete that {0} if nothing "
      "needs it, or, if it has no controller, hand it over: `kubectl annotate {2} {1} {3}={4}`",
      type.kind, object.name(), type.plural, api::annotation::kAppUid, app.uid.text());
}

}  // namespace controllers
