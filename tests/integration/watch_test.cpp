// Watches against a real API server: what ends them, and that a reflector's view is complete.
#include <optional>
#include <semaphore>

#include <fmt/format.h>

#include "operator/runtime/reflector.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/store_contents.hpp"
#include "tests/support/world.hpp"

using namespace std::chrono_literals;
namespace types = kube::types;

namespace {

long create_account(support::World& world, int number) {
  const auto name = fmt::format("account-{}", number);
  return world.create(types::kServiceAccount,
                      {{"apiVersion", "v1"}, {"kind", "ServiceAccount"}, {"metadata", {{"name", name}}}});
}

}  // namespace

TEST_CASE("A watch from a version that the server has forgotten is Gone", "[integration][watch]") {
  support::World world;
  // The server's memory of RealtimeApps begins with their CRD, which came after version 1.
  bool in_stream = false;
  std::counting_semaphore<> changed{0};
  const auto watch = world.client().begin_watch(
      api::kRealtimeApp, {}, {"1", 10s},
      [&](const kube::WatchEvent& event) {
        in_stream =
            event.type == kube::WatchEventType::kError && kube::value_at<int>(event.object.json(), {"code"}) == 410;
        return false;
      },
      [&] { changed.release(); }, {});
  REQUIRE(watch);
  std::optional<core::Result<void>> outcome;
  while (!(outcome = (*watch)())) REQUIRE(changed.try_acquire_for(20s));
  CHECK((in_stream || (!*outcome && outcome->error().kind == core::ErrorKind::kGone)));
}

TEST_CASE("A reflector has every object over several pages, sees what comes, and continues when its watch ends",
          "[integration][watch]") {
  support::World world;
  constexpr int kObjects = kube::Client::kPageSize + 20;
  for (int i = 0; i < kObjects; ++i) REQUIRE(create_account(world, i) == 201);
  runtime::Store<std::string> store;
  auto target = std::make_unique<runtime::StoreTarget<std::string>>(
      store, world.name_space(), [](const kube::ObjectView& object) { return object.uid(); });
  // A watch of one second ends many times during the test.
  runtime::ReflectorThreads threads;
  runtime::Reflector reflector{threads,           world.client(),   types::kServiceAccount, {world.name_space(), ""},
                               std::move(target), {10ms, 100ms, 1s}};
  reflector.start();
  support::wait_for("the first list", [&] { return reflector.synced(); });
  CHECK(support::contents(store).size() == kObjects);
  const auto started = std::chrono::steady_clock::now();
  int next = kObjects;
  while (std::chrono::steady_clock::now() - started < 3s) {
    REQUIRE(create_account(world, next) == 201);
    const kube::ObjectKey key{world.name_space(), fmt::format("account-{}", next++)};
    support::wait_for("a new object", [&] { return store.get(key).has_value(); });
    REQUIRE(world.client().remove(types::kServiceAccount, key, *store.get(key), {}));
    support::wait_for("a deleted object", [&] { return !store.get(key).has_value(); });
  }
  CHECK(support::contents(store).size() == kObjects);
}
