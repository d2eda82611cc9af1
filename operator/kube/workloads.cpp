#include "operator/kube/workloads.hpp"

#include <utility>

#include <boost/container_hash/hash.hpp>

#include "operator/kube/pod_template.hpp"

namespace kube {
namespace {

using nlohmann::json;

json match_labels(const Labels& labels) { return {{"matchLabels", encode_texts(labels)}}; }

Object with_spec(const ResourceType& type, const Metadata& metadata, json spec) {
  auto object = encode(type, metadata);
  object.json()["spec"] = std::move(spec);
  return object;
}

json encode_claim(const VolumeClaim& claim) {
  // The list of claims is atomic, so what the API server would default in it is said here.
  json spec{{"accessModes", json::array({"ReadWriteOnce"})},
            {"volumeMode", "Filesystem"},
            {"resources", {{"requests", {{"storage", claim.storage}}}}}};
  if (!claim.storage_class.empty()) spec["storageClassName"] = claim.storage_class;
  return {{"apiVersion", "v1"},
          {"kind", "PersistentVolumeClaim"},
          {"metadata", {{"name", claim.name}, {"labels", encode_texts(claim.labels)}}},
          {"spec", std::move(spec)}};
}

}  // namespace

std::size_t hash_value(const Resources& resources) {
  auto seed = boost::hash_value(resources.requests);
  boost::hash_combine(seed, resources.limits);
  return seed;
}

Object encode(const ResourceType& type, const Metadata& metadata) {
  json encoded{{"name", metadata.key.name},
               {"namespace", metadata.key.name_space},
               {"labels", encode_texts(metadata.labels)},
               {"ownerReferences", json::array({{{"apiVersion", metadata.owner.api_version},
                                                 {"kind", metadata.owner.kind},
                                                 {"name", metadata.owner.name},
                                                 {"uid", metadata.owner.uid},
                                                 {"controller", true},
                                                 {"blockOwnerDeletion", true}}})}};
  if (!metadata.annotations.empty()) encoded["annotations"] = encode_texts(metadata.annotations);
  return Object{{{"apiVersion", type.api_version()}, {"kind", type.kind}, {"metadata", std::move(encoded)}}};
}

Object encode(const Deployment& deployment) {
  return with_spec(
      types::kDeployment, deployment.metadata,
      {{"replicas", deployment.replicas},
       {"selector", match_labels(deployment.selector)},
       {"strategy",
        {{"type", "RollingUpdate"},
         {"rollingUpdate",
          {{"maxSurge", deployment.strategy.max_surge}, {"maxUnavailable", deployment.strategy.max_unavailable}}}}},
       {"template", encode_pod_template(deployment.pod)}});
}

Object encode(const StatefulSet& set) {
  json spec{
      {"replicas", 1},
      // With OrderedReady a pod that never becomes ready is not replaced, not even when its template is corrected.
      {"podManagementPolicy", "Parallel"},
      {"serviceName", set.service_name},
      {"selector", match_labels(set.selector)},
      {"template", encode_pod_template(set.pod)}};
  if (set.claim) {
    spec["volumeClaimTemplates"] = json::array({encode_claim(*set.claim)});
    spec["persistentVolumeClaimRetentionPolicy"] = {{"whenDeleted", set.delete_claim_with_set ? "Delete" : "Retain"},
                                                    {"whenScaled", "Retain"}};
  }
  return with_spec(types::kStatefulSet, set.metadata, std::move(spec));
}

Object encode(const Service& service) {
  json ports = json::array();
  for (const auto& port : service.ports)
    ports.push_back({{"name", port.name}, {"port", port.number}, {"targetPort", port.name}, {"protocol", "TCP"}});
  json spec{{"type", "ClusterIP"}, {"selector", encode_texts(service.selector)}, {"ports", std::move(ports)}};
  if (service.headless) spec["clusterIP"] = "None";
  if (service.client_ip_affinity) {
    spec["sessionAffinity"] = "ClientIP";
    spec["sessionAffinityConfig"] = {{"clientIP", {{"timeoutSeconds", 10800}}}};
  }
  return with_spec(types::kService, service.metadata, std::move(spec));
}

Object encode(const Ingress& ingress) {
  json paths = json::array();
  for (const auto& path : ingress.paths)
    paths.push_back(
        {{"path", path},
         {"pathType", "Prefix"},
         {"backend", {{"service", {{"name", ingress.service_name}, {"port", {{"name", ingress.service_port}}}}}}}});
  json rule{{"http", {{"paths", std::move(paths)}}}};
  if (!ingress.host.empty()) rule["host"] = ingress.host;
  json spec{{"ingressClassName", ingress.class_name}, {"rules", json::array({std::move(rule)})}};
  if (!ingress.tls_secret.empty()) {
    json tls{{"secretName", ingress.tls_secret}};
    if (!ingress.host.empty()) tls["hosts"] = json::array({ingress.host});
    spec["tls"] = json::array({std::move(tls)});
  }
  return with_spec(types::kIngress, ingress.metadata, std::move(spec));
}

Object encode(const PodDisruptionBudget& budget) {
  return with_spec(types::kPodDisruptionBudget, budget.metadata,
                   {{"maxUnavailable", 1},
                    {"selector", match_labels(budget.selector)},
                    {"unhealthyPodEvictionPolicy", "AlwaysAllow"}});
}

Object encode(const ServiceAccount& account) {
  auto object = encode(types::kServiceAccount, account.metadata);
  object.json()["automountServiceAccountToken"] = false;
  return object;
}

Object encode(const ConfigMap& map) {
  auto object = encode(types::kConfigMap, map.metadata);
  object.json()["data"] = encode_texts(map.data);
  object.json()["immutable"] = true;
  return object;
}

}  // namespace kube
