// Each field that the operator sets is changed and removed by hand, and restored. The list of fields is generated from
// the plan, so a new one is tested from the day it is set.
#include <iostream>
#include <map>

#include <fmt/format.h>

#include "operator/controllers/realtimeapp/plan/redis.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/json.hpp"
#include "tests/support/operator_process.hpp"
#include "tests/support/world.hpp"

using nlohmann::json;
using support::wait_for;

namespace {

/// Everything that the operator can set is set by these two: an image of one's own, and the bundled server.
constexpr const char* kRichSpec = R"({
  replicas: 3,
  app: {image: "chat:1", imagePullPolicy: IfNotPresent, imagePullSecrets: [{name: pull}], command: [run], args: [a, b],
        port: 5000, resources: {requests: {cpu: "0.1", memory: 64Mi}, limits: {memory: 1Gi}},
        env: [{name: A, value: "1"}, {name: B, valueFrom: {secretKeyRef: {name: s, key: k, optional: true}}},
              {name: C, valueFrom: {configMapKeyRef: {name: m, key: k}}}],
        envFrom: [{prefix: P_, secretRef: {name: s, optional: true}}, {configMapRef: {name: m}}]},
  protocol: {path: /ws/},
  redis: {provisioned: {persistence: AppendOnly, storage: 2Gi, storageClassName: fast, retention: Delete,
                        resources: {limits: {memory: 256Mi}}}},
  exposure: {type: Ingress, className: traefik, host: chat.test, paths: [/, /b], tls: {secretName: cert},
             annotations: {x: "y"}}})";
constexpr const char* kRichServerSpec = R"({
  replicas: 3,
  server: {image: "server:1", imagePullPolicy: IfNotPresent, imagePullSecrets: [{name: pull}],
           resources: {requests: {cpu: "0.1", memory: 64Mi}, limits: {memory: 1Gi}},
           namespaces: {/: {onConnect: [{type: Emit, event: auth, args: [$auth, {n: 1}]}],
                            events: {message: [{type: Broadcast, event: response, args: [{echo: $1}]}]}}},
           allowedOrigins: ["https://chat.example.com"], maxPayload: 5000, demoPage: false,
           allowCredentials: false, trustedProxies: [10.0.0.0/8],
           limits: {idleTimeout: 90s, headerBytes: 2048, maxConnections: 9, maxSessions: 9, perAddress: 9,
                    connectsPerSecond: 9, messagesPerSecond: 9, bytesPerSecond: 9, totalReceiveBytes: 1048576, sendQueueBytes: 65536, sendQueueSegments: 16, totalSendQueueBytes: 1048576}},
  protocol: {path: /ws/, transports: [websocket], pingInterval: 1s, pingTimeout: 2s},
  drain: {deadline: 90s, maxDisconnectsPerMinute: 60},
  redis: {channel: socketio, acceptPickles: true}})";

/// All but what identifies the object.
json what_can_drift(const kube::Object& desired) {
  auto fields = support::json_of(desired);
  fields.erase("apiVersion");
  fields.erase("kind");
  fields["metadata"].erase("name");
  fields["metadata"].erase("namespace");
  return fields;
}

/// The JSON pointers of every leaf; an empty container is a leaf too.
void collect_leaves(const json& value, const json::json_pointer& at, std::vector<json::json_pointer>& found) {
  if (!value.is_structured() || value.empty()) {
    found.push_back(at);
  } else if (value.is_object()) {
    for (const auto& [name, inner] : value.items()) collect_leaves(inner, at / name, found);
  } else {
    for (std::size_t i = 0; i < value.size(); ++i) collect_leaves(value[i], at / i, found);
  }
}

/// The same leaf in the live object, where lists may hold entries of others in front of ours.
json::json_pointer locate(const json& desired, const json& live, const json::json_pointer& leaf) {
  json::json_pointer here;
  json::json_pointer there;
  std::vector<std::string> steps;
  for (auto rest = leaf; !rest.empty(); rest.pop_back()) steps.insert(steps.begin(), rest.back());
  for (const auto& step : steps) {
    const auto& list = desired.at(here);
    here /= step;
    auto at = step;
    if (list.is_array() && list.at(std::stoul(step)).is_object()) {
      const auto& wanted = list.at(std::stoul(step));
      for (const char* key : {"name", "mountPath", "containerPort", "port", "uid"})
        for (std::size_t i = 0; wanted.contains(key) && i < live.at(there).size(); ++i)
          if (live.at(there)[i].value(key, json()) == wanted[key]) at = std::to_string(i);
    }
    there /= at;
  }
  return there;
}

/// Another value of the same type, as valid as can be guessed.
json other_value(const json& value) {
  if (value.is_boolean()) return !value.get<bool>();
  if (value.is_number()) return value.get<int>() + 1;
  if (value.is_string()) {
    static const std::map<std::string, std::string> kPeers{{"TCP", "UDP"},
                                                           {"IfNotPresent", "Always"},
                                                           {"ClientIP", "None"},
                                                           {"RollingUpdate", "Recreate"},
                                                           {"Prefix", "Exact"},
                                                           {"AlwaysAllow", "IfHealthyBudget"},
                                                           {"ScheduleAnyway", "DoNotSchedule"},
                                                           {"RuntimeDefault", "Unconfined"},
                                                           {"Delete", "Retain"},
                                                           {"Retain", "Delete"},
                                                           {"ClusterIP", "NodePort"}};
    const auto text = value.get<std::string>();
    if (const auto peer = kPeers.find(text); peer != kPeers.end()) return peer->second;
    if (text.starts_with("/")) return text + "x";
    if (!text.empty() && std::isdigit(static_cast<unsigned char>(text[0]))) return "9" + text;
    return "x" + text;
  }
  return value;
}

