// That what is watched costs connections, not threads.
#include "operator/runtime/reflector_threads.hpp"

#include <filesystem>
#include <mutex>
#include <set>

#include <fmt/format.h>

#include "operator/runtime/reflector.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/reflector_scene.hpp"

using scenes::Versions;

namespace {

std::ptrdiff_t threads_here() {
  return std::distance(std::filesystem::directory_iterator{"/proc/self/task"}, std::filesystem::directory_iterator{});
}

std::unique_ptr<runtime::ReflectorTarget> target(Versions& store, const std::string& name_space) {
  return std::make_unique<runtime::StoreTarget<std::string>>(
      store, name_space, [](const kube::ObjectView& object) { return object.resource_version(); });
}

}  // namespace

TEST_CASE("Eleven kinds in a hundred namespaces are watched by a few threads", "[unit][runtime]") {
  core::Metrics metrics;
  kube::Transport transport{{.server = "http://127.0.0.1:1"}};
  kube::Client client{transport, metrics};
  Versions store;
  const auto before = threads_here();
  runtime::ReflectorThreads threads;
  std::vector<std::unique_ptr<runtime::Reflector>> reflectors;
  for (int i = 0; i < 1100; ++i) {
    const auto name = fmt::format("n-{}", i);
    reflectors.push_back(std::make_unique<runtime::Reflector>(threads, client, kube::types::kService,
                                                              kube::Selection{name, ""}, target(store, name)));
    reflectors.back()->start();
  }
  CHECK(threads_here() - before <= 4);
}

TEST_CASE("Namespaces in which nothing is answered hold up no other", "[unit][runtime]") {
  static constexpr int kSilent = 20;
  std::mutex mutex;
  std::set<std::string> held;
  support::ScriptedServer server{[&](const support::ScriptedRequest& request, support::ScriptedReply& reply) {
    if (request.target.find("/namespaces/silent") != std::string::npos) {
      {
        const std::lock_guard lock{mutex};
        held.insert(request.target);
      }
      reply.hold();
      return;
    }
    if (scenes::kind_of(request) == scenes::Request::kPage) {
      reply.answer(200, scenes::list("5", {}));
    } else {
      reply.answer(422, R"({"message": "no"})");
    }
  }};
  core::Metrics metrics;
  kube::Transport transport{{.server = server.url(), .ca = server.authority()}};
  kube::Client client{transport, metrics};
  Versions store;
  runtime::ReflectorThreads threads;
  std::vector<std::unique_ptr<runtime::Reflector>> reflectors;
  const auto watch = [&](const std::string& name) {
    reflectors.push_back(std::make_unique<runtime::Reflector>(threads, client, kube::types::kService,
                                                              kube::Selection{name, ""}, target(store, name)));
    reflectors.back()->start();
  };
  for (int i = 0; i < kSilent; ++i) watch(fmt::format("silent-{}", i));
  REQUIRE(scenes::until([&] {
    const std::lock_guard lock{mutex};
    return held.size() == kSilent;
  }));
  watch("lively");
  CHECK(scenes::until([&] { return reflectors.back()->synced(); }));
}
