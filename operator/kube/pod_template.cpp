#include "operator/kube/pod_template.hpp"

#include <utility>

namespace kube {
namespace {

using boost::json::array;
using boost::json::object;
using boost::json::storage_ptr;

constexpr std::size_t kUsualMembers = 16;  // of a pod's specification, and of a container

object encode_key_ref(const KeyRef& reference, const storage_ptr& in) {
  object encoded({{"name", reference.name}, {"key", reference.key}}, in);
  if (reference.optional) encoded["optional"] = *reference.optional;
  return encoded;
}

object encode_env(const EnvVar& variable, const storage_ptr& in) {
  object encoded({{"name", variable.name}}, in);
  if (variable.secret_key) {
    encoded["valueFrom"] = {{"secretKeyRef", encode_key_ref(*variable.secret_key, in)}};
  } else if (variable.config_map_key) {
    encoded["valueFrom"] = {{"configMapKeyRef", encode_key_ref(*variable.config_map_key, in)}};
  } else if (!variable.field_path.empty()) {
    // The reference is atomic, so what the API server would default in it is said here.
    encoded["valueFrom"] = {{"fieldRef", {{"apiVersion", "v1"}, {"fieldPath", variable.field_path}}}};
  } else {
    encoded["value"] = variable.value;  // also an empty one, so that it is ours
  }
  return encoded;
}

object encode_env_from(const EnvFrom& source, const storage_ptr& in) {
  object reference({{"name", source.name}}, in);
  if (source.optional) reference["optional"] = *source.optional;
  object encoded({{source.is_secret ? "secretRef" : "configMapRef", std::move(reference)}}, in);
  if (!source.prefix.empty()) encoded["prefix"] = source.prefix;
  return encoded;
}

object encode_probe(const Probe& probe, const storage_ptr& in) {
  object encoded({{"periodSeconds", probe.period_seconds},
                  {"timeoutSeconds", probe.timeout_seconds},
                  {"failureThreshold", probe.failure_threshold}},
                 in);
  if (probe.http_path.empty()) {
    encoded["tcpSocket"] = {{"port", probe.port_name}};
  } else {
    encoded["httpGet"] = {{"path", probe.http_path}, {"port", probe.port_name}};
  }
  return encoded;
}

/// Each element as `encode_one` gives it.
template <class T, class EncodeOne>
array encode_list(const std::vector<T>& elements, const storage_ptr& in, EncodeOne encode_one) {
  array encoded(in);
  encoded.reserve(elements.size());
  for (const auto& element : elements) encoded.push_back(encode_one(element, in));
  return encoded;
}

object encode_port(const Port& port, const storage_ptr& in) {
  return {{{"name", port.name}, {"containerPort", port.number}, {"protocol", "TCP"}}, in};
}

object encode_resources(const Resources& resources, const storage_ptr& in) {
  object encoded(in);
  if (!resources.requests.empty()) encoded["requests"] = encode_texts(resources.requests, in);
  if (!resources.limits.empty()) encoded["limits"] = encode_texts(resources.limits, in);
  return encoded;
}

object encode_mount(const VolumeMount& mount, const storage_ptr& in) {
  object encoded({{"name", mount.volume}, {"mountPath", mount.path}}, in);
  if (mount.read_only) encoded["readOnly"] = true;
  return encoded;
}

object encode_container_security(const Container& container, const storage_ptr& in) {
  object security({{"allowPrivilegeEscalation", false}, {"capabilities", {{"drop", array({"ALL"}, in)}}}}, in);
  if (container.read_only_root) security["readOnlyRootFilesystem"] = true;
  return security;
}

array encode_words(const std::vector<std::string>& words, const storage_ptr& in) {
  array encoded(in);
  encoded.reserve(words.size());
  for (const auto& word : words) encoded.emplace_back(word);
  return encoded;
}

object encode_container(const Container& container, const storage_ptr& in) {
  object encoded({{"name", container.name},
                  {"image", container.image},
                  {"ports", encode_list(container.ports, in, encode_port)},
                  // What a container that fails has logged last is then in its status, where causes are looked for.
                  {"terminationMessagePolicy", "FallbackToLogsOnError"},
                  {"securityContext", encode_container_security(container, in)}},
                 kUsualMembers, in);
  if (!container.image_pull_policy.empty()) encoded["imagePullPolicy"] = container.image_pull_policy;
  if (!container.command.empty()) encoded["command"] = encode_words(container.command, in);
  if (!container.args.empty()) encoded["args"] = encode_words(container.args, in);
  if (!container.env.empty()) encoded["env"] = encode_list(container.env, in, encode_env);
  if (!container.env_from.empty()) encoded["envFrom"] = encode_list(container.env_from, in, encode_env_from);
  if (auto resources = encode_resources(container.resources, in); !resources.empty())
    encoded["resources"] = std::move(resources);
  if (!container.mounts.empty()) encoded["volumeMounts"] = encode_list(container.mounts, in, encode_mount);
  if (container.startup_probe) encoded["startupProbe"] = encode_probe(*container.startup_probe, in);
  if (container.readiness_probe) encoded["readinessProbe"] = encode_probe(*container.readiness_probe, in);
  if (container.liveness_probe) encoded["livenessProbe"] = encode_probe(*container.liveness_probe, in);
  if (container.pre_stop_sleep_seconds > 0)
    encoded["lifecycle"] = {{"preStop", {{"sleep", {{"seconds", container.pre_stop_sleep_seconds}}}}}};
  return encoded;
}

object encode_volume(const Volume& volume, const storage_ptr& in) {
  object encoded({{"name", volume.name}}, in);
  if (!volume.secret_name.empty()) {
    encoded["secret"] = {{"secretName", volume.secret_name}};
  } else if (!volume.config_map_name.empty()) {
    encoded["configMap"] = {{"name", volume.config_map_name}};
  } else {
    encoded["emptyDir"].emplace_object();
  }
  return encoded;
}

object encode_pod_security(const PodTemplate& pod, const storage_ptr& in) {
  object security({{"seccompProfile", {{"type", "RuntimeDefault"}}}}, in);
  if (pod.run_as) {
    security["runAsNonRoot"] = true;
    for (const char* field : {"runAsUser", "runAsGroup", "fsGroup"}) security[field] = *pod.run_as;
  }
  return security;
}

object encode_reference(const std::string& name, const storage_ptr& in) { return {{{"name", name}}, in}; }

}  // namespace

Json encode_texts(const Labels& texts, const storage_ptr& in) {
  object encoded(texts.size(), in);
  for (const auto& [name, value] : texts) encoded.emplace(name, value);
  return encoded;
}

Json encode_pod_template(const PodTemplate& pod, const storage_ptr& in) {
  object spec({{"serviceAccountName", pod.service_account},
               {"automountServiceAccountToken", false},
               {"enableServiceLinks", false},
               {"terminationGracePeriodSeconds", pod.termination_grace_seconds},
               {"securityContext", encode_pod_security(pod, in)},
               {"containers", encode_list(pod.containers, in, encode_container)}},
              kUsualMembers, in);
  if (!pod.init_containers.empty()) spec["initContainers"] = encode_list(pod.init_containers, in, encode_container);
  if (!pod.image_pull_secrets.empty())
    spec["imagePullSecrets"] = encode_list(pod.image_pull_secrets, in, encode_reference);
  if (!pod.volumes.empty()) spec["volumes"] = encode_list(pod.volumes, in, encode_volume);
  if (!pod.spread_over_nodes.empty())
    spec["topologySpreadConstraints"] =
        array({{{"maxSkew", 1},
                {"topologyKey", "kubernetes.io/hostname"},
                {"whenUnsatisfiable", "ScheduleAnyway"},
                {"labelSelector", {{"matchLabels", encode_texts(pod.spread_over_nodes, in)}}}}},
              in);
  object metadata({{"labels", encode_texts(pod.labels, in)}}, in);
  if (!pod.annotations.empty()) metadata["annotations"] = encode_texts(pod.annotations, in);
  return Json({{"metadata", std::move(metadata)}, {"spec", std::move(spec)}}, in);
}

}  // namespace kube
