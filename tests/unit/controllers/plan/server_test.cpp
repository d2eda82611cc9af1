// What is planned for an app of the bundled server, in addition to the objects of every app.
#include <algorithm>

#include "operator/controllers/realtimeapp/plan/plan.hpp"
#include "operator/controllers/realtimeapp/status/status.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/json.hpp"
#include "tests/support/sample_app.hpp"
#include "tests/support/yaml_object.hpp"

using controllers::ChildId;
using nlohmann::json;
using support::sample_observed;
using support::sample_server_app;

namespace {

json child_of(const controllers::Plan& plan, std::string_view kind, const std::string& name = "") {
  for (const auto& child : plan.children)
    if (child.type.kind == kind && (name.empty() || child.name == name)) return support::json_of(child.desired());
  FAIL("the plan has no " << kind << " " << name);
  throw 0;
}

json deployment_of(const api::RealtimeApp& app) {
  return child_of(controllers::plan(app, sample_observed()), "Deployment");
}

const json& pod_of(const json& deployment) { return deployment["spec"]["template"]["spec"]; }

std::string configuration_name(const api::RealtimeApp& app) {
  return child_of(controllers::plan(app, sample_observed()), "ConfigMap")["metadata"]["name"];
}

/// Everything is there and runs this configuration; older ReplicaSets refer to `older`.
controllers::Observed settled(const api::RealtimeApp& app, const std::vector<std::string>& older) {
  auto observed = support::healthy_observed();
  for (const auto& name : {configuration_name(app), std::string{"chat-server-old"}, std::string{"chat-server-older"}})
    support::add_child(observed, "ConfigMap", name);
  observed.configurations_in_use = {older.begin(), older.end()};
  return observed;
}

}  // namespace

TEST_CASE("An app of the bundled server is like any other, with a configuration", "[unit][controllers]") {
  const auto plan = controllers::plan(sample_server_app(), sample_observed());
  std::vector<std::string> kinds;
  for (const auto& child : plan.children) kinds.emplace_back(child.type.kind);
  CHECK(kinds == std::vector<std::string>{"ServiceAccount", "ConfigMap", "Secret", "Service", "StatefulSet", "Service",
                                          "Service", "Deployment", "PodDisruptionBudget", "Ingress"});
}

TEST_CASE("The server's pods are restricted and read their configuration from a file", "[unit][controllers]") {
  auto app = sample_server_app();
  app.spec.server->image_pull_policy = "Always";
  app.spec.server->image_pull_secrets = {"pull"};
  app.spec.server->resources = kube::Resources{.limits = {{"memory", "64Mi"}}};
  const auto deployment = deployment_of(app);
  const auto& pod = pod_of(deployment);
  const auto& container = pod["containers"][0];
  CHECK(pod["securityContext"]["runAsNonRoot"] == true);
  CHECK(pod["securityContext"]["seccompProfile"]["type"] == "RuntimeDefault");
  CHECK((pod["automountServiceAccountToken"] == false && pod["enableServiceLinks"] == false));
  CHECK(pod["imagePullSecrets"] == json::parse(R"([{"name": "pull"}])"));
  CHECK(container["securityContext"] == json{{"allowPrivilegeEscalation", false},
                                             {"capabilities", {{"drop", {"ALL"}}}},
                                             {"readOnlyRootFilesystem", true}});
  CHECK(container["image"] == "realtime-server:default");
  CHECK((container["imagePullPolicy"] == "Always" && container["resources"]["limits"]["memory"] == "64Mi"));
  CHECK(container["args"] == json{"--config", "/etc/realtime-server/config.yaml", "--admin", "0.0.0.0:9090"});
  CHECK(container["volumeMounts"] ==
        json::parse(R"([{"name": "configuration", "mountPath": "/etc/realtime-server", "readOnly": true}])"));
  CHECK(pod["volumes"] == json{{{"name", "configuration"}, {"configMap", {{"name", configuration_name(app)}}}}});
  CHECK_FALSE(container.contains("command"));
  CHECK_FALSE(container.contains("lifecycle"));
}

