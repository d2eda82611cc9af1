// What becomes of a reconcile that fails, throws or hangs.
#include "operator/runtime/controller.hpp"

#include <map>
#include <stdexcept>

#include "operator/kube/client.hpp"
#include "operator/runtime/pause.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/scripted_server.hpp"

using namespace std::chrono_literals;
using core::ErrorKind;
using core::Result;
using runtime::Action;
using Clock = std::chrono::steady_clock;

namespace {

const kube::ObjectKey kApp{"ns", "app"};
const kube::ObjectKey kOther{"ns", "other"};

/// A controller whose reconciles a test decides, and when each began.
class ControllerScene {
 public:
  using Reconcile = std::function<Result<Action>(int attempt, const std::stop_token& stop)>;

  explicit ControllerScene(Reconcile reconcile, int workers = 1, std::chrono::milliseconds timeout = 1min)
      : controller_{"test", workers,
                    [this, reconcile = std::move(reconcile)](const kube::ObjectKey& key, const std::stop_token& stop) {
                      int attempt = 0;
                      {
                        const std::lock_guard lock{mutex_};
                        begun_[key].push_back(Clock::now());
                        attempt = static_cast<int>(begun_[key].size());
                        changed_.notify_all();
                      }
                      return key == kOther ? Result<Action>{Action::await_change()} : reconcile(attempt, stop);
                    },
                    metrics_, timeout} {
    controller_.start();
  }

  void add(const kube::ObjectKey& key) { controller_.queue().add(key); }

  /// When each began, once there are so many.
  std::vector<Clock::time_point> begun(const kube::ObjectKey& key, std::size_t count) {
    std::unique_lock lock{mutex_};
    REQUIRE(changed_.wait_for(lock, 20s, [&] { return begun_[key].size() >= count; }));
    return begun_[key];
  }

  void end() {
    controller_.stop();
    controller_.join();
  }

  /// A sample of the exposition; the test fails without it.
  std::string sample(const std::string& series) const {
    const auto text = metrics_.exposition();
    const auto at = text.find("\n" + series + " ");
    REQUIRE(at != std::string::npos);
    const auto value = at + series.size() + 2;
    return text.substr(value, text.find('\n', value) - value);
  }

 private:
  core::Metrics metrics_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<kube::ObjectKey, std::vector<Clock::time_point>> begun_;
  runtime::Controller controller_;
};

/// Waits for the end, as a request does to a server that does not answer.
Result<Action> hang(const std::stop_token& stop) {
  runtime::pause(stop, 1h);
  return core::fail(ErrorKind::kCancelled, "cancelled");
}

}  // namespace

TEST_CASE("An exception in a reconcile is caught, counted and tried again", "[unit][runtime]") {
  ControllerScene scene{[](int attempt, const std::stop_token&) -> Result<Action> {
    if (attempt <= 2) throw std::runtime_error{"surprise"};
    return Action::await_change();
  }};
  scene.add(kApp);
  scene.begun(kApp, 3);
  scene.end();
  CHECK(scene.sample(R"(controller_runtime_reconcile_panics_total{controller="test"})") == "2");
  CHECK(scene.sample(R"(controller_runtime_reconcile_errors_total{controller="test"})") == "2");
  CHECK(scene.sample(R"(controller_runtime_reconcile_total{controller="test",result="success"})") == "1");
}

TEST_CASE("A failed reconcile is tried again after a back-off, or when the server says so", "[unit][runtime]") {
  ControllerScene scene{[](int attempt, const std::stop_token&) -> Result<Action> {
    if (attempt <= 3) return core::fail(ErrorKind::kUnavailable, "not now");
    if (attempt == 4) return tl::unexpected(core::Error{ErrorKind::kTooManyRequests, "slow down", 300ms});
    return Action::await_change();
  }};
  scene.add(kApp);
  const auto begun = scene.begun(kApp, 5);
  CHECK(begun[1] - begun[0] >= 5ms);
  CHECK(begun[2] - begun[1] >= 10ms);
  CHECK(begun[3] - begun[2] >= 20ms);
  CHECK(begun[4] - begun[3] >= 300ms);
  scene.end();
  CHECK(scene.sample(R"(workqueue_retries_total{name="test"})") == "3");
}

TEST_CASE("A reconcile that takes too long is ended, counted and tried again", "[unit][runtime]") {
  ControllerScene scene{[](int attempt, const std::stop_token& stop) -> Result<Action> {
                          return attempt == 1 ? hang(stop) : Result<Action>{Action::await_change()};
                        },
                        1, 100ms};
  scene.add(kApp);
  scene.begun(kApp, 1);
  scene.add(kOther);
  const auto begun = scene.begun(kApp, 2);
  CHECK(begun[1] - begun[0] >= 100ms);
  scene.begun(kOther, 1);
  scene.end();
  CHECK(scene.sample(R"(controller_runtime_reconcile_timeouts_total{controller="test"})") == "1");
  CHECK(scene.sample(R"(controller_runtime_reconcile_errors_total{controller="test"})") == "1");
}

TEST_CASE("What was in time is not ended when the limit passes", "[unit][runtime]") {
  static constexpr auto kLimit = 300ms;
  std::atomic<bool> stopped = false;
  ControllerScene scene{[&](int attempt, const std::stop_token& stop) -> Result<Action> {
                          if (attempt <= 20 && stop.stop_requested()) stopped = true;  // later the controller ends
                          return attempt <= 20 ? Action::requeue(kLimit / 10) : Action::await_change();
                        },
                        2, kLimit};
  scene.add(kApp);
  const auto begun = scene.begun(kApp, 21);
  CHECK(begun.back() - begun.front() > kLimit);
  scene.end();
  CHECK_FALSE(stopped);
  CHECK(scene.sample(R"(controller_runtime_reconcile_timeouts_total{controller="test"})") == "0");
}

TEST_CASE("The end of the controller ends a reconcile at once and is no failure", "[unit][runtime]") {
  ControllerScene scene{[](int, const std::stop_token& stop) { return hang(stop); }};
  scene.add(kApp);
  scene.begun(kApp, 1);
  const auto start = Clock::now();
  scene.end();
  CHECK(Clock::now() - start < 5s);
  CHECK(scene.sample(R"(controller_runtime_reconcile_errors_total{controller="test"})") == "0");
  CHECK(scene.sample(R"(controller_runtime_reconcile_timeouts_total{controller="test"})") == "0");
}

TEST_CASE("An API server that does not answer holds a worker no longer than the limit", "[unit][runtime]") {
  support::ScriptedServer server{[](const support::ScriptedRequest&, support::ScriptedReply& reply) { reply.hold(); }};
  kube::Transport transport{{.server = server.url(), .ca = server.authority()}};
  core::Metrics metrics;
  kube::Client client{transport, metrics};
  ControllerScene scene{[&](int, const std::stop_token& stop) -> Result<Action> {
                          const auto answer = client.get(kube::types::kService, kApp, stop);
                          if (!answer) return tl::unexpected(answer.error());
                          return Action::await_change();
                        },
                        1, 200ms};
  scene.add(kApp);
  const auto begun = scene.begun(kApp, 2);
  CHECK(begun[1] - begun[0] >= 200ms);
  scene.end();
}
