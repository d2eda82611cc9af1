// What becomes of Events while the API server fails; on a real one: tests/integration/events_test.cpp.
#include "operator/runtime/event_recorder.hpp"

#include <atomic>

#include <fmt/format.h>

#include "tests/support/catch.hpp"
#include "tests/support/scripted_server.hpp"

using namespace std::chrono_literals;
using support::ScriptedReply;
using support::ScriptedRequest;
using Clock = std::chrono::steady_clock;

namespace {

struct RecorderScene {
  explicit RecorderScene(support::ScriptedServer::Script script) : server{std::move(script)} {}

  void record(int number) {
    recorder.emplace(client, "test");
    for (int i = 0; i < number; ++i)
      recorder->record({kube::types::kDeployment, {"ns", "chat"}, "uid"}, runtime::EventType::kNormal, "Created",
                       "Reconcile", fmt::format("note {}", i));
  }
  bool wait_for_requests(std::size_t count) {
    const auto end = Clock::now() + 20s;
    while (server.requests().size() < count && Clock::now() < end) std::this_thread::yield();
    return server.requests().size() == count;
  }

  support::ScriptedServer server;
  core::Metrics metrics;
  kube::Transport transport{{.server = server.url(), .ca = server.authority()}};
  kube::Client client{transport, metrics};
  std::optional<runtime::EventRecorder> recorder;
};

}  // namespace

TEST_CASE("Events go over one connection, which is kept", "[unit][runtime]") {
  RecorderScene scene{[](const ScriptedRequest& request, ScriptedReply& reply) { reply.answer(201, request.body); }};
  scene.record(20);
  REQUIRE(scene.wait_for_requests(20));
  for (const auto& request : scene.server.requests()) CHECK(request.connection == 1);
}

TEST_CASE("An API server that hangs holds up nobody who records an Event", "[unit][runtime]") {
  RecorderScene scene{[](const ScriptedRequest&, ScriptedReply& reply) { reply.hold(); }};
  const auto start = Clock::now();
  scene.record(static_cast<int>(runtime::EventRecorder::kMaxWaiting) + 10);  // the last have no room
  CHECK(scene.wait_for_requests(1));
  scene.recorder.reset();
  CHECK(Clock::now() - start < 10s);
}

TEST_CASE("An Event that cannot be written keeps none of the next from being written", "[unit][runtime]") {
  std::atomic<int> requests = 0;
  RecorderScene scene{[&](const ScriptedRequest& request, ScriptedReply& reply) {
    if (++requests == 1) return reply.answer(500, "{}");
    reply.answer(201, request.body);
  }};
  scene.record(3);
  CHECK(scene.wait_for_requests(3));
}
