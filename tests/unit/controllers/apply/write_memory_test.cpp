#include "operator/controllers/realtimeapp/apply/write_memory.hpp"

#include "operator/api/v1alpha1/conditions.hpp"
#include "operator/controllers/realtimeapp/apply/child_writer.hpp"
#include "tests/support/catch.hpp"

using controllers::ChildWriter;
using kube::ProjectionDigest;

namespace {

constexpr ProjectionDigest kWanted{1, 1};

/// A child that another manager changes each time it was corrected.
struct Fight {
  controllers::PlannedChild child{kube::types::kService, "chat", [] { return kube::Object{}; }};
  controllers::ChildState live;
  controllers::AppMemory memory;

  Fight() {
    child.digest = kWanted;
    live.other_manager = "meddler";
  }
  /// How often it is corrected until that is not worth another try.
  int corrections(const std::function<ProjectionDigest(int)>& state) {
    int count = 0;
    for (live.digest = state(0); !controllers::known_fight(child, &live, memory); live.digest = state(count)) {
      CHECK_FALSE(controllers::note_write(child, &live, true, child.digest, memory));
      if (++count > 10'000) break;
    }
    return count;
  }
};

}  // namespace

TEST_CASE("A StatefulSet that cannot be changed is to be deleted, and no other child is", "[unit][controllers]") {
  const core::Error error{
      core::ErrorKind::kInvalidObject,
      "spec: Forbidden: updates to statefulset spec for fields other than 'replicas' are forbidden"};
  const auto says = [&](const kube::ResourceType& type, const core::Error& refusal) {
    return controllers::refused({type, "chat-redis", [] { return kube::Object{}; }}, refusal).message;
  };
  CHECK_THAT(says(kube::types::kStatefulSet, error), Catch::Contains("`kubectl delete statefulset chat-redis`"));
  CHECK_THAT(says(kube::types::kStatefulSet, {error.kind, "spec.replicas: Invalid value: -1"}),
             !Catch::Contains("delete"));
  CHECK_THAT(says(kube::types::kService, error), !Catch::Contains("delete"));
}

TEST_CASE("A manager that changes a child back and back is named, and not fought for ever", "[unit][controllers]") {
  Fight fight;
  SECTION("to the same state each time") {
    CHECK(fight.corrections([](int) { return ProjectionDigest{2, 2}; }) == ChildWriter::kMaxCorrections);
    const auto problem = controllers::known_fight(fight.child, &fight.live, fight.memory);
    CHECK(problem->reason == api::reason::kNotConverging);
    CHECK_THAT(problem->message, Catch::Contains("field manager \"meddler\""));
  }
  SECTION("to two states in turn") {
    CHECK(fight.corrections([](int i) {
      return ProjectionDigest{2 + static_cast<std::uint64_t>(i % 2), 2};
    }) == ChildWriter::kMaxCorrectionsOfAnyState);
  }
  SECTION("to another state each time") {
    CHECK(fight.corrections([](int i) {
      return ProjectionDigest{2 + static_cast<std::uint64_t>(i), 2};
    }) == ChildWriter::kMaxCorrectionsOfAnyState);
  }
}

TEST_CASE("A fight is tried again with another spec, and after some minutes", "[unit][controllers]") {
  Fight fight;
  const auto same = [](int) { return ProjectionDigest{2, 2}; };
  REQUIRE(fight.corrections(same) == ChildWriter::kMaxCorrections);
  SECTION("another spec") { fight.child.digest = {9, 9}; }
  SECTION("some minutes") { fight.memory.writes.at(fight.child.id()).retry_at = {}; }
  CHECK(fight.corrections(same) == ChildWriter::kMaxCorrections);
}

TEST_CASE("A child that came out other than it was asked for is not written again at once", "[unit][controllers]") {
  Fight fight;
  const ProjectionDigest changed{3, 3};
  const auto problem = controllers::note_write(fight.child, nullptr, false, changed, fight.memory);
  CHECK(problem->reason == api::reason::kNotConverging);
  fight.live.digest = changed;
  CHECK(controllers::known_fight(fight.child, &fight.live, fight.memory));
  fight.live.digest = {4, 4};  // somebody has changed it since
  CHECK_FALSE(controllers::known_fight(fight.child, &fight.live, fight.memory));
}

TEST_CASE("What comes out as asked is not remembered", "[unit][controllers]") {
  Fight fight;
  CHECK_FALSE(controllers::note_write(fight.child, nullptr, false, kWanted, fight.memory));
  CHECK(fight.memory.writes.empty());
}

TEST_CASE("A child that is deleted again and again is named, and not created for ever", "[unit][controllers]") {
  Fight fight;
  int count = 0;
  for (; !controllers::known_fight(fight.child, nullptr, fight.memory) && count < 100; ++count)
    CHECK_FALSE(controllers::note_write(fight.child, nullptr, true, kWanted, fight.memory));
  CHECK(count == ChildWriter::kMaxCorrections);
  const auto problem = controllers::known_fight(fight.child, nullptr, fight.memory);
  CHECK(problem->reason == api::reason::kNotConverging);
  CHECK_THAT(problem->message, Catch::Contains("another controller deletes it"));
  fight.live.digest = kWanted;
  CHECK_FALSE(controllers::known_fight(fight.child, &fight.live, fight.memory));  // somebody has made it meanwhile
}