TEST_CASE("The server gets its port, its name and its Redis, and is probed on its admin port", "[unit][controllers]") {
  const auto plan = controllers::plan(sample_server_app(), sample_observed());
  const auto container = pod_of(child_of(plan, "Deployment"))["containers"][0];
  CHECK(container["env"][0] == json{{"name", "PORT"}, {"value", "8080"}});
  CHECK(container["env"][1]["name"] == "POD_NAME");
  CHECK(container["env"][2]["valueFrom"]["secretKeyRef"] == json{{"name", "chat-redis"}, {"key", "url"}});
  CHECK(container["ports"] == json::parse(R"([{"name": "http", "containerPort": 8080, "protocol": "TCP"},
                                              {"name": "admin", "containerPort": 9090, "protocol": "TCP"}])"));
  CHECK(container["startupProbe"]["httpGet"] == json{{"path", "/healthz"}, {"port", "admin"}});
  CHECK(container["livenessProbe"]["httpGet"] == json{{"path", "/healthz"}, {"port", "admin"}});
  CHECK(container["readinessProbe"]["httpGet"] == json{{"path", "/readyz"}, {"port", "admin"}});
  CHECK(child_of(plan, "Service", "chat")["spec"]["ports"].size() == 1);
  CHECK(child_of(plan, "Service", "chat-headless")["spec"]["ports"] ==
        json::parse(
            R"([{"name": "http", "port": 8080, "targetPort": "http", "protocol": "TCP"},
          {"name": "admin", "port": 9090, "targetPort": "admin", "protocol": "TCP"}])"));
}

