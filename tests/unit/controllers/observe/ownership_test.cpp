#include "operator/controllers/realtimeapp/observe/ownership.hpp"

#include "tests/support/catch.hpp"
#include "tests/support/sample_app.hpp"
#include "tests/support/yaml_object.hpp"

using controllers::Ownership;

namespace {

Ownership ownership(const std::string& metadata) {
  return controllers::ownership_of(support::from_yaml("metadata: " + metadata), support::sample_app());
}

}  // namespace

TEST_CASE("A child is known by its controller, or by the uid it was made for", "[unit][controllers]") {
  const std::string made_for = "annotations: {realtimeoperator.dev/app-uid: uid-of-chat}";
  const auto controlled_by = [](const std::string& kind, const std::string& name, const std::string& uid) {
    return "ownerReferences: [{controller: true, kind: " + kind + ", name: " + name + ", uid: " + uid + "}]";
  };
  CHECK(ownership("{" + controlled_by("RealtimeApp", "chat", "uid-of-chat") + "}") == Ownership::kOurs);
  CHECK(ownership("{" + made_for + "}") == Ownership::kOurs);
  CHECK(ownership("{" + made_for + ", " + controlled_by("X", "y", "z") + "}") == Ownership::kMisowned);
  CHECK(ownership("{" + controlled_by("RealtimeApp", "chat", "uid-of-the-last-chat") + "}") == Ownership::kLeftover);
  CHECK(ownership("{" + controlled_by("RealtimeApp", "other", "uid-of-other") + "}") == Ownership::kForeign);
  CHECK(ownership("{" + controlled_by("Helm", "chat", "x") + "}") == Ownership::kForeign);
  CHECK(ownership("{labels: {app: legacy}}") == Ownership::kForeign);
  CHECK(ownership("{annotations: {realtimeoperator.dev/app-uid: uid-of-the-last-chat}}") == Ownership::kForeign);
  const std::string labels =
      "labels: {app.kubernetes.io/managed-by: realtime-operator, app.kubernetes.io/name: realtimeapp, "
      "app.kubernetes.io/instance: chat}";
  const std::string made_before = "annotations: {realtimeoperator.dev/app-uid: uid-of-the-last-chat}";
  CHECK(ownership("{" + labels + ", " + made_before + "}") == Ownership::kOrphaned);
  CHECK(ownership("{" + labels + ", " + made_before + ", " + controlled_by("X", "y", "z") + "}") ==
        Ownership::kForeign);
  CHECK(ownership("{" + labels + "}") == Ownership::kForeign);
}
