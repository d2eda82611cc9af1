// In which order the parts begin to work; with an elector: leader_elector_test.cpp.
#include "operator/runtime/manager.hpp"

#include <atomic>
#include <thread>

#include "tests/support/catch.hpp"
#include "tests/support/reflector_scene.hpp"

using scenes::event;
using scenes::object;
using support::ScriptedReply;
using support::ScriptedRequest;

TEST_CASE("A kind that the API server does not serve keeps nothing from working", "[unit][runtime]") {
  support::ScriptedServer server{[](const ScriptedRequest& request, ScriptedReply& reply) {
    if (request.target.find("/services") == std::string::npos) return reply.answer(404, "404 page not found\n");
    reply.begin_stream();
    reply.raw(event("ADDED", object("a", "1")) + event("BOOKMARK", scenes::kEndOfInitialEvents));
    reply.raw(event("MODIFIED", object("a", "6")));
    reply.hold();
  }};
  kube::Transport transport{{.server = server.url(), .ca = server.authority()}};
  core::Metrics metrics;
  kube::Client client{transport, metrics};
  const auto version_of = [](const kube::ObjectView& object) { return object.resource_version(); };
  scenes::Versions services;
  scenes::Versions classes;
  runtime::ReflectorThreads threads;
  runtime::Manager manager{threads, client, metrics, {}};
  manager.cache<std::string>(kube::types::kIngressClass, {}, classes, version_of);
  manager.cache<std::string>(kube::types::kService, {}, services, version_of);
  std::atomic<bool> works = false;
  auto& controller = manager.controller("test", 1, [&](const kube::ObjectKey&, const std::stop_token&) {
    works = true;
    return core::Result<runtime::Action>{runtime::Action::await_change()};
  });
  services.listen([&](const kube::ObjectKey& key, const std::string*, const std::string* after) {
    if (after != nullptr && *after == "6") controller.queue().add(key);
  });
  const std::jthread running{[&](const std::stop_token& stop) { manager.run(stop); }};
  REQUIRE(scenes::until([&] { return works.load(); }));
  CHECK(manager.synced());
  CHECK(services.get({"n", "a"}) == "6");
  CHECK_FALSE(classes.get({"", "a"}));
}
