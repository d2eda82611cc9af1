#include "operator/controllers/realtimeapp/diagnosis/pod_diagnosis.hpp"

#include <boost/json/serialize.hpp>

#include "core/utf8.hpp"
#include "operator/api/v1alpha1/conditions.hpp"
#include "operator/controllers/realtimeapp/diagnosis/termination_messages.hpp"
#include "operator/controllers/realtimeapp/observe/pod_diagnoses.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/json.hpp"
#include "tests/support/sample_app.hpp"

using controllers::diagnose_pod;
using nlohmann::json;

namespace {

/// A pod of the app "chat" whose one container has this status.
kube::Object pod_with(json container, const std::string& name = "chat-1", const std::string& name_space = "default") {
  container["name"] = container.value("name", "app");
  container["image"] = "chat:1";
  return support::object_of(
      {{"metadata",
        {{"name", name},
         {"namespace", name_space},
         {"labels", {{"app.kubernetes.io/instance", "chat"}, {"app.kubernetes.io/component", "app"}}}}},
       {"spec",
        {{"terminationGracePeriodSeconds", 30},
         {"containers", json::array({{{"name", "app"},
                                      {"startupProbe",
                                       {{"periodSeconds", 1}, {"timeoutSeconds", 5}, {"failureThreshold", 120}}}}})}}},
       {"status", {{"phase", "Pending"}, {"containerStatuses", json::array({std::move(container)})}}}});
}

json waiting(const std::string& reason, const std::string& message = "") {
  return {{"ready", false}, {"state", {{"waiting", {{"reason", reason}, {"message", message}}}}}};
}

json ended(int code, const std::string& message, int restarts, const std::string& reason = "Error") {
  return {{"ready", false},
          {"started", false},
          {"restartCount", restarts},
          {"state", {{"waiting", {{"reason", "CrashLoopBackOff"}}}}},
          {"lastState", {{"terminated", {{"exitCode", code}, {"reason", reason}, {"message", message}}}}}};
}

/// Stopped by a signal after a time that begins at midnight.
json stopped(const std::string& finished) {
  auto status = ended(137, "", 1);
  auto& run = status["lastState"]["terminated"];
  run["startedAt"] = "2026-11-30T00:00:00Z";
  run["finishedAt"] = finished;
  return status;
}

struct Case {
  json status;
  std::string_view reason;
  std::string words;
};

}  // namespace

TEST_CASE("What keeps a pod from running is named with the pod and what to change", "[unit][controllers]") {
  const auto cases = std::vector<Case>{
      {waiting("ErrImagePull", "failed to resolve reference \"r/chat:1\": r/chat:1: not found"), "ImagePullFailed",
       "cannot pull image \"chat:1\": the registry does not have it"},
      {waiting("ImagePullBackOff", "Back-off pulling image: ErrImagePull: pull access denied, authorization failed"),
       "ImagePullFailed", "imagePullSecrets"},
      {waiting("ImagePullBackOff", "something else"), "ImagePullFailed", "see Events in `kubectl describe pod chat-1`"},
      {waiting("InvalidImageName", "couldn't parse image name"), "ImagePullFailed", "not a valid image name"},
      {waiting("CreateContainerConfigError", "secret \"keys\" not found"), "ReferenceNotFound",
       "secret \"keys\" not found"},
      {waiting("CreateContainerConfigError", "couldn't find key k in Secret default/keys"), "ReferenceNotFound",
       "couldn't find key k"},
      {waiting("CreateContainerConfigError", "container has runAsNonRoot and image will run as root"),
       "ContainerRefused", "will run as root"},
      {waiting("RunContainerError", "exec: \"serve\": executable file not found in $PATH"), "ContainerRefused",
       "executable file not found"},
      {ended(1, "ModuleNotFoundError: No module named 'flask'", 1), "ContainerCrashing",
       "container app of pod \"chat-1\" exited with code 1: a Python module is missing"},
      {ended(2, "/etc/x.yaml:1:1: limits.maxSessions is unknown; did you mean maxConnections?", 1), "ContainerCrashing",
       "set server.image to one that does"},
      {ended(1, "the password is hunter2", 1), "ContainerCrashing", "`kubectl logs chat-1 -c app --previous`"},
      {ended(137, "", 1, "OOMKilled"), "OutOfMemory", "increase resources.limits.memory"},
      {ended(137, "", 1), "ProbeFailed", "listen on 0.0.0.0:$PORT"},
      {stopped("2026-11-30T00:02:30Z"), "ProbeFailed", "listen on 0.0.0.0:$PORT"},
      {stopped("2026-11-30T03:00:00Z"), "ContainerCrashing", "exited with code 137"},
      {stopped("0001-01-01T00:00:00Z"), "ProbeFailed", "listen on"},
      {ended(128, "exec: \"serve\": executable file not found in $PATH", 1, "StartError"), "ContainerRefused",
       "executable file not found"},
  };
  for (const auto& [status, reason, words] : cases) {
    INFO(status.dump());
    const auto diagnosis = diagnose_pod(pod_with(status));
    REQUIRE(diagnosis);
    CHECK(diagnosis->reason == reason);
    CHECK_THAT(diagnosis->message, Catch::Contains(words));
    CHECK_THAT(diagnosis->message, Catch::Contains("chat-1"));
    CHECK_THAT(diagnosis->message, !Catch::Contains("hunter2"));
    CHECK(diagnosis->component == "app");
    CHECK(api::reason::find(diagnosis->reason)->warns);
  }
}

