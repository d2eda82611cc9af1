#include "operator/runtime/lease.hpp"

#include "tests/support/catch.hpp"

using namespace std::chrono_literals;
using runtime::LeaseObservation;
using runtime::LeaseRecord;

namespace {

const LeaseRecord kHeld{"a_1", 15s, "2026-01-01T00:00:00.000000Z", "2026-01-01T00:00:10.000000Z", 3};

}  // namespace

TEST_CASE("A lease says the same after a round trip", "[unit][runtime]") {
  const auto object = kHeld.to_object({"system", "lease"}, "17");
  CHECK(object.key() == kube::ObjectKey{"system", "lease"});
  CHECK(object.resource_version() == "17");
  CHECK(LeaseRecord::of(object) == kHeld);
  CHECK(kHeld.to_object({"system", "lease"}, "").resource_version().empty());
}

TEST_CASE("A lease that says nothing is nobody's", "[unit][runtime]") {
  for (const auto* text : {"{}", R"({"spec":null})", R"({"spec":{"holderIdentity":null,"leaseDurationSeconds":"x"}})"})
    CHECK(LeaseRecord::of(*kube::Object::parse(text)) == LeaseRecord{});
}

TEST_CASE("A lease is free when it has not changed for its duration, whatever its times say", "[unit][runtime]") {
  LeaseObservation observation;
  const LeaseObservation::Clock::time_point start{1h};
  observation.see(kHeld, start);
  CHECK(observation.free_at() == start + 15s);
  observation.see(kHeld, start + 14s);
  CHECK(observation.free_at() == start + 15s);
  auto renewed = kHeld;
  renewed.renewed = "1999-01-01T00:00:00.000000Z";
  observation.see(renewed, start + 14s);
  CHECK(observation.free_at() == start + 29s);
  auto released = renewed;
  released.holder.clear();
  observation.see(released, start + 14s);
  CHECK(observation.free_at() < start);
}
