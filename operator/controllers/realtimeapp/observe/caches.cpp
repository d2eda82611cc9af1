#include "operator/controllers/realtimeapp/observe/caches.hpp"

#include <set>

#include <fmt/format.h>

#include "operator/api/v1alpha1/labels.hpp"

namespace controllers {

const runtime::Store<ChildState>& Caches::of(std::string_view kind) const { return children[child_type_index(kind)]; }

runtime::Store<ChildState>& Caches::of(std::string_view kind) { return children[child_type_index(kind)]; }

Caches::Caches() {
  of(kube::types::kConfigMap.kind).index_by([](const kube::ObjectKey& key, const ChildState& state) {
    return state.app.empty() ? std::nullopt : std::optional{kube::ObjectKey{key.name_space, state.app}};
  });
  replica_sets.index_by([](const kube::ObjectKey& key, const ReplicaSetState& state) {
    return state.deployment.empty() ? std::nullopt : std::optional{kube::ObjectKey{key.name_space, state.deployment}};
  });
  metrics_endpoints.index_by([](const kube::ObjectKey& key, const MetricsEndpoints& endpoints) {
    return endpoints.app.empty() ? std::nullopt : std::optional{kube::ObjectKey{key.name_space, endpoints.app}};
  });
  apps.index_by([](const kube::ObjectKey&, const api::DecodedApp& decoded) {
    const auto& name = decoded.app.spec.exposure.class_name;
    return name.empty() ? std::nullopt : std::optional{kube::ObjectKey{"", name}};
  });
}

/// Which configurations there are, and which are in use where one may have to go.
void Caches::observe_configurations(const api::RealtimeApp& app, Observed& observed) const {
  std::size_t found = 0;
  for (const auto& [key, state] : of(kube::types::kConfigMap.kind).indexed(app.key)) {
    if (state->controller_uid != app.uid) continue;
    observed.children.emplace(ChildId{kube::types::kConfigMap.kind, key.name}, *state);
    ++found;
  }
  const std::size_t wanted = app.spec.server ? 1 : 0;
  const auto* deployment = observed.child(kube::types::kDeployment, app.key.name);
  const bool rolls_out = deployment != nullptr && deployment->replicas != deployment->updated_replicas;
  if (found <= wanted && !rolls_out) return;
  for (const auto& [key, state] : replica_sets.indexed(app.key)) {
    observed.configurations_in_use.insert(state->configuration);
    observed.ready_by_revision[state->revision] += state->ready_replicas;
    if (deployment != nullptr && state->revision != deployment->revision.text())
      observed.outdated_replica_sets.insert(key.name);
  }
}

std::vector<std::string> Caches::metrics_addresses(const kube::ObjectKey& app) const {
  // In a cluster of both families a replica is in two slices.
  std::map<std::string, std::string> address_by_pod;
  for (const auto& [key, endpoints] : metrics_endpoints.indexed(app))
    address_by_pod.insert(endpoints->address_by_pod.begin(), endpoints->address_by_pod.end());
  std::vector<std::string> addresses;
  addresses.reserve(address_by_pod.size());
  for (auto& [pod, address] : address_by_pod) addresses.push_back(std::move(address));
  return addresses;
}

void Caches::observe_children(const api::RealtimeApp& app, Observed& observed) const {
  auto uncached = observed.is_ingress_uncached ? observed.children.extract({kube::types::kIngress.kind, app.key.name})
                                               : decltype(observed.children)::node_type{};
  observed.children.clear();
  observed.configurations_in_use.clear();
  observed.ready_by_revision.clear();
  observed.outdated_replica_sets.clear();
  for (auto& id : possible_children(app.key.name)) {
    const auto state = of(id.kind).find({app.key.name_space, id.name});
    if (state && state->controller_uid == app.uid) observed.children.emplace(std::move(id), *state);
  }
  observe_configurations(app, observed);
  observed.children.insert(std::move(uncached));
}

/// Whether what controls a pod, by its name, is the StatefulSet of the app's Redis or a ReplicaSet of its Deployment.
bool Caches::is_controlled_for(const kube::ObjectKey& app, const std::string& controller) const {
  if (controller == redis_name(app.name)) return true;
  const auto replica_set = replica_sets.find({app.name_space, controller});
  return replica_set && replica_set->deployment == app.name;
}

Observed Caches::observe(const api::RealtimeApp& app) const {
  Observed observed;
  observe_children(app, observed);
  if (const auto& name = app.spec.exposure.class_name; !name.empty())
    if (auto state = ingress_classes.get({"", name})) observed.ingress_classes.emplace(name, std::move(*state));
  observed.pod_diagnoses = pod_diagnoses.of(app.key);
  // Others' pods may carry our labels, by mistake.
  std::erase_if(observed.pod_diagnoses,
                [&](const auto& found) { return !is_controlled_for(app.key, found.second.controller); });
  return observed;
}

void Caches::connect(runtime::Manager& manager, runtime::WorkQueue& queue) {
  // What was there when this instance began to work waits behind what is changed from then on.
  const auto urgency = [&manager] { return manager.works() ? runtime::Priority::kHigh : runtime::Priority::kLow; };
  const auto look_again = [&queue](const auto& others) {
    for (const auto& other : others) queue.add(other, runtime::Priority::kLow);
  };
  exposure_claims.listen(look_again);
  apps.listen_to_batches([this, &queue, urgency, look_again](const auto changes) {
    // Before any of them is reconciled every claim has to be known: in a list, who holds an address may come last.
    std::set<kube::ObjectKey> others;
    for (const auto& [key, before, after] : changes) others.merge(exposure_claims.change(key, after.get()));
    look_again(others);
    for (const auto& [key, before, after] : changes) {
      const bool is_status = before && after && before->app.generation == after->app.generation;  // or metadata
      queue.add(key, is_status ? runtime::Priority::kLow : urgency());
    }
  });
  manager.cache<api::DecodedApp>(api::kRealtimeApp, {}, apps, api::decode);

  const auto ours = fmt::format("{}={}", api::label::kManagedBy, api::kOperatorName);
  for (std::size_t i = 0; i < kChildTypes.size(); ++i) {
    const bool is_ingress = kChildTypes[i] == kube::types::kIngress;
    children[i].listen([this, &queue, urgency, look_again, is_ingress](
                           const kube::ObjectKey& key, const ChildState* before, const ChildState* after) {
      // Whatever controls it: it has the name of its app, and serves this.
      if (is_ingress) look_again(exposure_claims.serve(key, addresses_served_by(after)));
      // Who controlled it and who does now: another user may have changed the reference itself.
      for (const auto* state : {before, after})
        if (state != nullptr && !state->app.empty()) queue.add({key.name_space, state->app}, urgency());
    });
    manager.cache<ChildState>(kChildTypes[i], {.label_selector = ours}, children[i], reduce_child);
  }

  replica_sets.listen([&queue](const kube::ObjectKey& key, const auto* before, const auto* after) {
    const auto& deployment = (after != nullptr ? after : before)->deployment;
    if (!deployment.empty()) queue.add({key.name_space, deployment}, runtime::Priority::kLow);
  });
  const auto of_fleets = fmt::format("{},{}={}", ours, api::label::kComponent, api::kComponentApp);
  manager.cache<ReplicaSetState>(kube::types::kReplicaSet, {.label_selector = of_fleets}, replica_sets,
                                 reduce_replica_set);

  metrics_endpoints.listen([&queue](const kube::ObjectKey& key, const auto* before, const auto* after) {
    const auto& app = (after != nullptr ? after : before)->app;
    if (!app.empty()) queue.add({key.name_space, app}, runtime::Priority::kLow);
  });
  manager.cache<MetricsEndpoints>(kube::types::kEndpointSlice,
                                  {.label_selector = of_fleets + ",service.kubernetes.io/headless"}, metrics_endpoints,
                                  reduce_endpoint_slice);

  pod_diagnoses.listen([&queue, urgency](const kube::ObjectKey& app) { queue.add(app, urgency()); });
  manager.watch(kube::types::kPod, {.label_selector = ours},
                [this](const std::string& name_space) { return pod_diagnoses.target(name_space); });

  ingress_classes.listen([this, &queue](const kube::ObjectKey& key, const auto*, const auto*) {
    for (const auto& [app, cached] : apps.indexed(key)) queue.add(app, runtime::Priority::kLow);
  });
  manager.cache<IngressClassState>(kube::types::kIngressClass, {}, ingress_classes, reduce_ingress_class);
}

}  // namespace controllers