TEST_CASE("What a node says is quoted in whole characters, and can be written", "[unit][controllers]") {
  const auto [words, quoted] = GENERATE(table<std::string, std::string>(
      {{std::string(299, 'x') + "\u00e9\u00e9", std::string(299, 'x')},
       {std::string(298, 'x') + "\u8a9e\u8a9e", std::string(298, 'x')},
       {std::string(297, 'x') + "\U0001f680\U0001f680", std::string(297, 'x')},
       {std::string(296, 'x') + "\U0001f680\U0001f680", std::string(296, 'x') + "\U0001f680"},
       {std::string(10, 'x') + "\xff\xe2\x82 of\nnode", std::string(10, 'x') + "\ufffd\ufffd of node"},
       {std::string(299, 'x') + "\xff\xff", std::string(299, 'x')}}));
  const auto pod = pod_with(waiting("CreateContainerError", words));
  const auto diagnosis = diagnose_pod(pod);
  REQUIRE(diagnosis);
  CHECK(diagnosis->message == "pod \"chat-1\" cannot start: " + quoted + "; correct command, args or the image");

  auto observed = support::healthy_observed();
  support::add_child(observed, "Deployment", "chat", 2);
  observed.pod_diagnoses.emplace("chat-1", *diagnosis);
  const auto app = support::sample_app();
  const auto status = api::encode_status(app, support::assess(app, observed));
  const std::string text = boost::json::serialize(status.json());  // which takes the bytes as they are
  CHECK(core::is_utf8(text));
  CHECK_THAT(text, Catch::Contains(quoted));
}

TEST_CASE("A container that ended once needs no action of a user", "[unit][controllers]") {
  CHECK_FALSE(diagnose_pod(pod_with(ended(1, "", 1)))->needs_user_action);
  CHECK(diagnose_pod(pod_with(ended(1, "", 2)))->needs_user_action);
}

TEST_CASE("What ended before a container was ready is no reason of what it is now", "[unit][controllers]") {
  const auto unready_since = [](const char* since) {
    auto pod = pod_with({{"ready", false},
                         {"restartCount", 2},
                         {"state", {{"running", {{"startedAt", "2026-01-02T10:00:00Z"}}}}},
                         {"lastState", {{"terminated", {{"exitCode", 255}}}}}});
    support::edit(pod, [&](json& edited) {
      edited["status"]["conditions"] =
          json::array({{{"type", "ContainersReady"}, {"status", "False"}, {"lastTransitionTime", since}}});
    });
    return diagnose_pod(pod);
  };
  CHECK_FALSE(unready_since("2026-03-01T00:00:00Z"));
  CHECK(unready_since("2026-01-02T09:59:59Z")->reason == "ContainerCrashing");
  CHECK(unready_since("2026-01-02T10:00:02Z")->reason == "ContainerCrashing");
}

