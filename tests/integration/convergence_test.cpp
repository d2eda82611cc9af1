// A RealtimeApp becomes its children, and stays so through changes of the manifest and of the world around it.
#include <set>

#include <fmt/format.h>

#include "tests/support/catch.hpp"
#include "tests/support/json.hpp"
#include "tests/support/operator_process.hpp"
#include "tests/support/world.hpp"

using support::kChatSpec;
using support::wait_for;
namespace types = kube::types;

TEST_CASE("A RealtimeApp becomes its children, also when the operator comes later", "[integration]") {
  support::World world;
  SECTION("the operator is there first") {
    const support::OperatorProcess process;
    world.apply_app("chat", kChatSpec);
    world.wait_until_as_planned("chat");
  }
  SECTION("the app is there first") {
    world.apply_app("chat", kChatSpec);
    const support::OperatorProcess process;
    world.wait_until_as_planned("chat");
  }
  CHECK(kube::ObjectView{world.get(types::kDeployment, "chat")}.controller().find("uid").text() ==
        world.get(api::kRealtimeApp, "chat").uid());
}

TEST_CASE("Changes of the manifest reach the children and no others", "[integration]") {
  support::World world;
  const support::OperatorProcess process;
  world.apply_app("chat", kChatSpec);
  world.wait_until_as_planned("chat");
  const auto redis = world.get(types::kStatefulSet, "chat-redis").resource_version();
  world.apply_app("chat",
                  "{replicas: 5, app: {image: chat:2}, exposure: {type: Ingress, className: traefik, host: a.test}}");
  world.wait_until_as_planned("chat");
  CHECK(kube::value_at<int>(world.get(types::kDeployment, "chat").json(), {"spec", "replicas"}) == 5);
  CHECK(world.get(types::kStatefulSet, "chat-redis").resource_version() == redis);
}

TEST_CASE("What the manifest no longer asks for is removed", "[integration]") {
  support::World world;
  const support::OperatorProcess process;
  world.apply_app("chat", kChatSpec);
  world.wait_until_as_planned("chat");
  world.apply_app("chat", "{replicas: 1, app: {image: chat:1}, redis: {type: None}, exposure: {type: None}}");
  wait_for("Ingress and Redis to go", [&] {
    return !world.exists(types::kIngress, "chat") && !world.exists(types::kStatefulSet, "chat-redis") &&
           !world.exists(types::kService, "chat-redis");
  });
  world.wait_until_as_planned("chat");
  CHECK(support::json_of(world.get(types::kDeployment, "chat")).dump().find("REDIS_URL") == std::string::npos);
}

namespace {

/// Whether an Event about the app has this reason and these words.
bool has_event(support::World& world, const std::string& reason, const std::string& note = "") {
  const auto events = world.client().list(types::kEvent, {.name_space = world.name_space()}, "", {});
  return events && std::any_of(events->items.begin(), events->items.end(), [&](const kube::Object& event) {
           return kube::value_at<std::string>(event.json(), {"reason"}) == reason &&
                  kube::value_at<std::string>(event.json(), {"note"}).find(note) != std::string::npos &&
                  kube::value_at<std::string>(event.json(), {"regarding", "name"}) == "chat";
         });
}

}  // namespace

TEST_CASE("An app that becomes Ready as it should is no Event; one that is Ready again is", "[integration]") {
  support::World world;
  const support::OperatorProcess process;
  const auto ready = [&] { return world.condition("chat", "Ready").starts_with("True"); };
  for (const char* image : {"chat:1", "chat:2"}) {
    world.apply_app("chat", fmt::format("{{replicas: 1, app: {{image: '{}'}}, redis: {{type: None}}, "
                                        "exposure: {{type: None}}}}",
                                        image));
    world.wait_until_as_planned("chat");
    world.report_replica(true);
    wait_for("it to be Ready", ready);
  }
  wait_for("Updated", [&] { return has_event(world, "Updated", "Deployment"); });
  world.report_replica(false);
  wait_for("it not to be Ready", [&] { return !ready(); });
  world.report_replica(true);
  wait_for("it to be Ready again", ready);
  // Events are written in order: those before are there as well.
  wait_for("Ready", [&] { return has_event(world, "Ready"); });
  const auto events = world.client().list(types::kEvent, {.name_space = world.name_space()}, "", {});
  REQUIRE(events);
  std::multiset<std::string> reasons;
  for (const auto& event : events->items) reasons.insert(kube::value_at<std::string>(event.json(), {"reason"}));
  CHECK(reasons == std::multiset<std::string>{"Created", "NotReady", "Ready", "Updated"});
}

