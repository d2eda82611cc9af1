// What comes of a write that the API server answers as a real one does only when it is overloaded or broken.
#include "operator/controllers/realtimeapp/apply/child_writer.hpp"

#include <fmt/format.h>

#include "operator/api/v1alpha1/conditions.hpp"
#include "operator/controllers/realtimeapp/observe/secrets.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/json.hpp"
#include "tests/support/sample_app.hpp"

namespace {

/// An API server whose every answer a test decides.
class Answering final : public kube::Transport {
 public:
  using Answer = std::function<kube::HttpResponse(const kube::HttpRequest&)>;
  explicit Answering(Answer answer) : Transport{{.server = "http://127.0.0.1:1"}}, answer_{std::move(answer)} {}

  core::Result<kube::HttpResponse> send(kube::HttpRequest request, const std::stop_token&) override {
    return answer_(request);
  }

 private:
  Answer answer_;
};

struct WriterScene {
  explicit WriterScene(Answering::Answer answer) : transport{std::move(answer)} {}

  controllers::Applied perform(const controllers::Observed& observed) {
    const auto plan = controllers::plan(app, observed);
    const auto later = controllers::ChildWriter::Clock::now() + std::chrono::minutes{1};
    return writer.perform(app, plan, observed, memory, later, {});
  }

  Answering transport;
  core::Metrics metrics;
  kube::Client client{transport, metrics};
  controllers::Caches caches;
  runtime::EventRecorder recorder{client, "test"};
  controllers::ChildWriter writer{client, caches, recorder, std::chrono::minutes{5}};
  controllers::AppMemory memory;
  api::RealtimeApp app = support::sample_app();
};

kube::HttpResponse status(long code, const std::string& reason) {
  return {code, R"({"kind": "Status", "message": "no", "reason": ")" + reason + "\"}", {}};
}

}  // namespace

TEST_CASE("A Secret of Redis that is refused is not asked for at once again", "[unit][controllers]") {
  const auto [code, reason] = GENERATE(std::pair{403L, "Forbidden"}, std::pair{422L, "Invalid"});
  WriterScene scene{[code = code, reason = reason](const kube::HttpRequest&) { return status(code, reason); }};
  auto observed = support::sample_observed();
  observed.redis_secret = {};
  observed.new_password = observed.new_digest_key = "made";
  const auto applied = scene.perform(observed);
  CHECK(applied.problems.at({"Secret", "chat-redis"}).reason == api::reason::kChildRefused);
  CHECK_FALSE(controllers::SecretReader::due_in(scene.app, scene.memory));
}

TEST_CASE("What a rollback left is taken over first, and no refusal of that keeps the child from its apply",
          "[unit][controllers]") {
  // Lost to others at each of three tries; or the pod template that is there is refused by an admission policy.
  const auto [code, reason, is_race] =
      GENERATE(table<long, std::string, bool>({{409, "Conflict", true}, {422, "Invalid", false}}));
  auto observed = support::healthy_observed();
  auto& deployment = observed.children.at({"Deployment", "chat"});
  deployment.rolled_back = true;
  int taken = 0;
  int applied_deployments = 0;
  WriterScene scene{[&, code = code, reason = reason](const kube::HttpRequest& request) -> kube::HttpResponse {
    if (request.body.starts_with("[")) {
      ++taken;
      return status(code, reason);
    }
    if (request.method != "GET") {
      applied_deployments += request.target.find("/deployments/") != std::string::npos ? 1 : 0;
      return {200, request.body, {}};
    }
    const auto fields = nlohmann::json::parse(
        R"({"f:spec": {"f:template": {"f:spec": {"f:containers": {"k:{\"name\":\"app\"}": {"f:stdin": {}}}}}}})");
    const nlohmann::json manager{{"manager", kube::kRollbackManager}, {"operation", "Update"}, {"fieldsV1", fields}};
    const nlohmann::json metadata{{"uid", deployment.uid.text()}, {"managedFields", nlohmann::json::array({manager})}};
    return {200, nlohmann::json{{"metadata", metadata}}.dump(), {}};
  }};
  const auto applied = scene.perform(observed);
  CHECK(taken == (is_race ? 3 : 1));
  CHECK(applied_deployments == (is_race ? 0 : 1));
  const auto& problem = applied.problems.at({"Deployment", "chat"});
  CHECK(problem.passing == is_race);
  CHECK(problem.reason == (is_race ? api::reason::kApplyFailed : api::reason::kChildRefused));
}