TEST_CASE("The grace period lasts longer than the drain", "[unit][controllers]") {
  const auto grace = [](const api::RealtimeApp& app) {
    return pod_of(deployment_of(app))["terminationGracePeriodSeconds"].get<int>();
  };
  auto server = sample_server_app();
  auto own = support::sample_app();
  CHECK(grace(server) == 70);
  CHECK(grace(own) == 30);
  server.spec.drain.deadline = own.spec.drain.deadline = std::chrono::milliseconds{90'001};
  CHECK(grace(server) == 101);
  CHECK(grace(own) == 96);
}

TEST_CASE("The configuration is immutable and named by its content", "[unit][controllers]") {
  auto app = sample_server_app();
  const auto plan = controllers::plan(app, sample_observed());
  const auto& map = child_of(plan, "ConfigMap");
  const auto name = map["metadata"]["name"].get<std::string>();
  CHECK(map["immutable"] == true);
  CHECK(map["data"]["config.yaml"] ==
        api::server_configuration(*app.spec.server, app.spec.protocol, app.spec.drain, app.spec.redis.channel));
  CHECK(name.starts_with("chat-server-"));
  CHECK(name.size() == std::string{"chat-server-"}.size() + 10);
  app.spec.replicas = 5;
  app.spec.server->image = "another";
  CHECK(configuration_name(app) == name);
  app.spec.server->max_payload = 5000;
  CHECK(configuration_name(app) != name);
}

TEST_CASE("The longest name of an app leaves room for its configuration's", "[unit][controllers]") {
  auto app = sample_server_app();
  app.key.name = std::string(40, 'c');
  CHECK(configuration_name(app).size() <= 63);
}

TEST_CASE("A configuration stays while a ReplicaSet refers to it", "[unit][controllers]") {
  const auto app = sample_server_app();
  const auto removals = [&](std::vector<std::string> in_use) {
    return controllers::plan(app, settled(app, in_use)).removals;
  };
  const auto current = configuration_name(app);
  CHECK(removals({current, "chat-server-old"}) == std::vector<ChildId>{{"ConfigMap", "chat-server-older"}});
  CHECK(removals({current}) ==
        std::vector<ChildId>{{"ConfigMap", "chat-server-old"}, {"ConfigMap", "chat-server-older"}});
  CHECK(removals({current, "chat-server-old", "chat-server-older"}).empty());
  // The ReplicaSet of what is wanted now has not been seen, so others may not have been seen either.
  CHECK(removals({}).empty());
  CHECK(removals({"chat-server-old"}).empty());
}

TEST_CASE("An app that changes to its own image loses its configuration in the end", "[unit][controllers]") {
  const auto server = sample_server_app();
  const auto own = support::sample_app();
  const auto current = configuration_name(server);
  CHECK(controllers::plan(own, settled(server, {current})).removals.empty());
  const auto removals = controllers::plan(own, settled(server, {"", current})).removals;
  CHECK(removals == std::vector<ChildId>{{"ConfigMap", "chat-server-old"}, {"ConfigMap", "chat-server-older"}});
}

TEST_CASE("An image of the server that the spec does not set stays the same", "[unit][controllers]") {
  auto app = sample_server_app();
  CHECK(support::assess(app, sample_observed()).server.image == "realtime-server:default");
  app.status.server.default_image = "realtime-server:old";
  CHECK(support::assess(app, sample_observed()).server.image == "realtime-server:old");
  CHECK(pod_of(deployment_of(app))["containers"][0]["image"] == "realtime-server:old");
  app.spec.server->image = "realtime-server:mine";
  CHECK(pod_of(deployment_of(app))["containers"][0]["image"] == "realtime-server:mine");
  CHECK(support::assess(support::sample_app(), sample_observed()).server.image.empty());
}

TEST_CASE("The status says how many are connected, if that is known", "[unit][controllers]") {
  auto observed = sample_observed();
  CHECK_FALSE(support::assess(sample_server_app(), observed).connections);
  observed.connections = 0;
  CHECK(support::assess(sample_server_app(), observed).connections == 0);
}

TEST_CASE("Of a ReplicaSet it is kept whose it is and which configuration it has", "[unit][controllers]") {
  const auto set = support::from_yaml(R"(
metadata: {ownerReferences: [{kind: X, name: x}, {kind: Deployment, name: chat, controller: true}]}
spec: {template: {spec: {volumes: [{name: mesh, configMap: {name: m}}, {name: configuration, configMap: {name: c}}]}}}
)");
  CHECK(controllers::reduce_replica_set(set) == controllers::ReplicaSetState{"chat", "c"});
  CHECK(controllers::reduce_replica_set(support::from_yaml("metadata: {name: a}")) == controllers::ReplicaSetState{});
}

TEST_CASE("Of an EndpointSlice it is kept where the ready replicas' metrics are", "[unit][controllers]") {
  const auto reduce = [](const std::string& type, const std::string& ports,
                         const std::string& service = "chat-headless") {
    return controllers::reduce_endpoint_slice(support::from_yaml(
        "{metadata: {labels: {app.kubernetes.io/instance: chat, kubernetes.io/service-name: " + service +
        "}}, addressType: " + type + ", ports: " + ports + R"(,
  endpoints: [{addresses: [a], conditions: {ready: true}, targetRef: {name: chat-1}},
              {addresses: [b], conditions: {ready: false, serving: true}, targetRef: {name: chat-2}},
              {addresses: [c], targetRef: {name: chat-3}}, {addresses: []}, {}]})"));
  };
  const std::string ports = "[{name: http, port: 8080}, {name: admin, port: 9090}]";
  CHECK(reduce("IPv4", ports) == controllers::MetricsEndpoints{"chat", {{"chat-1", "a:9090"}, {"chat-3", "c:9090"}}});
  CHECK(reduce("IPv6", ports).address_by_pod["chat-1"] == "[a]:9090");
  CHECK(reduce("IPv4", "[{name: http, port: 8080}]").address_by_pod.empty());
  CHECK(reduce("FQDN", ports).address_by_pod.empty());
  CHECK(reduce("IPv4", ports, "copied-headless") == controllers::MetricsEndpoints{});
}
