// Every request of a reconcile, answered in every way that a cluster can: the app is never Ready at a generation whose
// children are not there, and all converges once the fault is over.
#include <atomic>
#include <cstdlib>
#include <iostream>
#include <semaphore>
#include <string_view>
#include <thread>

#include <fmt/format.h>

#include "operator/controllers/realtimeapp/reconciler.hpp"
#include "operator/kube/config.hpp"
#include "operator/runtime/manager.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/json.hpp"
#include "tests/support/world.hpp"

using nlohmann::json;
using support::wait_for;
namespace types = kube::types;

namespace {

struct Fault {
  const char* name;
  long status = 0;          // of the answer; 0: no answer
  const char* reason = "";  // in metav1.Status
  bool carried_out = false;
  bool truncated = false;
  core::ErrorKind kind = core::ErrorKind::kUnavailable;
  std::optional<std::chrono::milliseconds> retry_after = std::nullopt;
  bool is_refusal = false;  // which only a user can overcome
};

constexpr std::chrono::milliseconds kRetryAfter{50};
const std::array kFaults{
    Fault{.name = "403", .status = 403, .reason = "Forbidden", .is_refusal = true},
    Fault{"404", 404, "NotFound"},
    Fault{"409 Conflict", 409, "Conflict"},
    Fault{.name = "409 AlreadyExists", .status = 409, .reason = "AlreadyExists", .is_refusal = true},
    Fault{.name = "422", .status = 422, .reason = "Invalid", .is_refusal = true},
    Fault{"429 with Retry-After", 429, "TooManyRequests", false, false, core::ErrorKind::kUnavailable, kRetryAfter},
    Fault{"503 with Retry-After", 503, "ServiceUnavailable", false, false, core::ErrorKind::kUnavailable, kRetryAfter},
    Fault{"500", 500, "InternalError"},
    Fault{"timeout", 0, "", false, false, core::ErrorKind::kTimeout},
    Fault{"cut before it was carried out"},
    Fault{"cut after it was carried out", 0, "", true},
    Fault{"truncated", 200, "", true, true},
};

/// Lets one request fail, by its number since `arm`, and every repetition of it until `clear`.
class FaultyTransport final : public kube::Transport {
 public:
  using Transport::Transport;

  core::Result<kube::HttpResponse> send(kube::HttpRequest request, const std::stop_token& stop) override {
    if (is_held_back(request.target)) {
      held_.release();
      go_.acquire();
      auto answer = Transport::send(std::move(request), stop);
      held_status_ = answer ? answer->status : 0;
      done_.release();
      return answer;
    }
    const auto* fault = fault_of(request.method + " " + request.target);
    if (fault == nullptr) return Transport::send(std::move(request), stop);
    ++hits;
    core::Result<kube::HttpResponse> answer;
    if (fault->carried_out) answer = Transport::send(std::move(request), stop);
    if (fault->truncated) {
      if (answer) answer->body.resize(answer->body.size() / 2);
      return answer;
    }
    if (fault->status == 0) return core::fail(fault->kind, "injected: no answer");
    const json body{{"kind", "Status"}, {"reason", fault->reason}, {"message", "injected"}, {"code", fault->status}};
    return kube::HttpResponse{fault->status, body.dump(), fault->retry_after};
  }

  /// From now on the request with this number, from 0, and its repetitions; null only counts.
  void arm(int number, const Fault* fault) {
    const std::lock_guard lock{mutex_};
    armed_ = fault;
    number_ = number;
    count_ = 0;
    target_.clear();
    hits = 0;
  }
  void clear() { arm(-1, nullptr); }
  int count() {
    const std::lock_guard lock{mutex_};
    return count_;
  }

  /// Holds back the next request whose target contains this.
  void hold(const std::string& part) {
    const std::lock_guard lock{mutex_};
    hold_ = part;
  }
  void await_held() { held_.acquire(); }
  /// Sends what was held back; gives the status of its answer.
  long release() {
    go_.release();
    done_.acquire();
    return held_status_;
  }

  std::atomic<int> hits = 0;

 private:
  bool is_held_back(const std::string& target) {
    const std::lock_guard lock{mutex_};
    if (hold_.empty() || target.find(hold_) == std::string::npos) return false;
    hold_.clear();
    return true;
  }

  const Fault* fault_of(const std::string& target) {
    const std::lock_guard lock{mutex_};
    if (armed_ != nullptr && target == target_) return armed_;
    if (count_++ != number_ || armed_ == nullptr) return nullptr;
    target_ = target;
    return armed_;
  }

