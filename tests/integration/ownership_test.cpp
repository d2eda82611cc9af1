// Whose an object and an address is, and what the status says when a write fails: on a real API server.
#include <algorithm>

#include <fmt/format.h>

#include "tests/support/catch.hpp"
#include "tests/support/certificate.hpp"
#include "tests/support/json.hpp"
#include "tests/support/operator_process.hpp"
#include "tests/support/world.hpp"

using nlohmann::json;
using support::kChatSpec;
using support::wait_for;
namespace types = kube::types;

namespace {

constexpr kube::ResourceType kWebhooks{"admissionregistration.k8s.io", "v1", "ValidatingWebhookConfiguration",
                                       "validatingwebhookconfigurations", false};

std::string exposed(const std::string& host, const std::string& more = "") {
  return fmt::format(
      "{{server: {{}}, redis: {{type: None}}, exposure: {{type: Ingress, className: traefik, host: {}{}}}}}", host,
      more);
}

/// As the garbage collector does for `--cascade=orphan`, or a backup without owner references.
void orphan(support::World& world, const kube::ResourceType& type, const std::string& name) {
  REQUIRE(world.patch(type, name, "application/merge-patch+json", {{"metadata", {{"ownerReferences", nullptr}}}}) ==
          200);
}

}  // namespace

TEST_CASE("A write that a webhook does not let through is named until it is done", "[integration]") {
  support::World world;
  const auto& name = world.name_space();
  const support::OperatorProcess process;
  world.apply_app("chat", kChatSpec);
  world.wait_until_as_planned("chat");
  REQUIRE(world.create(kWebhooks, {{"apiVersion", "admissionregistration.k8s.io/v1"},
                                   {"kind", "ValidatingWebhookConfiguration"},
                                   {"metadata", {{"name", name}}},
                                   {"webhooks",
                                    {{{"name", "away.example.com"},
                                      {"clientConfig", {{"url", "https://127.0.0.1:1/"}}},
                                      {"namespaceSelector", {{"matchLabels", {{"kubernetes.io/metadata.name", name}}}}},
                                      {"rules",
                                       {{{"apiGroups", {"apps"}},
                                         {"apiVersions", {"v1"}},
                                         {"operations", {"UPDATE"}},
                                         {"resources", {"deployments"}}}}},
                                      {"failurePolicy", "Fail"},
                                      {"sideEffects", "None"},
                                      {"admissionReviewVersions", {"v1"}}}}}}) == 201);
  wait_for("the webhook to be asked", [&] {
    return world.patch(types::kDeployment, "chat", "application/merge-patch+json",
                       {{"metadata", {{"annotations", {{"probe", "1"}}}}}}) >= 500;
  });
  world.apply_app("chat", "{replicas: 4, app: {image: chat:2}, exposure: {type: Ingress, className: traefik}}");
  wait_for("the status to say so", [&] { return world.condition("chat", "Ready") == "False/ApplyFailed"; });
  const auto app = world.app("chat");
  CHECK(app.status.observed_generation == app.generation);
  CHECK_THAT(app.status.condition("Ready")->message, Catch::Contains("away.example.com"));
  CHECK(world.condition("chat", "Reconciling") == "True/Progressing");
  REQUIRE(world.client().remove(kWebhooks, {"", name}, world.get(kWebhooks, name).uid(), {}));
  world.wait_until_as_planned("chat");
  wait_for("the status to clear", [&] { return world.condition("chat", "Ready") != "False/ApplyFailed"; });
}

TEST_CASE("An older app does not take an address that another one has", "[integration]") {
  support::World world;
  const support::OperatorProcess process;
  world.apply_app("a", exposed("a.test"));
  world.wait_until_as_planned("a");
  world.apply_app("b", exposed("b.test", ", paths: [/socket.io]"));
  world.wait_until_as_planned("b");
  wait_for("the address to be recorded", [&] { return world.app("b").status.addresses.size() == 1; });
  world.apply_app("a", exposed("b.test", ", paths: [/socket.io/]"));
  wait_for("the status to say so", [&] { return world.condition("a", "ExposureReady") == "False/HostTaken"; });
  CHECK(world.app("a").status.url == "http://a.test/");
  CHECK(world.app("b").status.url == "http://b.test/socket.io");
  const auto ingress = support::json_of(world.get(types::kIngress, "a"));
  CHECK(ingress["spec"]["rules"][0]["host"] == "a.test");
  CHECK(world.condition("b", "ExposureReady") == "True/IngressServing");
}