TEST_CASE("An Ingress that is in no cache gets its labels back, or is told of", "[unit][controllers]") {
  auto observed = support::healthy_observed();
  observed.is_ingress_uncached = true;
  observed.children.at({"Ingress", "chat"}).uid = "i";
  const bool is_allowed = GENERATE(true, false);
  const bool is_kept = GENERATE(true, false);  // else a webhook takes them away again
  int requests = 0;
  nlohmann::json sent;
  WriterScene scene{[&](const kube::HttpRequest& request) -> kube::HttpResponse {
    ++requests;
    sent = nlohmann::json::parse(request.body);
    nlohmann::json metadata{{"name", "chat"}, {"namespace", "default"}, {"resourceVersion", "7"}};
    if (is_kept) metadata["labels"] = sent["metadata"]["labels"];
    return is_allowed ? kube::HttpResponse{200, nlohmann::json{{"metadata", metadata}}.dump(), {}}
                      : status(403, "Forbidden");
  }};
  scene.writer.label_ingress(scene.app, observed, scene.memory, {});
  CHECK(sent["metadata"]["uid"] == "i");
  CHECK(sent["metadata"]["labels"]["app.kubernetes.io/managed-by"] == "realtime-operator");
  const bool is_labelled = is_allowed && is_kept;
  CHECK(observed.is_ingress_uncached != is_labelled);
  CHECK(observed.problem.has_value() != is_labelled);
  CHECK((scene.caches.of("Ingress").find({"default", "chat"}) != nullptr) == is_labelled);
  // Who takes them away each time is not fought without end.
  observed.is_ingress_uncached = true;
  scene.writer.label_ingress(scene.app, observed, scene.memory, {});
  CHECK(requests == 1);
  CHECK(observed.problem);
  // What is looked at again is not taken for gone.
  scene.caches.of("Ingress").remove({"default", "chat"});
  scene.caches.observe_children(scene.app, observed);
  CHECK(observed.child(kube::types::kIngress, "chat") != nullptr);
}

TEST_CASE("A child that was not found to be deleted is gone once a look says so", "[unit][controllers]") {
  const bool is_there = GENERATE(true, false);
  auto observed = support::healthy_observed();
  WriterScene scene{[&](const kube::HttpRequest& request) -> kube::HttpResponse {
    if (request.method == "DELETE") return status(404, "NotFound");
    if (request.method != "GET") return {200, request.body, {}};
    return is_there ? kube::HttpResponse{200, R"({"metadata": {"name": "chat", "namespace": "default"}})", {}}
                    : status(404, "NotFound");
  }};
  scene.app.spec.exposure.type = api::ExposureType::kNone;
  const kube::ObjectKey key{"default", "chat"};
  auto& ingresses = scene.caches.of("Ingress");
  ingresses.put(key, "1", observed.children.at({"Ingress", "chat"}));
  const auto applied = scene.perform(observed);
  CHECK(applied.failure->kind == core::ErrorKind::kConflict);
  CHECK_THAT(applied.problems.at({"Ingress", "chat"}).message, Catch::Contains("cannot be deleted, trying again"));
  CHECK((ingresses.find(key) != nullptr) == is_there);
}

TEST_CASE("A Secret that lacks the key of its digest, and cannot get it, is named", "[unit][controllers]") {
  WriterScene scene{[](const kube::HttpRequest&) { return status(500, "InternalError"); }};
  auto observed = support::healthy_observed();
  observed.redis_secret.credentials->digest_key.clear();
  observed.new_digest_key = "made";
  const auto applied = scene.perform(observed);
  CHECK(applied.problems.at({"Secret", "chat-redis"}).reason == api::reason::kApplyFailed);
}
