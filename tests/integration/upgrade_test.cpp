// An upgrade from the operator of commit 2b1a017 restarts nothing: today's operator finds what that one wrote, kept in
// upgrade_from_2b1a017/. On a real API server; tests/platform/test_long_upgrade.py runs that operator itself.
#include <fstream>
#include <sstream>

#include <fmt/format.h>

#include "core/digest.hpp"
#include "operator/controllers/realtimeapp/observe/secrets.hpp"
#include "operator/kube/config.hpp"
#include "operator/kube/transport.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/json.hpp"
#include "tests/support/operator_process.hpp"
#include "tests/support/world.hpp"
#include "tests/support/yaml_object.hpp"

using nlohmann::json;
using support::wait_for;
namespace types = kube::types;

namespace {

std::string fill_in(std::string text, const std::string& placeholder, const std::string& value) {
  for (auto at = text.find(placeholder); at != std::string::npos; at = text.find(placeholder, at + value.size()))
    text.replace(at, placeholder.size(), value);
  return text;
}

/// One of the files, with the namespace and the uid of the test's app.
json kept(const std::string& name, const std::string& name_space, const std::string& uid) {
  std::ifstream file{support::project_root() / "tests/integration/upgrade_from_2b1a017" / (name + ".yaml")};
  REQUIRE(file);
  std::ostringstream text;
  text << file.rdbuf();
  return support::to_json(YAML::Load(fill_in(fill_in(text.str(), "$NAMESPACE", name_space), "$UID", uid)));
}

template <class T>
void require(const core::Result<T>& result) {
  INFO((result ? "" : result.error().message));
  REQUIRE(result);
}

/// Writes it with the requests of that operator, whose field manager is the client's still.
void write_as_then(support::World& world, const json& app) {
  auto& client = world.client();
  const auto password = app["password"].get<std::string>();
  auto secret = app["secret"];
  secret["type"] = "Opaque";
  secret["data"] = {
      {"password", core::base64_encode(password)},
      {"url", core::base64_encode("redis://:" + password + "@chat-redis." + world.name_space() + ".svc:6379/0")},
      {"redis.conf", core::base64_encode("requirepass " + password + "\n")}};
  require(client.create(types::kSecret, support::object_of(secret), {}));
  require(client.apply(types::kSecret, support::object_of(app["secret"]), {}));
  for (const auto& child : app["children"]) {
    const auto object = support::object_of(child);
    INFO(child["kind"] << " " << object.name());
    const auto place = controllers::child_type_index(child["kind"].get<std::string>());
    require(client.apply(controllers::kChildTypes.at(place), object, {}));
  }
  const json status{{"apiVersion", api::kRealtimeApp.api_version()},
                    {"kind", api::kRealtimeApp.kind},
                    {"metadata", {{"name", "chat"}, {"namespace", world.name_space()}}},
                    {"status", app["status"]}};
  kube::Transport transport{*kube::load_kubeconfig(support::environment("OPERATOR_KUBECONFIG"))};
  const auto path = api::kRealtimeApp.path(world.name_space(), "chat") + "/status";
  const auto applied =
      transport.send({.method = "PATCH",
                      .target = fmt::format("{}?fieldManager={}&force=true", path, kube::kFieldManager),
                      .content_type = "application/apply-patch+yaml",
                      .body = status.dump()},
                     {});
  require(applied);
  REQUIRE(applied->status == 200);
}

struct Workload {
  std::int64_t generation = 0;
  json pod;
};

Workload workload(support::World& world, const kube::ResourceType& type, const std::string& name) {
  const auto live = world.get(type, name);
  return {live.generation(), support::json_of(live)["spec"]["template"]};
}

void check_untouched(const Workload& now, const Workload& before) {
  CHECK(now.generation == before.generation);
  CHECK(json::diff(before.pod, now.pod).dump(2) == "[]");
}

/// The digest of the password that its pods carry.
std::string carried(support::World& world, const kube::ResourceType& type, const std::string& name) {
  return workload(world, type, name).pod["metadata"]["annotations"][std::string{api::annotation::kRedisCredentials}];
}

json secret_data(support::World& world) { return support::json_of(world.get(types::kSecret, "chat-redis"))["data"]; }

/// Until a reconcile that begins after now is past both workloads: the one that restores what comes after them.
void wait_until_visited(support::World& world) {
  const auto budget = world.get(types::kPodDisruptionBudget, "chat");
  require(world.client().remove(types::kPodDisruptionBudget, budget.key(), budget.uid(), {}));
  wait_for("the PodDisruptionBudget", [&] { return world.exists(types::kPodDisruptionBudget, "chat"); });
}

}  // namespace

TEST_CASE("An upgrade from commit 2b1a017 restarts nothing, and keys the digest when pods are replaced",
          "[integration]") {
  const std::string name = GENERATE(as<std::string>{}, "server", "own-image", "own-image-full");
  INFO(name);
  support::World world;
  world.apply_app("chat", kept(name, world.name_space(), "")["spec"].dump());
  const auto app = kept(name, world.name_space(), world.get(api::kRealtimeApp, "chat").uid());
  write_as_then(world, app);
  const auto deployment = workload(world, types::kDeployment, "chat");
  const auto redis = workload(world, types::kStatefulSet, "chat-redis");
  const auto plain = carried(world, types::kDeployment, "chat");
  const auto secret = secret_data(world);

  const support::OperatorProcess process;
  wait_for("today's status", [&] { return world.condition("chat", "Ready") != "True/FleetReady"; });
  wait_for("the key of the digest", [&] { return secret_data(world).contains("digest.key"); });
  // The Secret has its key now, which alone has to change nothing.
  wait_until_visited(world);
  CHECK(world.app("chat").status.observed_generation == world.app("chat").generation);
  check_untouched(workload(world, types::kDeployment, "chat"), deployment);
  check_untouched(workload(world, types::kStatefulSet, "chat-redis"), redis);
  const auto data = secret_data(world);
  for (const auto& [key, value] : secret.items()) CHECK(data[key] == value);

  const auto keyed = controllers::credentials_digest(core::base64_decode(data["digest.key"].get<std::string>()).value(),
                                                     data["password"]);
  auto spec = app["spec"];
  spec["drain"]["deadline"] = "20s";
  world.apply_app("chat", spec.dump());
  wait_for("the replicas to be replaced", [&] { return carried(world, types::kDeployment, "chat") == keyed; });
  CHECK(carried(world, types::kStatefulSet, "chat-redis") == plain);
  check_untouched(workload(world, types::kStatefulSet, "chat-redis"), redis);
  spec["redis"]["provisioned"]["resources"]["requests"]["memory"] = "64Mi";
  world.apply_app("chat", spec.dump());
  wait_for("Redis to be replaced", [&] { return carried(world, types::kStatefulSet, "chat-redis") == keyed; });
}