  std::mutex mutex_;
  const Fault* armed_ = nullptr;
  int number_ = -1;
  int count_ = 0;
  std::string target_;
  std::string hold_;
  std::binary_semaphore held_{0};
  std::binary_semaphore go_{0};
  std::binary_semaphore done_{0};
  long held_status_ = 0;
};

const controllers::ReconcilerOptions kOptions{{"redis:7", "server:1"}, std::chrono::minutes{5}};

/// An operator within the test, whose reconciles go through the transport that can fail; its watches do not.
class Operator {
 public:
  explicit Operator(const std::string& name_space, const controllers::ReconcilerOptions& options = kOptions)
      : manager_{threads_, watching_, metrics_, {name_space}},
        reconciler_{working_, caches_, connections_, recorder_, options} {
    auto& controller = manager_.controller("realtimeapp", 1, [this](const auto& key, const auto& stop) {
      ++reconciles;
      return reconciler_.reconcile(key, stop);
    });
    queue_ = &controller.queue();
    caches_.connect(manager_, *queue_);
    running_ = std::jthread{[this](const std::stop_token& stop) { manager_.run(stop); }};
    wait_for("the operator to work", [this] { return manager_.works(); });
  }

  FaultyTransport& faults() { return faulty_; }
  /// What the API server refused is tried again after half a minute, or at the next news: as now.
  void look_again(const kube::ObjectKey& app) { queue_->add(app); }
  std::atomic<int> reconciles = 0;

 private:
  static kube::ClientConfig config() { return *kube::load_kubeconfig(support::environment("OPERATOR_KUBECONFIG")); }

  core::Metrics metrics_;
  FaultyTransport faulty_{config()};
  kube::Transport transport_{config()};
  kube::Client working_{faulty_, metrics_};
  kube::Client watching_{transport_, metrics_};
  runtime::EventRecorder recorder_{watching_, "test"};
  controllers::Caches caches_;
  controllers::ConnectionCounter connections_{[](const auto&) { return std::vector<std::string>{}; }};
  runtime::ReflectorThreads threads_;
  runtime::Manager manager_;
  controllers::Reconciler reconciler_;
  runtime::WorkQueue* queue_ = nullptr;
  std::jthread running_;
};

/// What the controllers of workloads would do: every workload is ready on its current template.
class Workloads {
 public:
  explicit Workloads(support::World& world)
      : thread_{[this, &world](const std::stop_token& stop) {
          while (!stop.stop_requested()) {
            for (const auto* type : {&types::kDeployment, &types::kStatefulSet}) make_ready(world, *type);
            std::this_thread::yield();
          }
        }} {}

 private:
  void make_ready(support::World& world, const kube::ResourceType& type) {
    const auto live = world.client().list(type, {.name_space = world.name_space()}, "", {});
    if (!live) return;
    for (const auto& object : live->items) {
      const auto& body = object.json();
      if (kube::value_at<std::int64_t>(body, {"status", "observedGeneration"}) == object.generation()) continue;
      const int replicas = kube::value_at<int>(body, {"spec", "replicas"});
      const json status{{"status",
                         {{"observedGeneration", object.generation()},
                          {"replicas", replicas},
                          {"updatedReplicas", replicas},
                          {"readyReplicas", replicas},
                          {"availableReplicas", replicas}}}};
      (void)world.patch_status(type, object.name(), status);
    }
  }

  std::jthread thread_;
};

struct Scenario {
  const char* name;
  std::string before;  // the spec that is Ready before, where HOST is one of its own; empty: there is no app
  std::string after;
  bool deletes_child = false;
  bool removes_exposure_and_redis = false;
};

const std::array kScenarios{
    Scenario{"from nothing", "",
             "{replicas: 2, server: {}, exposure: {type: Ingress, className: traefik, host: HOST}}"},
    Scenario{"after an edit", "{replicas: 2, server: {}}", "{replicas: 3, server: {maxPayload: 5000}}"},
    Scenario{"after an edit of an own image",
             "{replicas: 2, app: {image: 'chat:1'}, redis: {provisioned: {persistence: AppendOnly}}}",
             "{replicas: 2, app: {image: 'chat:2', port: 5000}, redis: {provisioned: {persistence: AppendOnly}}, "
             "exposure: {type: Ingress, className: traefik, host: HOST}}"},
    Scenario{"when something is no longer wanted",
             "{replicas: 1, server: {}, exposure: {type: Ingress, className: traefik, host: HOST}}",
             "{replicas: 1, server: {}, redis: {type: None}}", false, true},
    Scenario{"at the deletion of a child", "{replicas: 1, server: {}}", "{replicas: 1, server: {}}", true},
};

bool is_ready_at(const api::RealtimeApp& app) {
  const auto* ready = app.status.condition("Ready");
  return ready != nullptr && ready->status == "True" && app.status.observed_generation == app.generation;
}

bool has_exposure_or_redis(support::World& world, const std::string& name) {
  const auto redis = controllers::redis_name(name);
  return world.exists(types::kIngress, name) || world.exists(types::kStatefulSet, redis) ||
         world.exists(types::kService, redis);
}

/// Whether the app is not Ready, or every child is there as planned and what it no longer wants is gone; looked at
/// before and after, so that a change meanwhile is no failure.
bool is_honest(support::World& world, const std::string& name, const Scenario& scenario) {
  const auto before = world.app(name);
  if (!is_ready_at(before)) return true;
  const auto children = world.planned(name);
  if (std::all_of(children.begin(), children.end(), [&](const auto& child) { return world.as_planned(child); }) &&
      !(scenario.removes_exposure_and_redis && has_exposure_or_redis(world, name)))
    return true;
  const auto after = world.app(name);
  return after.generation != before.generation || !is_ready_at(after);
}

}  // namespace

