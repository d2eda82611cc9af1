// Events on a real API server: what is said again is counted, not said in another object.
#include "operator/runtime/event_recorder.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/world.hpp"

using runtime::EventRecorder;

TEST_CASE("The same words about the same object are one Event that counts", "[integration][events]") {
  support::World world;
  world.apply_app("chat", "{server: {}}");
  const runtime::EventTarget target{api::kRealtimeApp, {world.name_space(), "chat"}, world.app("chat").uid};
  const auto events = [&] {
    return world.client().list(kube::types::kEvent, kube::Selection{world.name_space()}, "", {})->items;
  };
  const auto say = [&](EventRecorder& recorder, const char* note) {
    recorder.record(target, runtime::EventType::kWarning, "ImagePullFailed", "Reconcile", note);
  };
  EventRecorder eager{world.client(), "test", std::chrono::milliseconds{0}};
  say(eager, "one");
  REQUIRE(events().size() == 1);
  CHECK_FALSE(events()[0].json().contains("series"));
  say(eager, "one");
  say(eager, "one");
  REQUIRE(events().size() == 1);
  CHECK(events()[0].json()["series"]["count"] == 3);
  CHECK(events()[0].json()["regarding"]["name"] == "chat");
  say(eager, "another");
  CHECK(events().size() == 2);

  EventRecorder calm{world.client(), "test"};
  say(calm, "calm");
  say(calm, "calm");
  CHECK(events().size() == 3);
  for (const auto& event : events())
    if (event.json()["note"] == "calm") CHECK_FALSE(event.json().contains("series"));

  // One that somebody deleted, or that has expired, is made anew.
  for (const auto& event : events()) REQUIRE(world.client().remove(kube::types::kEvent, event.key(), event.uid(), {}));
  say(eager, "one");
  CHECK(events().size() == 1);
}