TEST_CASE("What the operator does to an app's children is told by Events", "[integration]") {
  support::World world;
  const support::OperatorProcess process;
  const auto told = [&](const std::string& reason, const std::string& note) { return has_event(world, reason, note); };
  world.apply_app("chat", kChatSpec);
  wait_for("Created", [&] { return told("Created", "Deployment \"chat\""); });
  world.wait_until_as_planned("chat");
  world.apply_app("chat", "{replicas: 3, app: {image: chat:2}, exposure: {type: None}}");
  wait_for("Updated", [&] { return told("Updated", "Deployment \"chat\""); });
  wait_for("Deleted", [&] { return told("Deleted", "Ingress \"chat\""); });
}

namespace {

/// Changes every Service of a namespace, whoever writes what.
constexpr const char* kMeddling = R"({
  "apiVersion": "admissionregistration.k8s.io/v1", "kind": "MutatingAdmissionPolicy", "metadata": {"name": "NAME"},
  "spec": {
    "matchConstraints": {
      "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "NAME"}},
      "resourceRules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE", "UPDATE"],
                         "resources": ["services"]}]},
    "reinvocationPolicy": "Never",
    "mutations": [{"patchType": "JSONPatch", "jsonPatch": {"expression": "[JSONPatch{CHANGE}]"}}]}})";
constexpr const char* kNoAffinity = "op: 'replace', path: '/spec/sessionAffinity', value: 'None'";
constexpr const char* kOtherLabel = "op: 'add', path: '/metadata/labels', value: {'app.kubernetes.io/managed-by': 'x'}";
constexpr const char* kMeddlingBinding = R"({
  "apiVersion": "admissionregistration.k8s.io/v1", "kind": "MutatingAdmissionPolicyBinding",
  "metadata": {"name": "NAME"}, "spec": {"policyName": "NAME"}})";
constexpr kube::ResourceType kPolicy{"admissionregistration.k8s.io", "v1", "MutatingAdmissionPolicy",
                                     "mutatingadmissionpolicies", false};
constexpr kube::ResourceType kPolicyBinding{"admissionregistration.k8s.io", "v1", "MutatingAdmissionPolicyBinding",
                                            "mutatingadmissionpolicybindings", false};

nlohmann::json named(std::string text, const std::string& name, const std::string& change = "") {
  for (const auto& [word, value] : {std::pair{"NAME", name}, std::pair{"CHANGE", change}})
    for (auto at = text.find(word); at != std::string::npos; at = text.find(word, at))
      text.replace(at, std::string_view{word}.size(), value);
  return nlohmann::json::parse(text);
}

/// Waits until what a Service comes out as, that is created with this affinity and the operator's label, is so.
void wait_for_services(support::World& world, const std::string& what,
                       const std::function<bool(const nlohmann::json&)>& is_so) {
  const nlohmann::json probe{
      {"apiVersion", "v1"},
      {"kind", "Service"},
      {"metadata", {{"name", "probe"}, {"labels", {{"app.kubernetes.io/managed-by", "realtime-operator"}}}}},
      {"spec", {{"sessionAffinity", "ClientIP"}, {"ports", {{{"port", 80}}}}}}};
  wait_for(what, [&] {
    if (world.exists(types::kService, "probe")) {
      const auto live = world.get(types::kService, "probe");
      (void)world.client().remove(types::kService, live.key(), live.uid(), {});
    }
    return world.create(types::kService, probe) == 201 && is_so(support::json_of(world.get(types::kService, "probe")));
  });
}

}  // namespace

