#include "tests/support/world.hpp"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <thread>

#include <fmt/format.h>

#include "core/digest.hpp"
#include "operator/controllers/realtimeapp/observe/children.hpp"
#include "operator/controllers/realtimeapp/observe/secrets.hpp"
#include "operator/kube/config.hpp"
#include "operator/kube/managed_fields.hpp"
#include "operator/kube/projection.hpp"
#include "operator/version.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/json.hpp"
#include "tests/support/yaml_object.hpp"

namespace support {
namespace {

constexpr kube::ResourceType kNamespace{"", "v1", "Namespace", "namespaces", false};
constexpr kube::ResourceType kCrd{"apiextensions.k8s.io", "v1", "CustomResourceDefinition", "customresourcedefinitions",
                                  false};
constexpr const char* kCrdFile = "crds/realtimeoperator.dev_realtimeapps.yaml";

kube::ClientConfig admin_config() {
  auto config = kube::load_kubeconfig(environment("ADMIN_KUBECONFIG"));
  REQUIRE(config);
  return *config;
}

}  // namespace

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  INFO(name << " is not set; run the integration tests by tests/support/with_api_server");
  REQUIRE(value != nullptr);
  return value;
}

void wait_for(const std::string& what, const std::function<bool()>& condition, std::chrono::seconds timeout) {
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline)
      FAIL("after " << timeout.count() << " s still waiting for " << what);
    std::this_thread::sleep_for(std::chrono::milliseconds{5});
  }
}

World::World() : transport_{admin_config()}, client_{transport_, metrics_}, name_space_{"test-" + core::random_hex(4)} {
  REQUIRE(client_.apply(kCrd, from_yaml_file(kCrdFile), {}));
  wait_for("the CRD", [&] { return client_.list(api::kRealtimeApp, {}, "", {}).has_value(); });
  create(kNamespace, {{"apiVersion", "v1"}, {"kind", "Namespace"}, {"metadata", {{"name", name_space_}}}});
  create(kube::types::kIngressClass, {{"apiVersion", "networking.k8s.io/v1"},
                                      {"kind", "IngressClass"},
                                      {"metadata", {{"name", "traefik"}}},
                                      {"spec", {{"controller", "traefik.io/ingress-controller"}}}});
}

/// There is no garbage collector here. What a test leaves, the operators of the tests after it would take in.
World::~World() {
  const auto remove_all = [this](const kube::ResourceType& type) {
    (void)transport_.send({.method = "DELETE", .target = type.path(name_space_)}, {});
  };
  remove_all(api::kRealtimeApp);
  for (const auto& type : controllers::kChildTypes) remove_all(type);
  for (const auto* type :
       {&kube::types::kSecret, &kube::types::kReplicaSet, &kube::types::kEndpointSlice, &kube::types::kPod})
    remove_all(*type);
}

void World::apply_app(const std::string& name, const std::string& spec) {
  const nlohmann::json object{{"apiVersion", api::kRealtimeApp.api_version()},
                              {"kind", api::kRealtimeApp.kind},
                              {"metadata", {{"name", name}, {"namespace", name_space_}}},
                              {"spec", to_json(YAML::Load(spec))}};
  const auto answer =
      transport_.send({.method = "PATCH",
                       .target = api::kRealtimeApp.path(name_space_, name) + "?fieldManager=test&force=true",
                       .content_type = "application/apply-patch+yaml",
                       .body = object.dump()},
                      {});
  REQUIRE(answer);
  INFO(answer->body);
  REQUIRE(answer->status < 300);
}

void World::delete_app(const std::string& name) {
  REQUIRE(client_.remove(api::kRealtimeApp, {name_space_, name}, get(api::kRealtimeApp, name).uid(), {}));
}

api::RealtimeApp World::app(const std::string& name) { return api::decode(get(api::kRealtimeApp, name)).app; }

kube::Object World::get(const kube::ResourceType& type, const std::string& name) {
  auto object = client_.get(type, {type.namespaced ? name_space_ : "", name}, {});
  INFO(type.kind << " " << name << ": " << (object ? "" : object.error().message));
  REQUIRE(object);
  return *object;
}

bool World::exists(const kube::ResourceType& type, const std::string& name) {
  return client_.get(type, {name_space_, name}, {}).has_value();
}

std::string World::condition(const std::string& name, std::string_view type) {
  const auto found = app(name);
  const auto* condition = found.status.condition(type);
  return condition == nullptr ? "" : condition->status.text() + "/" + condition->reason.text();
}

