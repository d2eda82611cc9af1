// Of several operators one works, and another one takes its place when it stops, dies or is cut off.
#include <algorithm>
#include <csignal>
#include <memory>

#include <fmt/format.h>

#include "tests/support/catch.hpp"
#include "tests/support/operator_process.hpp"
#include "tests/support/world.hpp"

using support::kChatSpec;
using support::OperatorProcess;
using support::wait_for;
namespace types = kube::types;

namespace {

/// Two operators that compete for a Lease in the world's namespace, with a lease of five seconds.
struct Pair {
  explicit Pair(const support::World& world) : flags{flags_of(world)} {
    first = std::make_unique<OperatorProcess>(flags);
    wait_for("the first to lead", [&] { return leads(*first); });
    const auto before = looks();
    second = std::make_unique<OperatorProcess>(flags);
    wait_for("the second to have seen that", [&] { return looks() > before; });
  }

  static std::vector<std::string> flags_of(const support::World& world) {
    return {"--leader-elect", "--leader-elect-resource-namespace=" + world.name_space(),
            "--leader-elect-lease-duration=5s", "--leader-elect-renew-deadline=3s", "--leader-elect-retry-period=1s"};
  }
  /// How often the Lease was looked at, which renewals do not.
  static std::ptrdiff_t looks() {
    const auto requests = support::audited(false);
    return std::count(requests.begin(), requests.end(), "get leases realtime-operator");
  }
  static bool leads(const OperatorProcess& process) {
    return process.metric(R"(leader_election_master_status{name="realtime-operator"})") == 1;
  }

  std::vector<std::string> flags;
  std::unique_ptr<OperatorProcess> first;
  std::unique_ptr<OperatorProcess> second;
};

std::string holder(support::World& world) {
  return kube::value_at<std::string>(world.get(types::kLease, "realtime-operator").json(), {"spec", "holderIdentity"});
}

}  // namespace

TEST_CASE("Of two operators one works, the other is ready to", "[integration]") {
  support::World world;
  const Pair pair{world};
  world.apply_app("chat", kChatSpec);
  world.wait_until_as_planned("chat");
  CHECK(Pair::leads(*pair.first));
  CHECK_FALSE(Pair::leads(*pair.second));
  CHECK(pair.second->reconciles() == 0);
}

TEST_CASE("An operator that stops gives its place away at once", "[integration]") {
  support::World world;
  Pair pair{world};
  const auto before = holder(world);
  pair.first->signal(SIGTERM);
  CHECK(pair.first->wait_for_end() == 0);
  wait_for(
      "the second to lead", [&] { return Pair::leads(*pair.second); }, std::chrono::seconds{2});
  CHECK(holder(world) != before);
  world.apply_app("chat", kChatSpec);
  world.wait_until_as_planned("chat");
}

TEST_CASE("An operator that dies is replaced when its lease has expired, not sooner", "[integration]") {
  support::World world;
  Pair pair{world};
  pair.first->signal(SIGKILL);
  CHECK(pair.first->wait_for_end() == 128 + SIGKILL);
  const auto died = std::chrono::steady_clock::now();
  wait_for(
      "the second to lead", [&] { return Pair::leads(*pair.second); }, std::chrono::seconds{7});
  CHECK(std::chrono::steady_clock::now() - died > std::chrono::seconds{3});
  world.apply_app("chat", kChatSpec);
  world.wait_until_as_planned("chat");
}

TEST_CASE("An operator that was away for longer than its lease exits", "[integration]") {
  support::World world;
  Pair pair{world};
  pair.first->signal(SIGSTOP);
  wait_for("the second to lead", [&] { return Pair::leads(*pair.second); });
  pair.first->signal(SIGCONT);
  CHECK(pair.first->wait_for_end() == 3);
  CHECK(Pair::leads(*pair.second));
}

TEST_CASE("An operator exits when another one takes its lease", "[integration]") {
  support::World world;
  Pair pair{world};
  REQUIRE(world.patch(types::kLease, "realtime-operator", "application/merge-patch+json",
                      {{"spec", {{"holderIdentity", "somebody"}}}}) == 200);
  CHECK(pair.first->wait_for_end() == 3);
  wait_for("the second to lead", [&] { return Pair::leads(*pair.second); });
}

TEST_CASE("A lease that is deleted or touched is kept all the same", "[integration]") {
  support::World world;
  const Pair pair{world};
  const auto before = holder(world);
  SECTION("deleted") {
    const auto uid = world.get(types::kLease, "realtime-operator").uid();
    REQUIRE(world.client().remove(types::kLease, {world.name_space(), "realtime-operator"}, uid, {}));
    wait_for("it to be there again", [&] { return world.exists(types::kLease, "realtime-operator"); });
    CHECK(holder(world) == before);
  }
  SECTION("touched") {
    REQUIRE(world.patch(types::kLease, "realtime-operator", "application/merge-patch+json",
                        {{"metadata", {{"annotations", {{"a", "b"}}}}}}) == 200);
    const auto version = world.get(types::kLease, "realtime-operator").resource_version();
    wait_for("it to be renewed",
             [&] { return world.get(types::kLease, "realtime-operator").resource_version() != version; });
    CHECK(holder(world) == before);
  }
  CHECK(Pair::leads(*pair.first));
  CHECK_FALSE(Pair::leads(*pair.second));
}

TEST_CASE("Two operators that start together agree", "[integration]") {
  support::World world;
  const auto flags = Pair::flags_of(world);
  const OperatorProcess first{flags};
  const OperatorProcess second{flags};
  wait_for("one to lead", [&] { return Pair::leads(first) || Pair::leads(second); });
  CHECK(Pair::leads(first) != Pair::leads(second));
}
