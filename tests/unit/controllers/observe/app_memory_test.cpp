#include "operator/controllers/realtimeapp/observe/app_memory.hpp"

#include "tests/support/catch.hpp"

TEST_CASE("What is remembered of an app goes with it, and is not another's of its name", "[unit][controllers]") {
  controllers::AppMemories memories;
  const kube::ObjectKey key{"default", "chat"};
  memories.of(key, "first")->conflicts = 3;
  CHECK(memories.of(key, "first")->conflicts == 3);
  CHECK(memories.of({"other", "chat"}, "first")->conflicts == 0);
  SECTION("an app of the same name") {
    CHECK(memories.of(key, "second")->conflicts == 0);
    CHECK(memories.of(key, "first")->conflicts == 0);
  }
  SECTION("the same app, forgotten") {
    memories.forget(key);
    CHECK(memories.of(key, "first")->conflicts == 0);
  }
}
