#include "operator/controllers/realtimeapp/observe/caches.hpp"

#include <fmt/format.h>

#include "operator/api/v1alpha1/labels.hpp"

namespace controllers {

const runtime::Store<ChildState>& Caches::of(std::string_view kind) const { return children[child_type_index(kind)]; }

runtime::Store<ChildState>& Caches::of(std::string_view kind) { return children[child_type_index(kind)]; }

void Caches::observe_configurations(const api::RealtimeApp& app, Observed& observed) const {
  const auto configurations =
      of(kube::types::kConfigMap.kind).select([&](const kube::ObjectKey& key, const ChildState& state) {
        return key.name_space == app.key.name_space && state.controller.uid == app.uid;
      });
  for (const auto& [key, state] : configurations)
    observed.children.emplace(ChildId{kube::types::kConfigMap.kind, key.name}, state);
  const std::size_t wanted = app.spec.server ? 1 : 0;
  if (configurations.size() <= wanted) return;
  for (const auto& [key, state] : replica_sets.select([&](const kube::ObjectKey&key, const ReplicaSetState&state) {
         return key.name_space == app.key.name_space && state.deployment == app.key.name;
       }))
    observed.configurations_in_use.insert(state.configuration);
}

std::vector<std::string> Caches::metrics_addresses(const kube::ObjectKey& app) const {
  // In a cluster of both families a replica is in two slices.
  std::map<std::string, std::string> address_by_pod;
  for (auto& [key, endpoints] :
       metrics_endpoints.select([&](const kube::ObjectKey&key, const MetricsEndpoints&candidate) {
         return key.name_space == app.name_space && candidate.app == app.name;
       }))
    address_by_pod.merge(endpoints.address_by_pod);
  std::vector<std::string> addresses;
  addresses.reserve(address_by_pod.size());
  for (auto& [pod, address] : address_by_pod) addresses.push_back(std::move(address));
  return addresses;
}

Observed Caches::observe(const api::RealtimeApp& app) const {
  Observed observed;
  for (auto& id : possible_children(app.key.name)) {
    auto state = of(id.kind).get({app.key.name_space, id.name});
    if (state && state->controller.uid == app.uid) observed.children.emplace(std::move(id), std::move(*state));
  }
  observe_configurations(app, observed);
  if (const auto& name = app.spec.exposure.class_name; !name.empty())
    if (auto state = ingress_classes.get({"", name})) observed.ingress_classes.emplace(name, std::move(*state));
  observed.pod_diagnoses = pod_diagnoses.of(app.key);
  observed.taken_address = exposure_claims.taken(app);
  return observed;
}

void Caches::connect(runtime::Manager& manager, runtime::WorkQueue& queue) {
  // What was there when the operator started waits behind what somebody has just changed.
  const auto urgency = [&manager](bool is_new) {
    return is_new && !manager.synced() ? runtime::Priority::kLow : runtime::Priority::kHigh;
  };
  apps.listen(
      [this, &queue, urgency](const kube::ObjectKey& key, const api::DecodedApp* before, const api::DecodedApp* after) {
        const auto affected = exposure_claims.change(key, before != nullptr ? &before->app : nullptr,
                                                     after != nullptr ? &after->app : nullptr);
        for (const auto& other : affected) queue.add(other, runtime::Priority::kLow);
        const bool is_status =
            before != nullptr && after != nullptr && before->app.generation == after->app.generation;  // or metadata
        queue.add(key, is_status ? runtime::Priority::kLow : urgency(before == nullptr));
      });
  manager.cache<api::DecodedApp>(api::kRealtimeApp, "", apps, api::decode);

  const auto ours = fmt::format("{}={}", api::label::kManagedBy, api::kOperatorName);
  for (std::size_t i = 0; i < kChildTypes.size(); ++i) {
    children[i].listen(
        [&queue, urgency](const kube::ObjectKey& key, const ChildState* before, const ChildState* after) {
          // Whoever controlled it and whoever does now: somebody may have changed the reference itself.
          for (const auto* state : {before, after})
            if (state != nullptr && state->controller.kind == api::kRealtimeApp.kind)
              queue.add({key.name_space, state->controller.name}, urgency(before == nullptr));
        });
    manager.cache<ChildState>(kChildTypes[i], ours, children[i], reduce_child);
  }

  replica_sets.listen([&queue](const kube::ObjectKey& key, const auto* before, const auto* after) {
    const auto& deployment = (after != nullptr ? after : before)->deployment;
    if (!deployment.empty()) queue.add({key.name_space, deployment}, runtime::Priority::kLow);
  });
  const auto of_fleets = fmt::format("{},{}={}", ours, api::label::kComponent, api::kComponentApp);
  manager.cache<ReplicaSetState>(kube::types::kReplicaSet, of_fleets, replica_sets, reduce_replica_set);

  metrics_endpoints.listen([&queue](const kube::ObjectKey& key, const auto* before, const auto* after) {
    queue.add({key.name_space, (after != nullptr ? after : before)->app}, runtime::Priority::kLow);
  });
  manager.cache<MetricsEndpoints>(kube::types::kEndpointSlice, of_fleets + ",service.kubernetes.io/headless",
                                  metrics_endpoints, reduce_endpoint_slice);

  pod_diagnoses.listen([&queue, urgency](const kube::ObjectKey& app) { queue.add(app, urgency(true)); });
  manager.watch(kube::types::kPod, ours,
                [this](const std::string& name_space) { return pod_diagnoses.target(name_space); });

  ingress_classes.listen([this, &queue](const kube::ObjectKey& key, const auto*, const auto*) {
    for (const auto& [app, cached] : apps.select([&](const auto&, const api::DecodedApp& candidate) {
           return candidate.app.spec.exposure.class_name == key.name;
         }))
      queue.add(app, runtime::Priority::kLow);
  });
  manager.cache<IngressClassState>(kube::types::kIngressClass, "", ingress_classes, reduce_ingress_class);
}

}  // namespace controllers