TEST_CASE("Whatever a request is answered, the status is honest and all converges afterwards",
          "[integration][faults]") {
  support::World world;
  Operator op{world.name_space()};
  const Workloads workloads{world};
  const char* const wanted = std::getenv("REALTIME_LONG");
  const bool is_long = wanted != nullptr && std::string_view{wanted} == "1";
  int pairs = 0;
  int apps = 0;
  for (const auto& scenario : kScenarios) {
    const auto run = [&](int number, const Fault* fault) {
      const auto name = fmt::format("app-{}", apps++);
      const auto apply = [&](std::string spec) {
        if (const auto at = spec.find("HOST"); at != std::string::npos) spec.replace(at, 4, name + ".test");
        world.apply_app(name, spec);
      };
      INFO(scenario.name << ", request " << number << ", " << (fault == nullptr ? "no fault" : fault->name));
      op.faults().clear();
      if (!scenario.before.empty()) {
        apply(scenario.before);
        wait_for("the app to be Ready", [&] { return is_ready_at(world.app(name)); });
      }
      op.faults().arm(number, fault);
      if (scenario.deletes_child) {
        const auto service = world.get(types::kService, name);
        REQUIRE(world.client().remove(types::kService, service.key(), service.uid(), {}));
      } else {
        apply(scenario.after);
      }
      const auto reconciled = op.reconciles.load();
      wait_for("the fault to show", [&] {
        // A deletion is news to the operator a moment later.
        if (!scenario.deletes_child) CHECK(is_honest(world, name, scenario));
        const bool is_over = is_ready_at(world.app(name)) && world.exists(types::kService, name);
        return op.faults().hits >= 2 || op.reconciles > reconciled + 20 || is_over;
      });
      wait_for("the status to be honest", [&] { return is_honest(world, name, scenario); });
      for (int i = 0; i < 3; ++i) CHECK(is_honest(world, name, scenario));
      const auto requests = op.faults().count();
      const bool hit = op.faults().hits > 0;
      op.faults().clear();
      if (fault != nullptr && fault->is_refusal) op.look_again({world.name_space(), name});
      wait_for("all to converge", [&] { return is_ready_at(world.app(name)) && world.exists(types::kService, name); });
      const auto children = world.planned(name);
      for (const auto& child : children) CHECK(world.as_planned(child));
      if (scenario.removes_exposure_and_redis) CHECK_FALSE(has_exposure_or_redis(world, name));
      world.delete_app(name);
      // There is no garbage collector, and the addresses of Services are few.
      for (const auto& child : children)
        (void)world.client().remove(child.type, child.desired().key(), world.get(child.type, child.name).uid(), {});
      pairs += hit ? 1 : 0;
      return requests;
    };
    const int requests = run(-1, nullptr);
    REQUIRE(requests > 0);
    // Each pair takes a second: all of them in a long run, else each request with a third of the faults, by turns.
    for (int number = 0; number < requests; ++number)
      for (std::size_t i = 0; i < kFaults.size(); ++i)
        if (is_long || (i + static_cast<std::size_t>(number)) % 3 == 0) run(number, &kFaults.at(i));
  }
  std::cout << fmt::format("{} pairs of request and answer\n", pairs);
  CHECK(pairs > (is_long ? 200 : 65));
}

TEST_CASE("Where requests leave no time for more, the status says what waits", "[integration][faults]") {
  support::World world;
  auto options = kOptions;
  options.begin_writes_within = std::chrono::milliseconds{0};
  const Operator op{world.name_space(), options};
  world.apply_app("chat", "{replicas: 1, server: {}, redis: {type: None}}");
  wait_for("the status", [&] { return world.condition("chat", "Ready") == "False/ApplyFailed"; });
  CHECK_THAT(world.app("chat").status.condition("Ready")->message.text(), Catch::Contains("waits for the next try"));
  CHECK_FALSE(world.exists(types::kDeployment, "chat"));
}

TEST_CASE("A status is not written to another app of the same name", "[integration]") {
  support::World world;
  Operator op{world.name_space()};
  op.faults().hold("/realtimeapps/chat/status");
  world.apply_app("chat", "{replicas: 1, server: {}, redis: {type: None}}");
  op.faults().await_held();
  world.delete_app("chat");
  world.apply_app("chat", "{replicas: 0, server: {}, redis: {type: None}}");
  CHECK(op.faults().release() == 422);  // the uid that is tested is not its uid
  wait_for("the new one to get its own", [&] { return world.app("chat").status.observed_generation == 1; });
}
