#include "operator/kube/pod_template.hpp"

#include <utility>

namespace kube {
namespace {

using nlohmann::json;

json encode_key_ref(const KeyRef& reference) {
  json encoded{{"name", reference.name}, {"key", reference.key}};
  if (reference.optional) encoded["optional"] = *reference.optional;
  return encoded;
}

json encode_env(const EnvVar& variable) {
  json encoded{{"name", variable.name}};
  if (variable.secret_key) {
    encoded["valueFrom"] = {{"secretKeyRef", encode_key_ref(*variable.secret_key)}};
  } else if (variable.config_map_key) {
    encoded["valueFrom"] = {{"configMapKeyRef", encode_key_ref(*variable.config_map_key)}};
  } else if (!variable.field_path.empty()) {
    // The reference is atomic, so what the API server would default in it is said here.
    encoded["valueFrom"] = {{"fieldRef", {{"apiVersion", "v1"}, {"fieldPath", variable.field_path}}}};
  } else if (!variable.value.empty()) {
    encoded["value"] = variable.value;
  }
  return encoded;
}

json encode_env_from(const EnvFrom& source) {
  json reference{{"name", source.name}};
  if (source.optional) reference["optional"] = *source.optional;
  json encoded{{source.is_secret ? "secretRef" : "configMapRef", std::move(reference)}};
  if (!source.prefix.empty()) encoded["prefix"] = source.prefix;
  return encoded;
}

json encode_probe(const Probe& probe) {
  json encoded{{"periodSeconds", probe.period_seconds},
               {"timeoutSeconds", probe.timeout_seconds},
               {"failureThreshold", probe.failure_threshold}};
  if (probe.http_path.empty()) {
    encoded["tcpSocket"] = {{"port", probe.port_name}};
  } else {
    encoded["httpGet"] = {{"path", probe.http_path}, {"port", probe.port_name}};
  }
  return encoded;
}

json encode_ports(const std::vector<Port>& ports) {
  json encoded = json::array();
  for (const auto& port : ports)
    encoded.push_back({{"name", port.name}, {"containerPort", port.number}, {"protocol", "TCP"}});
  return encoded;
}

json encode_resources(const Resources& resources) {
  json encoded = json::object();
  if (!resources.requests.empty()) encoded["requests"] = encode_texts(resources.requests);
  if (!resources.limits.empty()) encoded["limits"] = encode_texts(resources.limits);
  return encoded;
}

json encode_mounts(const std::vector<VolumeMount>& mounts) {
  json encoded = json::array();
  for (const auto& mount : mounts) {
    encoded.push_back({{"name", mount.volume}, {"mountPath", mount.path}});
    if (mount.read_only) encoded.back()["readOnly"] = true;
  }
  return encoded;
}

json encode_container_security(const Container& container) {
  json security{{"allowPrivilegeEscalation", false}, {"capabilities", {{"drop", json::array({"ALL"})}}}};
  if (container.read_only_root) security["readOnlyRootFilesystem"] = true;
  return security;
}

json encode_container(const Container& container) {
  json encoded{{"name", container.name},
               {"image", container.image},
               {"ports", encode_ports(container.ports)},
               // What a container that fails has logged last is then in its status, where causes are looked for.
               {"terminationMessagePolicy", "FallbackToLogsOnError"},
               {"securityContext", encode_container_security(container)}};
  if (!container.image_pull_policy.empty()) encoded["imagePullPolicy"] = container.image_pull_policy;
  if (!container.command.empty()) encoded["command"] = container.command;
  if (!container.args.empty()) encoded["args"] = container.args;
  for (const auto& variable : container.env) encoded["env"].push_back(encode_env(variable));
  for (const auto& source : container.env_from) encoded["envFrom"].push_back(encode_env_from(source));
  if (auto resources = encode_resources(container.resources); !resources.empty())
    encoded["resources"] = std::move(resources);
  if (!container.mounts.empty()) encoded["volumeMounts"] = encode_mounts(container.mounts);
  if (container.startup_probe) encoded["startupProbe"] = encode_probe(*container.startup_probe);
  if (container.readiness_probe) encoded["readinessProbe"] = encode_probe(*container.readiness_probe);
  if (container.liveness_probe) encoded["livenessProbe"] = encode_probe(*container.liveness_probe);
  if (container.pre_stop_sleep_seconds > 0)
    encoded["lifecycle"] = {{"preStop", {{"sleep", {{"seconds", container.pre_stop_sleep_seconds}}}}}};
  return encoded;
}

json encode_containers(const std::vector<Container>& containers) {
  json encoded = json::array();
  for (const auto& container : containers) encoded.push_back(encode_container(container));
  return encoded;
}

json encode_volume(const Volume& volume) {
  json encoded{{"name", volume.name}};
  if (!volume.secret_name.empty()) {
    encoded["secret"] = {{"secretName", volume.secret_name}};
  } else if (!volume.config_map_name.empty()) {
    encoded["configMap"] = {{"name", volume.config_map_name}};
  } else {
    encoded["emptyDir"] = json::object();
  }
  return encoded;
}

json encode_pod_security(const PodTemplate& pod) {
  json security{{"seccompProfile", {{"type", "RuntimeDefault"}}}};
  if (pod.run_as) {
    security["runAsNonRoot"] = true;
    for (const char* field : {"runAsUser", "runAsGroup", "fsGroup"}) security[field] = *pod.run_as;
  }
  return security;
}

}  // namespace

json encode_texts(const Labels& texts) {
  json encoded = json::object();
  for (const auto& [name, value] : texts) encoded[name] = value;
  return encoded;
}

json encode_pod_template(const PodTemplate& pod) {
  json spec{{"serviceAccountName", pod.service_account},
            {"automountServiceAccountToken", false},
            {"enableServiceLinks", false},
            {"terminationGracePeriodSeconds", pod.termination_grace_seconds},
            {"securityContext", encode_pod_security(pod)},
            {"containers", encode_containers(pod.containers)}};
  if (!pod.init_containers.empty()) spec["initContainers"] = encode_containers(pod.init_containers);
  for (const auto& secret : pod.image_pull_secrets) spec["imagePullSecrets"].push_back({{"name", secret}});
  for (const auto& volume : pod.volumes) spec["volumes"].push_back(encode_volume(volume));
  if (!pod.spread_over_nodes.empty())
    spec["topologySpreadConstraints"].push_back(
        {{"maxSkew", 1},
         {"topologyKey", "kubernetes.io/hostname"},
         {"whenUnsatisfiable", "ScheduleAnyway"},
         {"labelSelector", {{"matchLabels", encode_texts(pod.spread_over_nodes)}}}});
  json metadata{{"labels", encode_texts(pod.labels)}};
  if (!pod.annotations.empty()) metadata["annotations"] = encode_texts(pod.annotations);
  return {{"metadata", std::move(metadata)}, {"spec", std::move(spec)}};
}

}  // namespace kube