TEST_CASE("A child that does not stay as applied is named, and not written again and again", "[integration]") {
  support::World world;
  const auto& name = world.name_space();
  REQUIRE(world.create(kPolicy, named(kMeddling, name, kNoAffinity)) == 201);
  REQUIRE(world.create(kPolicyBinding, named(kMeddlingBinding, name)) == 201);
  wait_for_services(world, "the policy to take effect", [](const nlohmann::json& service) {
    return support::value_at<std::string>(service, {"spec", "sessionAffinity"}) == "None";
  });
  const support::OperatorProcess process;
  world.apply_app("chat", kChatSpec);
  wait_for("it to be named", [&] { return world.condition("chat", "Stalled") == "True/NotConverging"; });
  const auto writes = [] {
    const auto all = support::audited(true);
    return std::count(all.begin(), all.end(), "patch services chat");
  };
  const auto before = writes();
  const auto reconciles = process.reconciles();
  for (int i = 1; i <= 3; ++i) {
    const nlohmann::json touched{{"metadata", {{"annotations", {{"touched", std::to_string(i)}}}}}};
    REQUIRE(world.patch(types::kService, "chat", "application/merge-patch+json", touched) == 200);
    world.apply_app(
        "chat", fmt::format("{{replicas: {}, app: {{image: chat:1}}, exposure: {{type: Ingress, className: traefik}}}}",
                            3 + i));
    wait_for("a reconcile", [&] { return process.reconciles() >= reconciles + i; });
  }
  CHECK(writes() == before);
}

TEST_CASE("A child whose labels others replaced is created again when it is gone, though no watch tells",
          "[integration]") {
  support::World world;
  const auto& name = world.name_space();
  const auto has_our_label = [](const nlohmann::json& service) {
    return service["metadata"]["labels"]["app.kubernetes.io/managed-by"] == "realtime-operator";
  };
  REQUIRE(world.create(kPolicy, named(kMeddling, name, kOtherLabel)) == 201);
  REQUIRE(world.create(kPolicyBinding, named(kMeddlingBinding, name)) == 201);
  wait_for_services(world, "the policy to take effect", [&](const auto& service) { return !has_our_label(service); });
  const support::OperatorProcess process;
  world.apply_app("chat", kChatSpec);
  wait_for("it to be named", [&] { return world.condition("chat", "Stalled") == "True/NotConverging"; });
  for (const auto* type : {&kPolicyBinding, &kPolicy})
    REQUIRE(world.client().remove(*type, {"", name}, world.get(*type, name).uid(), {}));
  wait_for_services(world, "the policy to have no effect", has_our_label);
  for (const auto* service : {"chat", "chat-headless", "chat-redis"}) {
    const auto live = world.get(types::kService, service);
    REQUIRE(world.client().remove(types::kService, live.key(), live.uid(), {}));
  }
  world.apply_app("chat",
                  "{replicas: 3, app: {image: chat:1, port: 5000}, exposure: {type: Ingress, className: traefik, "
                  "affinity: None}}");
  wait_for("the Service to come back", [&] { return world.exists(types::kService, "chat"); });
}

TEST_CASE("A child that another user deletes comes back", "[integration]") {
  support::World world;
  const support::OperatorProcess process;
  world.apply_app("chat", kChatSpec);
  world.wait_until_as_planned("chat");
  for (const auto& child : world.planned("chat")) {
    INFO(child.type.kind << " " << child.name);
    const auto before = world.get(child.type, child.name).uid();
    REQUIRE(world.client().remove(child.type, child.desired().key(), before, {}));
    wait_for("it to come back", [&] {
      const auto live = world.client().get(child.type, child.desired().key(), {});
      return live && live->uid() != before && world.as_planned(child);
    });
  }
}

