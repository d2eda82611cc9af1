// The children that make the fleet of replicas: Deployment, Services, disruption budget, service account. Pure.
#pragma once

#include "operator/api/v1alpha1/realtime_app.hpp"
#include "operator/controllers/realtimeapp/ingress_controllers.hpp"
#include "operator/controllers/realtimeapp/observed.hpp"
#include "operator/kube/workloads.hpp"

namespace controllers {

kube::ServiceAccount fleet_service_account(const api::RealtimeApp& app);
/// `credentials_digest` is empty without a backplane.
kube::Deployment fleet_deployment(const api::RealtimeApp& app, const std::string& credentials_digest);
/// The Service that clients inside the cluster and the ingress use; `recipe` may be null.
kube::Service fleet_service(const api::RealtimeApp& app, const AffinityRecipe* recipe);
/// One DNS record for each ready replica.
kube::Service fleet_headless_service(const api::RealtimeApp& app);
kube::PodDisruptionBudget fleet_disruption_budget(const api::RealtimeApp& app);
kube::Ingress fleet_ingress(const api::RealtimeApp& app, const IngressController& controller,
                            const AffinityRecipe& recipe);

}  // namespace controllers
