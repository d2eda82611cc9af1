#include "operator/controllers/realtimeapp/observe/observed.hpp"

#include "tests/support/catch.hpp"
#include "tests/support/yaml_object.hpp"

namespace {

controllers::ChildState deployment_with(const std::string& progressing) {
  return controllers::reduce_child(
      support::from_yaml("{metadata: {name: chat}, status: {conditions: [{type: Available}, " + progressing + "]}}"));
}

/// With a variable that both the operator and this manager have set.
controllers::ChildState set_by(const std::string& manager, const std::string& operation) {
  return controllers::reduce_child(
      support::from_yaml("metadata: {managedFields: [{manager: realtime-operator, operation: Apply, fieldsV1: {f:spec: "
                         "{f:a: {}, f:b: {}}}}, "
                         "{manager: " +
                         manager + ", operation: " + operation + ", fieldsV1: {f:spec: {f:b: {}, f:c: {}}}}]}"));
}

}  // namespace

TEST_CASE("Of a Deployment that makes no progress it is kept why", "[unit][controllers]") {
  const auto why = [](const std::string& progressing) { return deployment_with(progressing).stalled.text(); };
  CHECK(why("{type: Progressing, reason: ReplicaSetUpdated, message: a}").empty());
  CHECK(why("{type: Progressing, reason: ProgressDeadlineExceeded, message: too late}") == "too late");
  CHECK(why("{type: Progressing, reason: DeploymentPaused, message: Deployment is paused}") ==
        "Deployment \"chat\" is paused: resume it (`kubectl rollout resume deployment chat`)");
}

TEST_CASE("It is kept whether others set by updates what the operator applied", "[unit][controllers]") {
  CHECK(set_by("kubectl-edit", "Update").shares_fields);
  CHECK_FALSE(set_by("argocd-controller", "Apply").shares_fields);
}