TEST_CASE("Orphans of an app of the same name are adopted without a restart", "[integration]") {
  support::World world;
  std::map<std::string, std::string> uids;
  std::string password;
  const auto each = [&](const auto& visit) {
    for (const auto& child : world.planned("chat")) visit(child.type, child.name);
    visit(types::kSecret, std::string{"chat-redis"});
  };
  {
    const support::OperatorProcess process;
    world.apply_app("chat", kChatSpec);
    world.wait_until_as_planned("chat");
    each([&](const kube::ResourceType& type, const std::string& name) {
      uids[std::string{type.kind} + name] = world.get(type, name).uid();
    });
    password = support::json_of(world.get(types::kSecret, "chat-redis"))["data"].dump();
  }
  const auto pods = [&] { return support::json_of(world.get(types::kDeployment, "chat"))["spec"]["template"].dump(); };
  const auto before = pods();
  std::vector<std::pair<const kube::ResourceType*, std::string>> children;
  for (const auto& child : world.planned("chat")) children.emplace_back(&child.type, child.name);
  children.emplace_back(&types::kSecret, "chat-redis");
  world.delete_app("chat");
  for (const auto& [type, name] : children) orphan(world, *type, name);
  const support::OperatorProcess process;
  world.apply_app("chat", kChatSpec);
  world.wait_until_as_planned("chat");
  each([&](const kube::ResourceType& type, const std::string& name) {
    INFO(type.kind << " " << name);
    wait_for("it to be adopted", [&] { return !kube::ObjectView{world.get(type, name)}.controller().is_nothing(); });
    CHECK(world.get(type, name).uid() == uids[std::string{type.kind} + name]);
  });
  CHECK(support::json_of(world.get(types::kSecret, "chat-redis"))["data"].dump() == password);
  CHECK(pods() == before);  // the same template restarts nothing
  wait_for("the status", [&] { return world.condition("chat", "Stalled") == "False/NothingWrong"; });
}

TEST_CASE("Variables are rolled out in the order that the spec has", "[integration]") {
  support::World world;
  const support::OperatorProcess process;
  const auto spec = [](const char* env) {
    return fmt::format("{{app: {{image: chat:1, env: [{}]}}, redis: {{type: None}}}}", env);
  };
  const auto names = [&] {
    std::string found;
    const auto live = support::json_of(world.get(types::kDeployment, "chat"));
    for (const auto& variable : live["spec"]["template"]["spec"]["containers"][0]["env"])
      found += variable["name"].get<std::string>() + " ";
    return found;
  };
  world.apply_app("chat", spec("{name: ALL, value: $(ONE)}, {name: ONE, value: '1'}"));
  world.wait_until_as_planned("chat");
  world.apply_app("chat", spec("{name: ONE, value: '1'}, {name: ALL, value: $(ONE)}"));
  wait_for("the other order", [&] { return names() == "PORT POD_NAME ONE ALL "; });
  world.wait_until_as_planned("chat");
}

