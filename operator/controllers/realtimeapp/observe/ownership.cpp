#include "operator/controllers/realtimeapp/observe/ownership.hpp"

#include <fmt/format.h>

#include "operator/api/v1alpha1/labels.hpp"

namespace controllers {
namespace {

/// Whether an operator of ours created it for an app of this name.
bool is_marked(const kube::ObjectView& object, const api::RealtimeApp& app) {
  const auto labels = object.metadata().find("labels");
  return labels.find(api::label::kManagedBy).text() == api::kOperatorName &&
         labels.find(api::label::kName).text() == api::kAppName &&
         labels.find(api::label::kInstance).text() == app.key.name;
}

}  // namespace

Ownership ownership_of(const kube::ObjectView& object, const api::RealtimeApp& app) {
  const auto created_for = kube::find_at(object.metadata(), {"annotations", api::annotation::kAppUid}).text();
  const auto controller = object.controller();
  if (controller.is_nothing()) {
    if (created_for == app.uid) return Ownership::kOurs;
    return !created_for.empty() && is_marked(object, app) ? Ownership::kOrphaned : Ownership::kForeign;
  }
  if (controller.find("uid").text() == app.uid) return Ownership::kOurs;
  if (created_for == app.uid) return Ownership::kMisowned;
  const bool same_name =
      controller.find("kind").text() == api::kRealtimeApp.kind && controller.find("name").text() == app.key.name;
  return same_name ? Ownership::kLeftover : Ownership::kForeign;
}

std::string how_to_hand_over(const kube::Object& object, const kube::ResourceType& type, const api::RealtimeApp& app) {
  return fmt::format(
      "{0} \"{1}\" exists and does not belong to this RealtimeApp; rename the RealtimeApp, delete that {0} if nothing "
      "needs it, or, if it has no controller, hand it over: `kubectl annotate {2} {1} {3}={4}`",
      type.kind, object.name(), type.plural, api::annotation::kAppUid, app.uid.text());
}

}  // namespace controllers
