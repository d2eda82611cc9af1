// An app of the bundled server on a real API server: its configuration, its pods' permissions, and its count of
// connections.
#include <array>

#include <arpa/inet.h>
#include <boost/algorithm/string/replace.hpp>
#include <fmt/format.h>
#include <ifaddrs.h>
#include <net/if.h>

#include "core/http_server.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/json.hpp"
#include "tests/support/operator_process.hpp"
#include "tests/support/world.hpp"

using nlohmann::json;
using support::wait_for;
namespace types = kube::types;

namespace {

constexpr kube::ResourceType kNamespace{"", "v1", "Namespace", "namespaces", false};
constexpr kube::ResourceType kPod{"", "v1", "Pod", "pods"};

std::string configuration_of(support::World& world) {
  const auto deployment = world.get(types::kDeployment, "chat");
  const auto& volumes = kube::list_at(deployment.json(), {"spec", "template", "spec", "volumes"});
  return kube::value_at<std::string>(volumes.at(0), {"configMap", "name"});
}

/// Acts for the Deployment's controller, which does not run here: a ReplicaSet with the current template.
void roll_out(support::World& world, const std::string& name) {
  const auto deployment = world.get(types::kDeployment, "chat");
  const auto spec = support::json_of(deployment)["spec"];
  json set{{"apiVersion", "apps/v1"},
           {"kind", "ReplicaSet"},
           {"metadata",
            {{"name", name},
             {"labels", spec["template"]["metadata"]["labels"]},
             {"ownerReferences", json::array({{{"apiVersion", "apps/v1"},
                                               {"kind", "Deployment"},
                                               {"name", "chat"},
                                               {"uid", deployment.uid()},
                                               {"controller", true}}})}}},
           {"spec", {{"selector", spec["selector"]}, {"template", spec["template"]}}}};
  REQUIRE(world.create(types::kReplicaSet, set) == 201);
}

/// An address of this machine that an EndpointSlice may hold: loopback is refused.
std::string own_address() {
  ifaddrs* all = nullptr;
  REQUIRE(getifaddrs(&all) == 0);
  std::string found;
  for (const auto* each = all; each != nullptr && found.empty(); each = each->ifa_next) {
    if (each->ifa_addr == nullptr || each->ifa_addr->sa_family != AF_INET || (each->ifa_flags & IFF_LOOPBACK) != 0)
      continue;
    std::array<char, INET_ADDRSTRLEN> text{};
    inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in*>(each->ifa_addr)->sin_addr, text.data(), text.size());
    found = text.data();
  }
  freeifaddrs(all);
  INFO("this machine has no address but loopback");
  REQUIRE_FALSE(found.empty());
  return found;
}

/// The slice of the headless Service, as its controller would create it.
json slice_of(support::World& world, const std::vector<int>& ports) {
  auto labels = support::json_of(world.get(types::kService, "chat-headless"))["metadata"]["labels"];
  labels["kubernetes.io/service-name"] = "chat-headless";
  labels["service.kubernetes.io/headless"] = "";
  json slices = json::array();
  for (std::size_t i = 0; i < ports.size(); ++i)
    slices.push_back({{"apiVersion", "discovery.k8s.io/v1"},
                      {"kind", "EndpointSlice"},
                      {"metadata", {{"name", fmt::format("chat-headless-{}", i)}, {"labels", labels}}},
                      {"addressType", "IPv4"},
                      {"endpoints", json::array({{{"addresses", json::array({own_address()})},
                                                  {"conditions", {{"ready", true}}},
                                                  {"targetRef", {{"kind", "Pod"}, {"name", fmt::format("p{}", i)}}}}})},
                      {"ports", json::array({{{"name", "admin"}, {"port", ports[i]}}})}});
  return slices;
}

}  // namespace

TEST_CASE("A configuration outlives its successor while a ReplicaSet refers to it", "[integration][server]") {
  support::World world;
  const support::OperatorProcess process;
  world.apply_app("chat", "{server: {maxPayload: 1500}}");
  world.wait_until_as_planned("chat");
  const auto first = configuration_of(world);
  roll_out(world, "chat-1");
  world.apply_app("chat", "{server: {maxPayload: 2000}}");
  world.wait_until_as_planned("chat");
  const auto second = configuration_of(world);
  REQUIRE(second != first);
  roll_out(world, "chat-2");
  world.apply_app("chat", "{server: {maxPayload: 3000}}");
  world.wait_until_as_planned("chat");
  const auto third = configuration_of(world);
  REQUIRE(world.client().remove(types::kReplicaSet, {world.name_space(), "chat-1"},
                                world.get(types::kReplicaSet, "chat-1").uid(), {}));
  roll_out(world, "chat-3");
  wait_for("the first configuration to go", [&] { return !world.exists(types::kConfigMap, first); });
  CHECK(world.exists(types::kConfigMap, second));
  CHECK(world.exists(types::kConfigMap, third));
  world.apply_app("chat", "{app: {image: chat:1}}");
  world.wait_until_as_planned("chat");
  for (const char* name : {"chat-2", "chat-3"})
    REQUIRE(world.client().remove(types::kReplicaSet, {world.name_space(), name},
                                  world.get(types::kReplicaSet, name).uid(), {}));
  roll_out(world, "chat-4");
  wait_for("all configurations to go",
           [&] { return !world.exists(types::kConfigMap, second) && !world.exists(types::kConfigMap, third); });
}

