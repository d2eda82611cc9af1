// The children that make the fleet of replicas: Deployment, Services, disruption budget, service account. Pure.
#pragma once

#include "operator/api/v1alpha1/realtime_app.hpp"
#include "operator/controllers/realtimeapp/observe/observed.hpp"
#include "operator/controllers/realtimeapp/plan/ingress_controllers.hpp"
#include "operator/kube/workloads.hpp"

namespace controllers {

kube::ServiceAccount fleet_service_account(const api::RealtimeApp& app);
/// What a Deployment needs that its manifest does not say.
struct FleetInputs {
  std::string credentials_digest;  ///< empty without a backplane
  std::string server_image;        ///< these two are empty for an own image
  std::string server_configuration;
  std::string affinity_cookie;  ///< its name
};
kube::Deployment fleet_deployment(const api::RealtimeApp& app, const FleetInputs& inputs);
/// The Service that clients inside the cluster and the ingress use; `recipe` may be null, and `cookie` then empty.
kube::Service fleet_service(const api::RealtimeApp& app, const AffinityRecipe* recipe, const std::string& cookie);
/// One DNS record for each ready replica; with the bundled server also its port for metrics.
kube::Service fleet_headless_service(const api::RealtimeApp& app);
kube::PodDisruptionBudget fleet_disruption_budget(const api::RealtimeApp& app);
kube::Ingress fleet_ingress(const api::RealtimeApp& app);

}  // namespace controllers
