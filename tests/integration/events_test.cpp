// Events on a real API server: what is said again is counted, not said in another object.
#include <map>
#include <string>

#include "operator/runtime/event_recorder.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/json.hpp"
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
  const auto notes = [&] {
    std::map<std::string, nlohmann::json> found;
    for (const auto& event : events())
      if (const auto note = kube::value_at<std::string>(event.json(), {"note"}); note.size() < 10)
        found.emplace(note, support::json_of(event));
    return found;
  };
  const auto told = [&](const std::string& note, int times) {
    const auto found = notes();
    const auto event = found.find(note);
    return event != found.end() && support::value_at<int>(event->second, {"series", "count"}, 1) == times;
  };
  EventRecorder eager{world.client(), "test", std::chrono::milliseconds{0}};
  say(eager, "one");
  support::wait_for("the Event", [&] { return told("one", 1); });
  say(eager, "one");
  say(eager, "one");
  support::wait_for("it to count", [&] { return told("one", 3); });
  CHECK(notes().at("one")["regarding"]["name"] == "chat");
  say(eager, "another");
  support::wait_for("another Event", [&] { return told("another", 1); });

  {
    // What waits when a recorder ends is written still; what was said before is not said again.
    EventRecorder calm{world.client(), "test"};
    say(calm, "calm");
    say(calm, "calm");
  }
  CHECK(told("calm", 1));
  CHECK(notes().size() == 3);

  // One that another user deleted, or that has expired, is created again.
  for (const auto& event : events()) REQUIRE(world.client().remove(kube::types::kEvent, event.key(), event.uid(), {}));
  say(eager, "one");
  support::wait_for("a new Event", [&] { return told("one", 1); });
}
