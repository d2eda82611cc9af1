#include "operator/kube/workloads.hpp"

#include <utility>

#include <boost/container_hash/hash.hpp>

#include "operator/kube/pod_template.hpp"

namespace kube {
namespace {

using boost::json::array;
using boost::json::object;
using boost::json::storage_ptr;

constexpr std::size_t kUsualBytes = 4096;       // of an object
constexpr std::size_t kWorkloadBytes = 16'384;  // of one with a pod template
constexpr std::size_t kUsualMembers = 5;        // of an object, and of its metadata

Json match_labels(const Labels& labels, const storage_ptr& in) {
  return Json({{"matchLabels", encode_texts(labels, in)}}, in);
}

Object with_metadata(const ResourceType& type, const Metadata& metadata, std::size_t bytes) {
  auto memory = make_json_memory(bytes);
  const storage_ptr in = memory.get();
  object encoded({{"name", metadata.key.name},
                  {"namespace", metadata.key.name_space},
                  {"labels", encode_texts(metadata.labels, in)},
                  {"ownerReferences", array({{{"apiVersion", metadata.owner.api_version},
                                              {"kind", metadata.owner.kind},
                                              {"name", metadata.owner.name},
                                              {"uid", metadata.owner.uid},
                                              {"controller", true},
                                              {"blockOwnerDeletion", true}}},
                                            in)}},
                 kUsualMembers, in);
  if (!metadata.annotations.empty()) encoded["annotations"] = encode_texts(metadata.annotations, in);
  object whole({{"apiVersion", type.api_version()}, {"kind", type.kind}, {"metadata", std::move(encoded)}},
               kUsualMembers, in);
  return {std::move(memory), std::move(whole)};
}

/// `encode_spec` is given the memory that the object is in.
template <class EncodeSpec>
Object with_spec(const ResourceType& type, const Metadata& metadata, std::size_t bytes, EncodeSpec encode_spec) {
  auto encoded = with_metadata(type, metadata, bytes);
  auto& members = encoded.json().get_object();
  members["spec"] = encode_spec(members.storage());
  return encoded;
}

Json encode_claim(const VolumeClaim& claim, const storage_ptr& in) {
  // The list of claims is atomic, so what the API server would default in it is said here.
  object spec({{"accessModes", array({"ReadWriteOnce"}, in)},
               {"volumeMode", "Filesystem"},
               {"resources", {{"requests", {{"storage", claim.storage}}}}}},
              in);
  if (!claim.storage_class.empty()) spec["storageClassName"] = claim.storage_class;
  return Json({{"apiVersion", "v1"},
               {"kind", "PersistentVolumeClaim"},
               {"metadata", {{"name", claim.name}, {"labels", encode_texts(claim.labels, in)}}},
               {"spec", std::move(spec)}},
              in);
}

}  // namespace

std::size_t hash_value(const Resources& resources) {
  auto seed = boost::hash_value(resources.requests);
  boost::hash_combine(seed, resources.limits);
  return seed;
}

Object encode(const ResourceType& type, const Metadata& metadata) { return with_metadata(type, metadata, kUsualBytes); }

Object encode(const Deployment& deployment) {
  return with_spec(types::kDeployment, deployment.metadata, kWorkloadBytes, [&](const storage_ptr& in) {
    return object(
        {{"replicas", deployment.replicas},
         {"selector", match_labels(deployment.selector, in)},
         {"strategy",
          {{"type", "RollingUpdate"},
           {"rollingUpdate",
            {{"maxSurge", deployment.strategy.max_surge}, {"maxUnavailable", deployment.strategy.max_unavailable}}}}},
         {"template", encode_pod_template(deployment.pod, in)}},
        in);
  });
}

Object encode(const StatefulSet& set) {
  return with_spec(types::kStatefulSet, set.metadata, kWorkloadBytes, [&](const storage_ptr& in) {
    object spec({{"replicas", 1},
                 // With OrderedReady a pod that never becomes ready is not replaced, not even when its template is
                 // corrected.
                 {"podManagementPolicy", "Parallel"},
                 {"serviceName", set.service_name},
                 {"selector", match_labels(set.selector, in)},
                 {"template", encode_pod_template(set.pod, in)}},
                in);
    if (set.claim) {
      spec["volumeClaimTemplates"].emplace_array().push_back(encode_claim(*set.claim, in));
      spec["persistentVolumeClaimRetentionPolicy"] = {{"whenDeleted", set.delete_claim_with_set ? "Delete" : "Retain"},
                                                      {"whenScaled", "Retain"}};
    }
    return spec;
  });
}

Object encode(const Service& service) {
  return with_spec(types::kService, service.metadata, kUsualBytes, [&](const storage_ptr& in) {
    array ports(in);
    for (const auto& port : service.ports)
      ports.push_back({{"name", port.name}, {"port", port.number}, {"targetPort", port.name}, {"protocol", "TCP"}});
    object spec({{"type", "ClusterIP"}, {"selector", encode_texts(service.selector, in)}, {"ports", std::move(ports)}},
                in);
    if (service.headless) spec["clusterIP"] = "None";
    if (service.client_ip_affinity) {
      spec["sessionAffinity"] = "ClientIP";
      spec["sessionAffinityConfig"] = {{"clientIP", {{"timeoutSeconds", 10800}}}};
    }
    return spec;
  });
}

Object encode(const Ingress& ingress) {
  return with_spec(types::kIngress, ingress.metadata, kUsualBytes, [&](const storage_ptr& in) {
    array paths(in);
    for (const auto& path : ingress.paths)
      paths.push_back(
          {{"path", path},
           {"pathType", "Prefix"},
           {"backend", {{"service", {{"name", ingress.service_name}, {"port", {{"name", ingress.service_port}}}}}}}});
    object rule({{"http", {{"paths", std::move(paths)}}}}, in);
    if (!ingress.host.empty()) rule["host"] = ingress.host;
    object spec({{"ingressClassName", ingress.class_name}}, in);
    spec["rules"].emplace_array().push_back(std::move(rule));
    if (!ingress.tls_secret.empty()) {
      object tls({{"secretName", ingress.tls_secret}}, in);
      if (!ingress.host.empty()) tls["hosts"].emplace_array().emplace_back(ingress.host);
      spec["tls"].emplace_array().push_back(std::move(tls));
    }
    return spec;
  });
}

Object encode(const PodDisruptionBudget& budget) {
  return with_spec(types::kPodDisruptionBudget, budget.metadata, kUsualBytes, [&](const storage_ptr& in) {
    return object({{"maxUnavailable", 1},
                   {"selector", match_labels(budget.selector, in)},
                   {"unhealthyPodEvictionPolicy", "AlwaysAllow"}},
                  in);
  });
}

Object encode(const ServiceAccount& account) {
  auto encoded = encode(types::kServiceAccount, account.metadata);
  encoded.json().get_object()["automountServiceAccountToken"] = false;
  return encoded;
}

Object encode(const ConfigMap& map) {
  auto encoded = encode(types::kConfigMap, map.metadata);
  auto& members = encoded.json().get_object();
  members["data"] = encode_texts(map.data, members.storage());
  members["immutable"] = true;
  return encoded;
}

}  // namespace kube