TEST_CASE("Objects that belong to others are neither taken over nor in the way of other apps", "[integration]") {
  support::World world;
  const support::OperatorProcess process;
  const auto service = nlohmann::json::parse(R"({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "chat"},
      "spec": {"selector": {"app": "legacy"}, "ports": [{"port": 81}]}})");
  REQUIRE(world.create(types::kService, service) == 201);
  const auto before = world.get(types::kService, "chat").resource_version();
  world.apply_app("chat", kChatSpec);
  world.apply_app("other",
                  "{app: {image: chat:1}, exposure: {type: Ingress, className: traefik, host: other.example.com}}");
  world.wait_until_as_planned("other");
  wait_for("the status to say so", [&] { return world.condition("chat", "Stalled") == "True/NameTaken"; });
  CHECK(world.condition("chat", "Ready") == "False/NameTaken");
  CHECK(world.get(types::kService, "chat").resource_version() == before);
  // What needs it waits, and nothing else.
  CHECK_FALSE(world.exists(types::kIngress, "chat"));
  for (const auto& child : world.planned("chat"))
    if (child.name != "chat" || child.type == types::kDeployment) CHECK(world.as_planned(child));
}

TEST_CASE("What is handed over as the message says is taken in", "[integration]") {
  support::World world;
  const support::OperatorProcess process;
  const nlohmann::json account{{"apiVersion", "v1"}, {"kind", "ServiceAccount"}, {"metadata", {{"name", "chat"}}}};
  REQUIRE(world.create(types::kServiceAccount, account) == 201);
  const auto before = world.get(types::kServiceAccount, "chat").uid();
  world.apply_app("chat", kChatSpec);
  wait_for("the status to say so", [&] { return world.condition("chat", "Stalled") == "True/NameTaken"; });
  CHECK_FALSE(world.exists(types::kDeployment, "chat"));  // it waits for it
  const auto uid = world.app("chat").uid.text();
  CHECK_THAT(world.app("chat").status.condition("Ready")->message.text(),
             Catch::Contains("`kubectl annotate serviceaccounts chat realtimeoperator.dev/app-uid=" + uid + "`"));
  const nlohmann::json handed_over{{"annotations", {{"realtimeoperator.dev/app-uid", uid}}}};
  REQUIRE(world.patch(types::kServiceAccount, "chat", "application/merge-patch+json", {{"metadata", handed_over}}) ==
          200);
  // It is looked at again within half a minute, or with the next change.
  world.apply_app("chat", "{replicas: 4, app: {image: chat:1}, exposure: {type: Ingress, className: traefik}}");
  world.wait_until_as_planned("chat");
  CHECK(world.get(types::kServiceAccount, "chat").uid() == before);
}

TEST_CASE("An IngressClass that comes later is used at once", "[integration]") {
  support::World world;
  const support::OperatorProcess process;
  const std::string name = "late-" + world.name_space();
  world.apply_app("chat", fmt::format("{{app: {{image: chat:1}}, exposure: {{type: Ingress, className: {}}}}}", name));
  wait_for("the status to say so", [&] { return world.condition("chat", "Stalled") == "True/IngressClassNotFound"; });
  CHECK(world.exists(types::kDeployment, "chat"));
  REQUIRE(world.create(types::kIngressClass, {{"apiVersion", "networking.k8s.io/v1"},
                                              {"kind", "IngressClass"},
                                              {"metadata", {{"name", name}}},
                                              {"spec", {{"controller", "traefik.io/ingress-controller"}}}}) == 201);
  wait_for("the Ingress", [&] { return world.exists(types::kIngress, "chat"); });
  wait_for("the status", [&] { return world.condition("chat", "Stalled") == "False/NothingWrong"; });
}

TEST_CASE("Only the namespaces that it is told to watch concern the operator", "[integration]") {
  support::World watched;
  support::World other;
  const support::OperatorProcess process{{"--watch-namespaces=" + watched.name_space() + ",absent"}};
  other.apply_app("chat", kChatSpec);
  watched.apply_app("chat", kChatSpec);
  watched.wait_until_as_planned("chat");
  CHECK_FALSE(other.exists(types::kServiceAccount, "chat"));
  CHECK(other.condition("chat", "Ready").empty());
}