TEST_CASE("TLS that cannot work is named, with the Secret", "[integration]") {
  support::World world;
  const support::OperatorProcess process{{"--secret-refresh=1"}};
  world.apply_app("chat", exposed("chat.test", ", tls: {secretName: cert}"));
  wait_for("the status to say so",
           [&] { return world.condition("chat", "ExposureReady") == "False/TLSSecretNotFound"; });
  CHECK_THAT(world.app("chat").status.condition("ExposureReady")->message, Catch::Contains("cert"));
  CHECK(world.exists(types::kIngress, "chat"));  // a certificate manager may wait for it
  REQUIRE(world.create(types::kSecret, {{"apiVersion", "v1"}, {"kind", "Secret"}, {"metadata", {{"name", "cert"}}}}) ==
          201);
  wait_for("the wrong type", [&] { return world.condition("chat", "ExposureReady") == "False/TLSSecretInvalid"; });

  const auto renew = [&](const std::string& host, std::chrono::hours from, std::chrono::hours until) {
    if (world.exists(types::kSecret, "cert")) {
      const auto secret = world.get(types::kSecret, "cert");
      REQUIRE(world.client().remove(types::kSecret, secret.key(), secret.uid(), {}));
    }
    const auto pem = support::make_certificate(host, from, until);
    REQUIRE(world.create(types::kSecret, {{"apiVersion", "v1"},
                                          {"kind", "Secret"},
                                          {"type", "kubernetes.io/tls"},
                                          {"metadata", {{"name", "cert"}}},
                                          {"stringData", {{"tls.crt", pem.certificate}, {"tls.key", pem.key}}}}) ==
            201);
  };
  using std::chrono::hours;
  const auto is = [&](const char* condition) { return world.condition("chat", "ExposureReady") == condition; };
  renew("other.test", hours{-1}, hours{24 * 90});
  wait_for("the wrong host", [&] { return is("False/CertificateInvalid"); });
  renew("chat.test", hours{-48}, hours{-24});
  wait_for("the end of its time", [&] {
    return world.app("chat").status.condition("ExposureReady")->message.text().find("expired") != std::string::npos;
  });
  renew("chat.test", hours{-24 * 80}, hours{24});
  wait_for("the warning before", [&] { return is("True/CertificateExpiring"); });
  wait_for("the Event", [&] {
    const auto events = world.client().list(types::kEvent, kube::Selection{world.name_space()}, "", {});
    return events && std::any_of(events->items.begin(), events->items.end(), [](const kube::Object& event) {
             return kube::value_at<std::string>(event.json(), {"reason"}) == "CertificateExpiring" &&
                    kube::value_at<std::string>(event.json(), {"type"}) == "Warning";
           });
  });
  renew("chat.test", hours{-1}, hours{24 * 90});
  wait_for("a certificate that serves", [&] { return is("True/IngressServing"); });
}

TEST_CASE("Of what another tool restored, what the spec no longer has goes", "[integration]") {
  support::World world;
  const std::string exposure = "exposure: {type: Ingress, className: traefik, host: chat.test";
  json deployment;
  json ingress;
  {
    const support::OperatorProcess process;
    world.apply_app("chat", "{replicas: 3, app: {image: 'chat:1', command: [serve], env: [{name: OLD, value: '1'}]}, " +
                                exposure + ", tls: {secretName: chat-tls}}}");
    world.wait_until_as_planned("chat");
    const auto take = [&](const kube::ResourceType& type) {
      auto object = support::json_of(world.get(type, "chat"));
      for (const char* field : {"uid", "resourceVersion", "managedFields", "ownerReferences", "creationTimestamp"})
        object["metadata"].erase(field);
      return object;
    };
    deployment = take(types::kDeployment);
    ingress = take(types::kIngress);
  }
  for (const auto* type : {&types::kDeployment, &types::kIngress}) {
    const auto object = world.get(*type, "chat");
    REQUIRE(world.client().remove(*type, object.key(), object.uid(), {}));
  }
  REQUIRE(world.create(types::kDeployment, deployment) == 201);
  REQUIRE(world.create(types::kIngress, ingress) == 201);
  const support::OperatorProcess process;
  world.wait_until_as_planned("chat");
  world.apply_app("chat", "{replicas: 3, app: {image: 'chat:1'}, " + exposure + "}}");
  world.wait_until_as_planned("chat");
  const auto container =
      support::json_of(world.get(types::kDeployment, "chat"))["spec"]["template"]["spec"]["containers"][0];
  CHECK_FALSE(container.contains("command"));
  CHECK(container["env"].dump().find("OLD") == std::string::npos);
  CHECK_FALSE(support::json_of(world.get(types::kIngress, "chat"))["spec"].contains("tls"));
}