TEST_CASE("A pod without a node, or without its volume, says so in the scheduler's words", "[unit][controllers]") {
  auto pod = pod_with(waiting("PodInitializing"));
  const auto with_words = [&](const std::string& words) {
    support::edit(pod, [&](json& edited) {
      edited["status"]["conditions"] = json::array(
          {{{"type", "PodScheduled"}, {"status", "False"}, {"reason", "Unschedulable"}, {"message", words}}});
    });
    return *diagnose_pod(pod);
  };
  const auto full = with_words("0/2 nodes are available: 2 Insufficient cpu.");
  CHECK(full.reason == "Unschedulable");
  CHECK_THAT(full.message, Catch::Contains("Insufficient cpu"));
  CHECK_FALSE(full.needs_user_action);
  CHECK(with_words("pod has unbound immediate PersistentVolumeClaims").reason == "VolumePending");
}

TEST_CASE("A pod that runs, starts, or is on its way out has no diagnosis", "[unit][controllers]") {
  CHECK_FALSE(diagnose_pod(pod_with({{"ready", true},
                                     {"state", {{"running", json::object()}}},
                                     {"lastState", {{"terminated", {{"exitCode", 1}}}}}})));
  CHECK_FALSE(diagnose_pod(pod_with(waiting("ContainerCreating"))));
  CHECK_FALSE(diagnose_pod(kube::Object{}));
  auto leaving = pod_with(waiting("ErrImagePull"));
  support::edit(leaving, [](auto& root) { root["metadata"]["deletionTimestamp"] = "2006-01-02T15:04:05Z"; });
  CHECK_FALSE(diagnose_pod(leaving));
  auto evicted = pod_with(ended(137, "", 1));
  support::edit(evicted, [](auto& root) { root["status"]["phase"] = "Failed"; });
  CHECK_FALSE(diagnose_pod(evicted));
}

TEST_CASE("Statuses of any shape are read without harm", "[unit][controllers]") {
  for (const auto* text :
       {R"({"status": 3})", R"({"status": {"containerStatuses": 3, "conditions": {}}})",
        R"({"status": {"containerStatuses": [null, 1, {"state": {"waiting": []}}]}})",
        R"({"status": {"containerStatuses": [{"lastState": {"terminated": {"exitCode": "x"}}}]}})"}) {
    INFO(text);
    CHECK_NOTHROW(diagnose_pod(*kube::Object::parse(text)));
  }
}

TEST_CASE("Diagnoses are kept while they hold, by app", "[unit][controllers]") {
  controllers::PodDiagnoses diagnoses;
  std::vector<std::string> changed;
  diagnoses.listen([&](const kube::ObjectKey& app) { changed.push_back(app.text()); });
  const auto all = diagnoses.target("");
  const kube::ObjectKey chat{"default", "chat"};
  all->begin_list();
  all->listed(pod_with(waiting("ErrImagePull")));
  all->listed(pod_with(waiting("ErrImagePull"), "chat-2"));
  all->listed(pod_with({{"ready", true}}, "chat-3"));
  all->end_list();
  CHECK(diagnoses.of(chat).size() == 2);
  CHECK(changed == std::vector<std::string>{"default/chat", "default/chat"});
  all->put(pod_with(waiting("ErrImagePull")));
  CHECK(changed.size() == 2);
  all->put(pod_with({{"ready", true}}));
  CHECK(diagnoses.of(chat).size() == 1);
  all->removed(pod_with(waiting("ErrImagePull"), "chat-2"));
  CHECK(diagnoses.of(chat).empty());
  CHECK(changed.size() == 4);

  SECTION("a pod that is relabelled is the other app's") {
    all->put(pod_with(waiting("ErrImagePull")));
    auto other = pod_with(waiting("ErrImagePull"));
    support::edit(other, [](auto& root) { root["metadata"]["labels"][std::string{api::label::kInstance}] = "shop"; });
    all->put(other);
    CHECK(diagnoses.of(chat).empty());
    CHECK(diagnoses.of({"default", "shop"}).size() == 1);
    CHECK(changed[changed.size() - 2] == "default/chat");
    CHECK(changed.back() == "default/shop");
  }
  SECTION("a list lacks what is gone, of its own namespace only") {
    const auto one = diagnoses.target("default");
    all->put(pod_with(waiting("ErrImagePull")));
    all->put(pod_with(waiting("ErrImagePull"), "chat-1", "other"));
    one->begin_list();
    one->end_list();
    CHECK(diagnoses.of(chat).empty());
    CHECK(diagnoses.of({"other", "chat"}).size() == 1);
  }
}