struct Tally {
  int restored = 0;
  int refused = 0;
};

/// Changes or removes the leaf; whether the API server took it.
bool perturb(support::World& world, const controllers::PlannedChild& child, const json::json_pointer& leaf,
             bool remove) {
  const auto desired = support::json_of(child.desired());
  while (true) {
    const auto live = world.get(child.type, child.name);
    const auto at = locate(desired, support::json_of(live), leaf).to_string();
    json patch =
        json::array({{{"op", "test"}, {"path", "/metadata/resourceVersion"}, {"value", live.resource_version()}},
                     {{"op", remove ? "remove" : "replace"}, {"path", at}}});
    if (!remove) patch[1]["value"] = other_value(desired.at(leaf));
    INFO(child.type.kind << " " << child.name << ": " << patch[1].dump());
    const auto status = world.patch(child.type, child.name, "application/json-patch+json", patch);
    if (status < 300) return true;
    CHECK((status == 422 || status == 400));
    // A refusal counts only for the object that was looked at: the operator may just have finished an earlier repair.
    if (world.get(child.type, child.name).resource_version() == live.resource_version()) return false;
  }
}

}  // namespace

TEST_CASE("Each leaf that the operator sets on each child is restored", "[integration][drift]") {
  const auto [spec, leaves] = GENERATE(table<const char*, int>({{kRichSpec, 150}, {kRichServerSpec, 150}}));
  support::World world;
  // Secrets are not watched but read again from time to time.
  const support::OperatorProcess process{{"--secret-refresh=1"}};
  world.apply_app("chat", spec);
  world.wait_until_as_planned("chat");
  auto children = world.planned("chat");
  children.emplace_back(kube::types::kSecret, "chat-redis",
                        [app = world.app("chat")] { return controllers::secret_identity(app); });
  std::map<std::string_view, Tally> tallies;
  int total = 0;
  for (const auto& child : children) {
    std::vector<json::json_pointer> found;
    collect_leaves(what_can_drift(child.desired()), json::json_pointer{}, found);
    for (const auto& leaf : found) {
      for (const bool remove : {false, true}) {
        INFO(child.type.kind << " " << child.name << ": " << leaf << (remove ? " removed" : " changed"));
        const bool taken = perturb(world, child, leaf, remove);
        ++(taken ? tallies[child.type.kind].restored : tallies[child.type.kind].refused);
        if (taken) wait_for("the leaf to be restored", [&] { return world.as_planned(child); });
      }
      ++total;
    }
  }
  for (const auto& [kind, tally] : tallies) {
    std::cout << fmt::format("{:>20}: {} perturbations restored, {} refused by the API server\n", kind, tally.restored,
                             tally.refused);
    CHECK(tally.restored > 0);
  }
  std::cout << fmt::format("{:>20}: {} leaves\n", "in all", total);
  CHECK(total > leaves);
}

TEST_CASE("What others add to a child stays", "[integration][drift]") {
  support::World world;
  const support::OperatorProcess process;
  world.apply_app("chat", support::kChatSpec);
  world.wait_until_as_planned("chat");
  const auto additions = json::parse(R"({"metadata": {"annotations": {"team": "a"}}, "spec": {"template": {
      "metadata": {"annotations": {"kubectl.kubernetes.io/restartedAt": "now"}},
      "spec": {"containers": [{"name": "mesh", "image": "mesh:1"}]}}}})");
  REQUIRE(world.patch(kube::types::kDeployment, "chat", "application/strategic-merge-patch+json", additions) == 200);
  // The restoration of a field of ours shows that the operator has looked at the object since.
  const auto drift = json::parse(R"({"spec": {"replicas": 9}})");
  REQUIRE(world.patch(kube::types::kDeployment, "chat", "application/merge-patch+json", drift) == 200);
  world.wait_until_as_planned("chat");
  const auto live = support::json_of(world.get(kube::types::kDeployment, "chat"));
  CHECK(live["metadata"]["annotations"]["team"] == "a");
  CHECK(live["spec"]["template"]["metadata"]["annotations"]["kubectl.kubernetes.io/restartedAt"] == "now");
  CHECK(live["spec"]["template"]["spec"]["containers"].size() == 2);
}

TEST_CASE("What another user adds to a volume of ours stays, and is no drift", "[integration]") {
  support::World world;
  const support::OperatorProcess process;
  world.apply_app("chat", support::kChatSpec);
  world.wait_until_as_planned("chat");
  const auto volumes = json::array({{{"name", "tmp"}, {"emptyDir", {{"sizeLimit", "1Gi"}}}}});
  const json limited{{"spec", {{"template", {{"spec", {{"volumes", volumes}}}}}}}};
  REQUIRE(world.patch(kube::types::kDeployment, "chat", "application/strategic-merge-patch+json", limited) == 200);
  world.apply_app("chat", "{replicas: 3, app: {image: 'chat:2'}}");
  world.wait_until_as_planned("chat");
  CHECK(support::json_of(world.get(kube::types::kDeployment, "chat"))["spec"]["template"]["spec"]["volumes"] ==
        volumes);
}