TEST_CASE("Pods of the bundled server and of its Redis are admitted where only restricted ones are",
          "[integration][server]") {
  support::World world;
  const support::OperatorProcess process;
  world.apply_app("chat", "{server: {}}");
  world.wait_until_as_planned("chat");
  const json strict{{"metadata", {{"labels", {{"pod-security.kubernetes.io/enforce", "restricted"}}}}}};
  REQUIRE(world.patch(kNamespace, world.name_space(), "application/merge-patch+json", strict) == 200);
  const auto admitted = [&](const kube::ResourceType& type, const std::string& name) {
    const auto pod_template = support::json_of(world.get(type, name))["spec"]["template"];
    return world.create(kPod, {{"apiVersion", "v1"},
                               {"kind", "Pod"},
                               {"metadata", {{"name", name}, {"labels", pod_template["metadata"]["labels"]}}},
                               {"spec", pod_template["spec"]}});
  };
  CHECK(admitted(types::kDeployment, "chat") == 201);
  CHECK(admitted(types::kStatefulSet, "chat-redis") == 201);
  // Your own image runs as any user, which this namespace does not allow.
  world.apply_app("own", "{app: {image: chat:1}}");
  world.wait_until_as_planned("own");
  CHECK(admitted(types::kDeployment, "own") == 403);
}

TEST_CASE("The status says how many clients the ready replicas hold, and nothing when one of them does not report it",
          "[integration][server]") {
  support::World world;
  const auto serve = [](int connections) {
    auto server = core::HttpServer::listen(":0", {{"/metrics", [connections] {
                                                     return core::HttpAnswer{
                                                         200, fmt::format("realtime_server_connections{{transport="
                                                                          "\"websocket\"}} {}\n",
                                                                          connections)};
                                                   }}});
    REQUIRE(server);
    return std::move(*server);
  };
  const auto one = serve(30);
  auto two = serve(12);
  const auto connections = [&] { return world.app("chat").status.connections; };
  const auto make_slices = [&] {
    for (const auto& slice : slice_of(world, {one->port(), two->port()}))
      REQUIRE(world.create(types::kEndpointSlice, slice) == 201);
  };
  {
    const support::OperatorProcess process;
    world.apply_app("chat", "{replicas: 2, server: {}}");
    world.wait_until_as_planned("chat");
    CHECK_FALSE(connections());
    make_slices();
    wait_for("the count", [&] { return connections().has_value(); });
    CHECK((connections() == 30 || connections() == 42));  // the first slice may be seen before the second
  }
  {
    const support::OperatorProcess restarted;
    wait_for("the whole count", [&] { return connections() == 42; });
  }
  two.reset();
  const support::OperatorProcess restarted;
  wait_for("the count to go", [&] { return !connections().has_value(); });
}

TEST_CASE("An app that nests as deeply as the API server takes it holds up no other", "[integration][server]") {
  support::World world;
  const auto create_deep = [&] {
    const std::size_t levels = 1'000;
    const json emit{{"type", "Emit"}, {"event", "e"}, {"args", json::array({"deep"})}};
    json deep{{"apiVersion", api::kRealtimeApp.api_version()}, {"kind", api::kRealtimeApp.kind}};
    deep["metadata"] = {{"name", "deep"}, {"namespace", world.name_space()}};
    deep["spec"]["server"]["namespaces"]["/"]["onConnect"] = json::array({emit});
    auto text = deep.dump();
    boost::algorithm::replace_all(text, R"(["deep"])", std::string(levels, '[') + std::string(levels, ']'));
    REQUIRE(world.create_text(api::kRealtimeApp, std::move(text)) == 201);
  };
  const auto await_both = [&] {
    world.apply_app("chat", "{server: {}}");
    world.wait_until_as_planned("chat");
    wait_for("the status to say so", [&] { return world.condition("deep", "Stalled") == "True/InvalidSpec"; });
    CHECK_THAT(world.app("deep").status.condition("Stalled")->message, Catch::Contains("nests more than"));
  };
  SECTION("while the operator runs") {
    const support::OperatorProcess process;
    create_deep();
    await_both();
  }
  SECTION("when it starts") {
    create_deep();
    const support::OperatorProcess process;
    await_both();
  }
}

TEST_CASE("An invalid rule is reported in the status, with its position", "[integration][server]") {
  support::World world;
  const support::OperatorProcess process;
  world.apply_app("chat", "{server: {namespaces: {/: {events: {m: [{type: Emit, event: e, args: [$first]}]}}}}}");
  wait_for("the status to say so", [&] { return world.condition("chat", "Stalled") == "True/InvalidSpec"; });
  CHECK_THAT(world.app("chat").status.condition("Stalled")->message,
             Catch::Contains("spec.server.namespaces./.events.m[0].args") && Catch::Contains("$first"));
  CHECK_FALSE(world.exists(types::kDeployment, "chat"));
}