TEST_CASE("What a rollback by hand left to kubectl is taken back", "[integration]") {
  support::World world;
  const support::OperatorProcess process;
  world.apply_app("chat", kChatSpec);
  world.wait_until_as_planned("chat");
  const auto live = [&] { return support::json_of(world.get(types::kDeployment, "chat")); };
  // What others have in the template, then a newer image of theirs, and after it the rollback to what was before.
  const auto mesh = [&](const char* image) {
    const json annotations{{"team", "a"}, {"kubectl.kubernetes.io/restartedAt", "now"}};
    const json containers = json::array({{{"name", "mesh"}, {"image", image}}});
    const json pod{{"metadata", {{"annotations", annotations}}}, {"spec", {{"containers", containers}}}};
    REQUIRE(world.patch(types::kDeployment, "chat", "application/strategic-merge-patch+json",
                        {{"spec", {{"template", pod}}}}) == 200);
  };
  mesh("mesh:1");
  auto old = live()["spec"]["template"];
  mesh("mesh:2");
  const auto wanted = live()["spec"]["template"];
  for (auto& container : old["spec"]["containers"])
    if (container["name"] == "app") {
      container["image"] = "chat:0";
      container["env"].push_back({{"name", "OLD"}, {"value", "1"}});
    }
  const auto before = world.get(types::kDeployment, "chat").generation();
  // As `kubectl rollout undo` does it.
  const auto rollback = json::array({{{"op", "replace"}, {"path", "/spec/template"}, {"value", old}}});
  REQUIRE(world.patch_as("kubectl-rollout", types::kDeployment, "chat", "application/json-patch+json", rollback) ==
          200);
  auto expected = wanted;
  for (auto& container : expected["spec"]["containers"])
    if (container["name"] == "mesh") container["image"] = "mesh:1";
  wait_for("the template to be ours again, and theirs to stay", [&] { return live()["spec"]["template"] == expected; });
  world.wait_until_as_planned("chat");
  CHECK(world.get(types::kDeployment, "chat").generation() == before + 2);  // the rollback, and one rollout back
  CHECK(world.condition("chat", "Ready").find("ChildRefused") == std::string::npos);
  // The next change of the spec gets through.
  world.apply_app("chat", "{replicas: 3, app: {image: 'chat:2'}}");
  world.wait_until_as_planned("chat");
}

TEST_CASE("A port that others changed in a pod template is put right by one rollout", "[integration]") {
  support::World world;
  const support::OperatorProcess process;
  world.apply_app("chat", kChatSpec);
  world.wait_until_as_planned("chat");
  const auto before = world.get(types::kDeployment, "chat");
  const auto template_of = [](const kube::Object& deployment) {
    return support::json_of(deployment)["spec"]["template"];
  };
  const json edit = json::array(
      {{{"op", "replace"}, {"path", "/spec/template/spec/containers/0/ports/0/containerPort"}, {"value", 9999}}});
  REQUIRE(world.patch(types::kDeployment, "chat", "application/json-patch+json", edit) == 200);
  wait_for("the port to be as it was",
           [&] { return template_of(world.get(types::kDeployment, "chat")) == template_of(before); });
  world.wait_until_as_planned("chat");
  CHECK(world.get(types::kDeployment, "chat").generation() == before.generation() + 2);
}

