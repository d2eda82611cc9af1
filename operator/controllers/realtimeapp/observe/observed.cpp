#include "operator/controllers/realtimeapp/observe/observed.hpp"

#include <fmt/format.h>

#include "core/utf8.hpp"
#include "operator/api/v1alpha1/labels.hpp"
#include "operator/controllers/realtimeapp/diagnosis/pod_refusals.hpp"
#include "operator/controllers/realtimeapp/observe/children.hpp"
#include "operator/kube/client.hpp"
#include "operator/kube/managed_fields.hpp"

namespace controllers {
namespace {

using kube::value_at;

constexpr std::size_t kMaxQuoted = 1024;  // bytes of what a webhook or a node may have said
constexpr const char* kRevision = "deployment.kubernetes.io/revision";
constexpr const char* kServiceName = "kubernetes.io/service-name";

/// Why the rollout of a Deployment goes on no more, by its Progressing condition: in that one's words, once its
/// deadline is exceeded, or because it was paused; else nothing.
std::string stalled_message(const kube::ObjectView& live, kube::JsonView status) {
  for (const auto& condition : status.find("conditions").elements()) {
    if (value_at<std::string_view>(condition, {"type"}) != "Progressing") continue;
    const auto reason = value_at<std::string_view>(condition, {"reason"});
    if (reason == "ProgressDeadlineExceeded") return value_at<std::string>(condition, {"message"});
    if (reason == "DeploymentPaused")
      return fmt::format("Deployment \"{0}\" is paused: resume it (`kubectl rollout resume deployment {0}`)",
                         live.name());
  }
  return {};
}

/// The cause in a Deployment's condition ReplicaFailure, whose message names another pod each time.
std::string refused_pods_message(kube::JsonView status) {
  for (const auto& condition : status.find("conditions").elements()) {
    if (value_at<std::string_view>(condition, {"type"}) != "ReplicaFailure" ||
        value_at<std::string_view>(condition, {"status"}) != "True")
      continue;
    return refusal_in(value_at<std::string>(condition, {"message"}));
  }
  return {};
}

std::vector<std::string> load_balancer_addresses(kube::JsonView status) {
  std::vector<std::string> addresses;
  for (const auto& entry : kube::list_at(status, {"loadBalancer", "ingress"})) {
    auto address = value_at<std::string>(entry, {"hostname"});
    if (address.empty()) address = value_at<std::string>(entry, {"ip"});
    if (!address.empty()) addresses.push_back(std::move(address));
  }
  return addresses;
}

std::optional<ServedAddress> served_address(kube::JsonView spec) {
  const auto rules = spec.find("rules");
  if (rules.is_nothing()) return std::nullopt;
  ServedAddress serves;
  for (const auto& rule : rules.elements()) {
    serves.host = value_at<std::string>(rule, {"host"});
    for (const auto& path : kube::list_at(rule, {"http", "paths"}))
      serves.paths.push_back(value_at<std::string>(path, {"path"}));
  }
  serves.tls = !spec.find("tls").elements().empty();
  serves.class_name = value_at<std::string>(spec, {"ingressClassName"});
  return serves;
}

/// The name of what controls the object, if it is of this kind.
std::string_view controller_name(kube::JsonView controller, std::string_view kind) {
  return controller.find("kind").text() == kind ? controller.find("name").text() : std::string_view{};
}

ChildState reduce_owner(const kube::ObjectView& live) {
  ChildState state;
  state.uid = live.uid();
  state.deleting = live.deleting();
  const auto controller = live.controller();
  state.controller_uid = controller.find("uid").text();
  state.app = controller_name(controller, api::kRealtimeApp.kind);
  return state;
}

/// What is kept of a workload's pod template; `owned` has the fields that we set.
void reduce_pod_template(const kube::ObjectView& live, const kube::Projection& owned, ChildState& state) {
  const auto pod = owned.at({"spec", "template"});
  if (pod.is_nothing()) return;
  state.credentials_digest = pod.at({"metadata", "annotations", api::annotation::kRedisCredentials}).text();
  state.rolled_back = kube::owns_part(live, kube::kRollbackManager, {"f:spec", "f:template"}, kRestartedAtField);
}

}  // namespace

std::size_t hash_value(const IngressState& state) {
  auto seed = boost::hash_value(state.addresses);
  if (!state.serves) return seed;
  boost::hash_combine(seed, state.serves->host);
  boost::hash_combine(seed, state.serves->paths);
  boost::hash_combine(seed, state.serves->tls);
  boost::hash_combine(seed, state.serves->class_name);
  return seed;
}

const ChildState* Observed::child(const kube::ResourceType& type, const std::string& name) const {
  const auto found = children.find({type.kind, name});
  return found == children.end() ? nullptr : &found->second;
}

ChildState reduce_secret(const kube::Object& live, const kube::Object& identity) {
  auto state = reduce_owner(live);
  if (kube::includes(live.json(), identity.json()))
    state.digest = digests_of(kube::Projection::desired(identity)).whole;
  return state;
}

ChildState reduce_child(const kube::ObjectView& live) {
  auto state = reduce_owner(live);
  const auto status = live.json().find("status");
  state.generation = live.generation();
  state.observed_generation = value_at<std::int64_t>(status, {"observedGeneration"});
  state.replicas = value_at<int>(status, {"replicas"});
  state.updated_replicas = value_at<int>(status, {"updatedReplicas"});
  state.ready_replicas = value_at<int>(status, {"readyReplicas"});
  state.revision = kube::find_at(live.metadata(), {"annotations", kRevision}).text();
  state.stalled = core::utf8_prefix(stalled_message(live, status), kMaxQuoted);
  state.refused_pods = core::utf8_prefix(refused_pods_message(status), kMaxQuoted);
  state.ingress = IngressState{load_balancer_addresses(status), served_address(live.json().find("spec"))};
  state.other_manager = kube::last_other_manager(live, kube::kFieldManager);
  state.shares_fields = !kube::shared_fields(live, kube::kFieldManager).empty();
  const auto owned = kube::Projection::owned(live, kube::kFieldManager);
  reduce_pod_template(live, owned, state);
  const bool is_service = !kube::list_at(live.json(), {"spec", "ports"}).empty();
  if (is_service) state.annotations = owned.at({"metadata", "annotations"}).texts();
  const auto digests = digests_of(owned);
  state.digest = digests.whole;
  state.pod_digest = digests.pod_template;
  return state;
}

std::vector<ExposureAddress> addresses_served_by(const ChildState* ingress) {
  std::vector<ExposureAddress> addresses;
  if (ingress == nullptr || !ingress->ingress->serves) return addresses;
  const auto& serves = *ingress->ingress->serves;
  for (const auto& path : serves.paths) addresses.push_back({serves.class_name, serves.host, prefix_path(path)});
  return addresses;
}

IngressClassState reduce_ingress_class(const kube::ObjectView& live) {
  return {value_at<std::string>(live.json(), {"spec", "controller"})};
}

ReplicaSetState reduce_replica_set(const kube::ObjectView& live) {
  ReplicaSetState state;
  state.deployment = controller_name(live.controller(), kube::types::kDeployment.kind);
  state.revision = value_at<std::string>(live.json(), {"metadata", "annotations", kRevision});
  state.ready_replicas = value_at<int>(live.json(), {"status", "readyReplicas"});
  for (const auto& volume : kube::list_at(live.json(), {"spec", "template", "spec", "volumes"}))
    if (value_at<std::string_view>(volume, {"name"}) == kConfigurationVolume)
      state.configuration = value_at<std::string>(volume, {"configMap", "name"});
  return state;
}

MetricsEndpoints reduce_endpoint_slice(const kube::ObjectView& live) {
  MetricsEndpoints endpoints;
  const auto json = live.json();
  const auto app = value_at<std::string>(json, {"metadata", "labels", api::label::kInstance});
  // Services that copy our labels pass them to their slices.
  if (value_at<std::string_view>(json, {"metadata", "labels", kServiceName}) != headless_name(app)) return endpoints;
  endpoints.app = app;
  const auto family = value_at<std::string_view>(json, {"addressType"});
  const bool is_v6 = family == "IPv6";
  if (!is_v6 && family != "IPv4") return endpoints;
  int port = 0;
  for (const auto& candidate : kube::list_at(json, {"ports"}))
    if (value_at<std::string_view>(candidate, {"name"}) == kAdminPortName) port = value_at<int>(candidate, {"port"});
  if (port == 0) return endpoints;
  for (const auto& endpoint : kube::list_at(json, {"endpoints"})) {
    const auto addresses = kube::list_at(endpoint, {"addresses"});
    if (addresses.empty() || !addresses[0].is_text()) continue;
    if (!value_at<bool>(endpoint, {"conditions", "ready"}, true)) continue;
    const std::string address{addresses[0].text()};
    endpoints.address_by_pod[value_at<std::string>(endpoint, {"targetRef", "name"}, address)] =
        is_v6 ? fmt::format("[{}]:{}", address, port) : fmt::format("{}:{}", address, port);
  }
  return endpoints;
}

}  // namespace controllers
