// What the operator does not do: write when nothing changed.
#include <algorithm>
#include <fstream>
#include <map>
#include <utility>

#include <fmt/format.h>

#include "tests/support/catch.hpp"
#include "tests/support/json.hpp"
#include "tests/support/operator_process.hpp"
#include "tests/support/world.hpp"

using nlohmann::json;
using support::wait_for;

namespace {

void annotate(support::World& world, const std::string& value) {
  const json body{{"metadata", {{"annotations", {{"touched", value}}}}}};
  REQUIRE(world.patch(kube::types::kDeployment, "chat", "application/merge-patch+json", body) == 200);
}

/// Makes the operator reconcile without a reason to write, and waits until it has.
void reconcile_once_more(support::World& world, const support::OperatorProcess& process, int ready) {
  const auto before = process.reconciles();
  const json body{{"status", {{"observedGeneration", 1000 + ready}, {"conditions", json::array()}}}};
  REQUIRE(world.patch(kube::types::kDeployment, "chat", "application/merge-patch+json", body, "status") == 200);
  wait_for("a reconcile", [&] { return process.reconciles() > before; });
}

}  // namespace

TEST_CASE("A reconcile that changes nothing asks and writes nothing, and its log would show it",
          "[integration][quiet]") {
  const std::string spec = GENERATE(as<std::string>{}, support::kChatSpec, "{replicas: 3, server: {}}");
  support::World world;
  const support::OperatorProcess process;
  world.apply_app("chat", spec);
  world.wait_until_as_planned("chat");
  wait_for("the status", [&] { return world.condition("chat", "Ready") == "False/RedisNotReady"; });
  reconcile_once_more(world, process, 0);

  const auto before = support::audited(true).size();
  const auto requests = support::audited(false).size();
  for (int i = 1; i <= 5; ++i) {
    annotate(world, std::to_string(i));
    reconcile_once_more(world, process, i);
  }
  CHECK(support::audited(true).size() == before);
  CHECK(support::audited(false).size() == requests);

  const json drift{{"spec", {{"replicas", 9}}}};
  REQUIRE(world.patch(kube::types::kDeployment, "chat", "application/merge-patch+json", drift) == 200);
  world.wait_until_as_planned("chat");
  const auto after = support::audited(true);
  CHECK(after.size() > before);
  CHECK(std::count(after.begin() + static_cast<std::ptrdiff_t>(before), after.end(), "patch deployments chat") == 1);
}

TEST_CASE("A new app costs a request for each child, two for its status, and an Event", "[integration][quiet]") {
  const std::string spec = GENERATE(as<std::string>{}, support::kChatSpec, "{replicas: 3, server: {}}");
  support::World world;
  const auto before = support::audited(false).size();
  const support::OperatorProcess process;
  world.apply_app("chat", spec);
  world.wait_until_as_planned("chat");
  wait_for("the status", [&] { return world.condition("chat", "Ready") == "False/RedisNotReady"; });
  const auto requests = support::audited(false);
  std::map<std::string, int> counts;
  for (auto line = requests.begin() + static_cast<std::ptrdiff_t>(before); line != requests.end(); ++line)
    if (!line->starts_with("list ") && !line->starts_with("watch ") && line->find(" leases ") == std::string::npos)
      ++counts[line->find(" events ") == std::string::npos ? *line : line->substr(0, line->find(" events ") + 7)];

  std::map<std::string, int> wanted{{"create secrets chat-redis", 1}};
  for (const auto& child : world.planned("chat")) wanted[fmt::format("patch {} {}", child.type.plural, child.name)] = 1;
  CHECK(std::exchange(counts["patch realtimeapps chat"], 0) <= 2);
  CHECK(std::exchange(counts["create events"], 0) <= 1);
  std::erase_if(counts, [](const auto& count) { return count.second == 0; });
  CHECK(counts == wanted);
}

TEST_CASE("Of what others have in the cluster the operator asks for nothing", "[integration][quiet]") {
  support::World world;
  const support::OperatorProcess process;
  int looks = 0;
  std::ifstream log{support::environment("AUDIT_LOG")};
  for (std::string line; std::getline(log, line);) {
    const auto entry = json::parse(line, nullptr, false);
    const auto text = [&](const char* field, const char* inner = nullptr) {
      return inner == nullptr ? support::value_at<std::string>(entry, {field})
                              : support::value_at<std::string>(entry, {field, inner});
    };
    if (text("user", "username") != kube::kFieldManager || (text("verb") != "list" && text("verb") != "watch"))
      continue;
    const auto resource = text("objectRef", "resource");
    if (resource == "realtimeapps" || resource == "ingressclasses" || resource == "leases") continue;
    INFO(text("requestURI"));
    CHECK(resource != "secrets");
    // Events are listed of one object alone.
    CHECK((text("requestURI").find("labelSelector=app.kubernetes.io%2Fmanaged-by%3Drealtime-operator") !=
               std::string::npos ||
           (resource == "events" && text("requestURI").find("regarding.uid%3D") != std::string::npos)));
    ++looks;
  }
  CHECK(looks > 8);
}

TEST_CASE("An operator that starts again writes nothing where all is as it should be", "[integration][quiet]") {
  support::World world;
  {
    const support::OperatorProcess first;
    world.apply_app("chat", support::kChatSpec);
    world.wait_until_as_planned("chat");
    wait_for("the status", [&] { return world.condition("chat", "Ready") == "False/RedisNotReady"; });
  }
  const auto before = support::audited(true).size();
  const support::OperatorProcess second;
  wait_for("a reconcile", [&] { return second.reconciles() > 0; });
  reconcile_once_more(world, second, 0);
  CHECK(support::audited(true).size() == before);
}