long World::patch(const kube::ResourceType& type, const std::string& name, const std::string& content_type,
                  const nlohmann::json& body, const std::string& subresource) {
  const auto answer = transport_.send(
      {.method = "PATCH",
       .target = type.path(name_space_, name) + (subresource.empty() ? "" : "/" + subresource) + "?fieldManager=test",
       .content_type = content_type,
       .body = body.dump()},
      {});
  REQUIRE(answer);
  return answer->status;
}

long World::patch_as(const std::string& manager, const kube::ResourceType& type, const std::string& name,
                     const std::string& content_type, const nlohmann::json& body) {
  const auto answer = transport_.send({.method = "PATCH",
                                       .target = type.path(name_space_, name) + "?fieldManager=" + manager,
                                       .content_type = content_type,
                                       .body = body.dump()},
                                      {});
  REQUIRE(answer);
  return answer->status;
}

long World::patch_status(const kube::ResourceType& type, const std::string& name, const nlohmann::json& body) {
  const auto answer = transport_.send({.method = "PATCH",
                                       .target = type.path(name_space_, name) + "/status?fieldManager=test",
                                       .content_type = "application/merge-patch+json",
                                       .body = body.dump()},
                                      {});
  return answer ? answer->status : 0;
}

void World::report_replica(bool is_ready) {
  const nlohmann::json status{{"status",
                               {{"observedGeneration", get(kube::types::kDeployment, "chat").generation()},
                                {"replicas", 1},
                                {"updatedReplicas", 1},
                                {"readyReplicas", is_ready ? 1 : 0},
                                {"availableReplicas", is_ready ? 1 : 0}}}};
  REQUIRE(patch_status(kube::types::kDeployment, "chat", status) == 200);
}

long World::create_text(const kube::ResourceType& type, std::string text) {
  const auto answer = transport_.send({.method = "POST",
                                       .target = type.path(type.namespaced ? name_space_ : ""),
                                       .content_type = "application/json",
                                       .body = std::move(text)},
                                      {});
  REQUIRE(answer);
  return answer->status;
}

std::vector<controllers::PlannedChild> World::planned(const std::string& name) {
  const auto planned_app = app(name);
  controllers::Observed observed;
  observed.ingress_classes.emplace("traefik", controllers::IngressClassState{"traefik.io/ingress-controller"});
  observed.default_redis_image = "redis:7.4-alpine";
  observed.default_server_image = std::string{"realtime-server:"} + kVersion;
  if (exists(kube::types::kSecret, name + "-redis"))
    observed.redis_secret.credentials = controllers::read_redis_credentials(get(kube::types::kSecret, name + "-redis"));
  std::vector<controllers::PlannedChild> applied;
  for (auto& child : controllers::plan(planned_app, observed).children)
    if (child.type != kube::types::kSecret) applied.push_back(std::move(child));  // that is created, never applied
  return applied;
}

bool World::as_planned(const controllers::PlannedChild& child) {
  const auto live = client_.get(child.type, child.desired().key(), {});
  // A Secret is created, not applied.
  if (live && child.type == kube::types::kSecret) return kube::includes(live->json(), child.desired().json());
  return live && controllers::digests_of(kube::Projection::owned(*live, kube::kFieldManager)).whole == child.digest;
}

void World::wait_until_as_planned(const std::string& app) {
  wait_for(app + " to become its children", [&] {
    const auto children = planned(app);
    return !children.empty() &&
           std::all_of(children.begin(), children.end(), [&](const auto& child) { return as_planned(child); });
  });
}

std::vector<std::string> audited(bool writes) {
  // The log only grows, to hundreds of megabytes: what was read is not read again.
  static std::streamoff read = 0;
  static std::vector<std::string> all;
  std::ifstream log{environment("AUDIT_LOG")};
  log.seekg(read);
  for (std::string line; std::getline(log, line) && !log.eof();) {  // a line that has no end yet comes later
    read += static_cast<std::streamoff>(line.size()) + 1;
    const auto entry = nlohmann::json::parse(line, nullptr, false);
    if (entry.is_discarded() || value_at<std::string>(entry, {"user", "username"}) != kube::kFieldManager) continue;
    all.push_back(fmt::format("{} {} {}", value_at<std::string>(entry, {"verb"}),
                              value_at<std::string>(entry, {"objectRef", "resource"}),
                              value_at<std::string>(entry, {"objectRef", "name"})));
  }
  std::vector<std::string> requests;
  std::copy_if(all.begin(), all.end(), std::back_inserter(requests), [writes](const std::string& request) {
    const auto is = [&](std::string_view verb) { return request.starts_with(verb); };
    return !writes || !(is("get ") || is("list ") || is("watch "));
  });
  return requests;
}

}  // namespace support