TEST_CASE("What others put beside a field of ours, where only one may be, goes by one rollout", "[integration]") {
  support::World world;
  const support::OperatorProcess process;
  world.apply_app("chat", kChatSpec);
  world.wait_until_as_planned("chat");
  const auto edit = [&](const kube::ResourceType& type, const json& patch) {
    const auto before = world.get(type, "chat");
    REQUIRE(world.patch_as("kubectl-edit", type, "chat", "application/json-patch+json", patch) == 200);
    const auto spec_of = [](const kube::Object& object) { return support::json_of(object)["spec"]; };
    wait_for("the spec to be as it was", [&] { return spec_of(world.get(type, "chat")) == spec_of(before); });
    world.wait_until_as_planned("chat");
    CHECK(world.get(type, "chat").generation() == before.generation() + 2);
    CHECK(world.condition("chat", "Ready").find("ChildRefused") == std::string::npos);
  };
  const std::string container = "/spec/template/spec/containers/0";
  SECTION("the kind of a probe") {
    const json exec{{"exec", {{"command", json::array({"true"})}}}};
    edit(types::kDeployment,
         json::array({{{"op", "replace"}, {"path", container + "/startupProbe"}, {"value", exec}}}));
  }
  SECTION("the value of a variable, as `kubectl set env` does it") {
    const auto env =
        support::json_of(world.get(types::kDeployment, "chat"))["spec"]["template"]["spec"]["containers"][0]["env"];
    const auto found = std::find_if(env.begin(), env.end(), [](const json& it) { return it["name"] == "REDIS_URL"; });
    REQUIRE(found != env.end());
    const json value{{"name", "REDIS_URL"}, {"value", "redis://elsewhere"}};
    const auto path = fmt::format("{}/env/{}", container, found - env.begin());
    edit(types::kDeployment, json::array({{{"op", "replace"}, {"path", path}, {"value", value}}}));
  }
  SECTION("the kind of a volume") {
    const json volume{{"name", "tmp"}, {"configMap", {{"name", "theirs"}}}};
    edit(types::kDeployment,
         json::array({{{"op", "replace"}, {"path", "/spec/template/spec/volumes/0"}, {"value", volume}}}));
  }
  SECTION("what a budget counts") {
    edit(types::kPodDisruptionBudget, json::array({{{"op", "remove"}, {"path", "/spec/maxUnavailable"}},
                                                   {{"op", "add"}, {"path", "/spec/minAvailable"}, {"value", 1}}}));
  }
}

TEST_CASE("A limit of others below what a later spec requests goes", "[integration]") {
  support::World world;
  const support::OperatorProcess process;
  const auto with_request = [](const char* cpu) {
    return fmt::format("{{app: {{image: 'chat:1', resources: {{requests: {{cpu: '{}'}}}}}}}}", cpu);
  };
  world.apply_app("chat", with_request("100m"));
  world.wait_until_as_planned("chat");
  const json limit{{"name", "app"}, {"resources", {{"limits", {{"cpu", "500m"}}}}}};
  REQUIRE(world.patch_as("kubectl-edit", types::kDeployment, "chat", "application/strategic-merge-patch+json",
                         {{"spec", {{"template", {{"spec", {{"containers", json::array({limit})}}}}}}}}) == 200);
  world.apply_app("chat", with_request("1"));
  world.wait_until_as_planned("chat");
  CHECK(world.condition("chat", "Ready").find("ChildRefused") == std::string::npos);
}

TEST_CASE("What others set as the spec has it goes when the spec no longer has it", "[integration]") {
  support::World world;
  const support::OperatorProcess process;
  world.apply_app("chat", "{app: {image: 'chat:1', env: [{name: EMPTY}]}}");
  world.wait_until_as_planned("chat");
  const auto variable = [&](const char* name) -> json {
    const auto live = support::json_of(world.get(types::kDeployment, "chat"));
    for (const auto& found : live["spec"]["template"]["spec"]["containers"][0]["env"])
      if (found["name"] == name) return found.value("value", std::string{});
    return nullptr;
  };
  const auto set = [&](const char* name, const char* value) {
    const json container{{"name", "app"}, {"env", json::array({{{"name", name}, {"value", value}}})}};
    REQUIRE(world.patch_as("kubectl-set", types::kDeployment, "chat", "application/strategic-merge-patch+json",
                           {{"spec", {{"template", {{"spec", {{"containers", json::array({container})}}}}}}}}) == 200);
  };
  // A variable without a value is the spec's as well.
  set("EMPTY", "theirs");
  wait_for("the empty value", [&] { return variable("EMPTY") == ""; });
  // A fix by hand, the same in the spec, and then no longer.
  set("FIX", "1");
  world.apply_app("chat", "{app: {image: 'chat:1', env: [{name: FIX, value: '1'}]}}");
  world.wait_until_as_planned("chat");
  CHECK(variable("FIX") == "1");
  world.apply_app("chat", "{app: {image: 'chat:1'}}");
  world.wait_until_as_planned("chat");
  CHECK(variable("FIX").is_null());
  // By hand a value, in the spec a reference.
  set("FIX", "1");
  world.apply_app("chat",
                  "{app: {image: 'chat:1', env: [{name: FIX, valueFrom: {secretKeyRef: {name: keys, key: fix}}}]}}");
  world.wait_until_as_planned("chat");
  CHECK(variable("FIX") == "");
}
