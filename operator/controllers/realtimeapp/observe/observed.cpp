#include "operator/controllers/realtimeapp/observe/observed.hpp"

#include <tuple>

#include <fmt/format.h>

#include "operator/api/v1alpha1/labels.hpp"
#include "operator/controllers/realtimeapp/diagnosis/pod_refusals.hpp"
#include "operator/controllers/realtimeapp/observe/children.hpp"
#include "operator/kube/client.hpp"
#include "operator/kube/ownership.hpp"

namespace controllers {
namespace {

using kube::value_at;

/// The message of the Deployment's Progressing condition once its deadline is exceeded, else nothing.
std::string stalled_words(const nlohmann::json& live) {
  for (const auto& condition : kube::list_at(live, {"status", "conditions"}))
    if (value_at<std::string>(condition, {"type"}) == "Progressing" &&
        value_at<std::string>(condition, {"reason"}) == "ProgressDeadlineExceeded")
      return value_at<std::string>(condition, {"message"});
  return {};
}

/// The cause in a Deployment's condition ReplicaFailure, whose words name another pod each time.
std::string refused_pods_words(const nlohmann::json& live) {
  for (const auto& condition : kube::list_at(live, {"status", "conditions"})) {
    if (value_at<std::string>(condition, {"type"}) != "ReplicaFailure" ||
        value_at<std::string>(condition, {"status"}) != "True")
      continue;
    return refusal_in(value_at<std::string>(condition, {"message"}));
  }
  return {};
}

std::vector<std::string> load_balancer_addresses(const nlohmann::json& live) {
  std::vector<std::string> addresses;
  for (const auto& entry : kube::list_at(live, {"status", "loadBalancer", "ingress"})) {
    auto address = value_at<std::string>(entry, {"hostname"});
    if (address.empty()) address = value_at<std::string>(entry, {"ip"});
    if (!address.empty()) addresses.push_back(std::move(address));
  }
  return addresses;
}

}  // namespace

bool ChildState::operator==(const ChildState& other) const {
  const auto all = [](const ChildState& state) {
    return std::tie(state.uid, state.controller.uid, state.digest, state.generation, state.observed_generation,
                    state.replicas, state.updated_replicas, state.ready_replicas, state.stalled, state.refused_pods,
                    state.addresses);
  };
  return all(*this) == all(other);
}

const ChildState* Observed::child(const kube::ResourceType& type, const std::string& name) const {
  const auto found = children.find({type.kind, name});
  return found == children.end() ? nullptr : &found->second;
}

ChildState reduce_child(const kube::Object& live) {
  ChildState state;
  state.uid = live.uid();
  for (const auto& owner : live.owners())
    if (owner.controller) state.controller = owner;
  state.digest = kube::projection_digest(kube::owned_fields(live, kube::kFieldManager));
  state.generation = live.generation();
  const auto& json = live.json();
  state.observed_generation = value_at<std::int64_t>(json, {"status", "observedGeneration"});
  state.replicas = value_at<int>(json, {"status", "replicas"});
  state.updated_replicas = value_at<int>(json, {"status", "updatedReplicas"});
  state.ready_replicas = value_at<int>(json, {"status", "readyReplicas"});
  state.stalled = stalled_words(json);
  state.refused_pods = refused_pods_words(json);
  state.addresses = load_balancer_addresses(json);
  return state;
}

IngressClassState reduce_ingress_class(const kube::Object& live) {
  return {value_at<std::string>(live.json(), {"spec", "controller"})};
}

ReplicaSetState reduce_replica_set(const kube::Object& live) {
  ReplicaSetState state;
  for (const auto& owner : live.owners())
    if (owner.controller && owner.kind == kube::types::kDeployment.kind) state.deployment = owner.name;
  for (const auto& volume : kube::list_at(live.json(), {"spec", "template", "spec", "volumes"}))
    if (value_at<std::string>(volume, {"name"}) == kConfigurationVolume)
      state.configuration = value_at<std::string>(volume, {"configMap", "name"});
  return state;
}

MetricsEndpoints reduce_endpoint_slice(const kube::Object& live) {
  MetricsEndpoints endpoints;
  const auto& json = live.json();
  endpoints.app = value_at<std::string>(json, {"metadata", "labels", api::label::kInstance.data()});
  const bool is_v6 = value_at<std::string>(json, {"addressType"}) == "IPv6";
  int port = 0;
  for (const auto& candidate : kube::list_at(json, {"ports"}))
    if (value_at<std::string>(candidate, {"name"}) == kAdminPortName) port = value_at<int>(candidate, {"port"});
  if (port == 0) return endpoints;
  for (const auto& endpoint : kube::list_at(json, {"endpoints"})) {
    const auto& addresses = kube::list_at(endpoint, {"addresses"});
    if (addresses.empty() || !addresses[0].is_string()) continue;
    if (!value_at<bool>(endpoint, {"conditions", "ready"}, true)) continue;
    const auto address = addresses[0].get<std::string>();
    endpoints.address_by_pod[value_at<std::string>(endpoint, {"targetRef", "name"}, address)] =
        is_v6 ? fmt::format("[{}]:{}", address, port) : fmt::format("{}:{}", address, port);
  }
  return endpoints;
}

}  // namespace controllers
