// What a leader does when it cannot renew, and in which order an instance starts and ends; of several real operators on
// a real API server: tests/integration/leadership_test.cpp.
#include "operator/runtime/leader_elector.hpp"

#include <atomic>
#include <condition_variable>
#include <mutex>

#include <fmt/format.h>

#include "operator/runtime/manager.hpp"
#include "operator/runtime/pause.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/json.hpp"
#include "tests/support/scripted_server.hpp"

using namespace std::chrono_literals;
using core::Result;
using runtime::Action;
using support::ScriptedReply;
using support::ScriptedRequest;
using support::ScriptedServer;
using Clock = std::chrono::steady_clock;

namespace {

const kube::ObjectKey kLeaseKey{"system", "operator"};
constexpr runtime::LeaseTimes kLeaseTimes{std::chrono::seconds{4}, std::chrono::seconds{2}, std::chrono::seconds{1}};
/// Renewals follow at once, so that what lasts is only what hangs.
constexpr runtime::LeaseTimes kNoPause{kLeaseTimes.duration, kLeaseTimes.renew_deadline, std::chrono::seconds{0}};

bool is_lease(const ScriptedRequest& request) { return request.target.find("/leases") != std::string::npos; }
bool is_watch(const ScriptedRequest& request) { return request.target.find("watch=true") != std::string::npos; }

/// A Lease that nobody has, which whoever asks may make and renew; its watch is silent.
void grant(const ScriptedRequest& request, ScriptedReply& reply) {
  if (is_watch(request)) {
    reply.begin_stream();
    return reply.hold();
  }
  if (request.method == "GET") return reply.answer(404, R"({"kind": "Status", "reason": "NotFound"})");
  auto lease = nlohmann::json::parse(request.body);
  lease["metadata"]["resourceVersion"] = "1";
  reply.answer(200, lease.dump());
}

/// Something that becomes true once, on whichever thread.
class Flag {
 public:
  void raise() {
    const std::lock_guard lock{mutex_};
    raised_ = true;
    changed_.notify_all();
  }
  bool wait(std::chrono::milliseconds patience = 20s) {
    std::unique_lock lock{mutex_};
    return changed_.wait_for(lock, patience, [this] { return raised_; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool raised_ = false;
};

/// An instance that asks a scripted server for the lease.
struct Candidate {
  Candidate(ScriptedServer::Script script, const runtime::LeaseTimes& times)
      : server{std::move(script)}, transport{{.server = server.url(), .ca = server.authority()}}, elector{threads,
                                                                                                          client,
                                                                                                          metrics,
                                                                                                          kLeaseKey,
                                                                                                          "a",
                                                                                                          times,
                                                                                                          [this] { lost.raise(); }} {}

  Flag lost;
  ScriptedServer server;
  kube::Transport transport;
  core::Metrics metrics;
  kube::Client client{transport, metrics};
  runtime::ReflectorThreads threads;
  runtime::LeaderElector elector;
};

}  // namespace

TEST_CASE("A leader whose renewals get no answer gives up before another one may lead", "[unit][runtime]") {
  const auto script = [](const ScriptedRequest& request, ScriptedReply& reply) {
    if (request.method == "PATCH") return reply.hold();
    grant(request, reply);
  };
  Candidate candidate{script, kLeaseTimes};
  const auto start = Clock::now();
  REQUIRE(candidate.elector.acquire({}));
  CHECK(candidate.lost.wait());
  CHECK(Clock::now() - start >= kLeaseTimes.renew_deadline);
  CHECK(Clock::now() - start < kLeaseTimes.duration);
}

TEST_CASE("A renewal that gets no answer leaves time for another one", "[unit][runtime]") {
  std::atomic<int> renewals = 0;
  Flag renewed_again;
  const auto script = [&](const ScriptedRequest& request, ScriptedReply& reply) {
    const int number = request.method == "PATCH" ? ++renewals : 0;
    if (number % 2 == 1) return reply.hold();
    grant(request, reply);
    if (number == 6) renewed_again.raise();
  };
  Candidate candidate{script, kNoPause};
  const auto start = Clock::now();
  REQUIRE(candidate.elector.acquire({}));
  REQUIRE(renewed_again.wait());
  CHECK_FALSE(candidate.lost.wait(0ms));
  CHECK(Clock::now() - start > kLeaseTimes.renew_deadline);
}

TEST_CASE("A look at the lease that gets no answer leaves time for a renewal", "[unit][runtime]") {
  std::atomic<int> renewals = 0;
  Flag renewed_again;
  const auto script = [&](const ScriptedRequest& request, ScriptedReply& reply) {
    if (request.method == "GET" && !is_watch(request) && renewals > 0) return reply.hold();
    const int number = request.method == "PATCH" ? ++renewals : 0;
    // Somebody has annotated it.
    if (number % 2 == 1) return reply.answer(409, R"({"kind": "Status", "reason": "Conflict"})");
    grant(request, reply);
    if (number == 6) renewed_again.raise();
  };
  Candidate candidate{script, kNoPause};
  REQUIRE(candidate.elector.acquire({}));
  REQUIRE(renewed_again.wait());
  CHECK_FALSE(candidate.lost.wait(0ms));
}

TEST_CASE("A renewal whose answer was lost, or a Lease that others wrote to, is renewed at once", "[unit][runtime]") {
  std::mutex mutex;
  std::vector<Clock::time_point> renewals;
  std::string lease;
  Flag renewed_again;
  const auto script = [&](const ScriptedRequest& request, ScriptedReply& reply) {
    // Held for as long as the test lasts, so not under the lock.
    if (is_watch(request)) return grant(request, reply);
    const std::lock_guard lock{mutex};
    if (request.method == "GET" && !lease.empty()) return reply.answer(200, lease);
    if (request.method == "PATCH") renewals.push_back(Clock::now());
    if (request.method == "PATCH" && renewals.size() == 1)
      return reply.answer(409, R"({"kind": "Status", "reason": "Conflict"})");
    if (request.method == "POST") {
      auto made = nlohmann::json::parse(request.body);
      made["metadata"]["resourceVersion"] = "2";
      lease = made.dump();
    }
    grant(request, reply);
    if (renewals.size() == 2) renewed_again.raise();
  };
  constexpr runtime::LeaseTimes kPatient{15s, 10s, 2s};
  Candidate candidate{script, kPatient};
  REQUIRE(candidate.elector.acquire({}));
  REQUIRE(renewed_again.wait());
  const std::lock_guard lock{mutex};
  CHECK(renewals[1] - renewals[0] < kPatient.retry_period);
}

TEST_CASE("A lease that was taken by a write whose answer was lost is not waited for", "[unit][runtime]") {
  std::mutex mutex;
  std::string lease;
  const auto script = [&](const ScriptedRequest& request, ScriptedReply& reply) {
    if (is_watch(request)) return grant(request, reply);
    const std::lock_guard lock{mutex};
    if (request.method == "GET" && !lease.empty()) return reply.answer(200, lease);
    if (request.method != "POST") return grant(request, reply);
    auto made = nlohmann::json::parse(request.body);
    made["metadata"]["resourceVersion"] = "2";
    lease = made.dump();
    reply.cut();
  };
  constexpr runtime::LeaseTimes kLong{60s, 40s, 1s};
  Candidate candidate{script, kLong};
  const auto start = Clock::now();
  REQUIRE(candidate.elector.acquire({}));
  CHECK(Clock::now() - start < kLong.duration / 2);
}

TEST_CASE("A lease whose last renewal was broken off is given back all the same", "[unit][runtime]") {
  std::mutex mutex;
  std::string lease;
  std::vector<std::string> holders;
  const auto script = [&](const ScriptedRequest& request, ScriptedReply& reply) {
    if (is_watch(request)) return grant(request, reply);
    const std::lock_guard lock{mutex};
    if (request.method == "GET" && !lease.empty()) return reply.answer(200, lease);
    if (request.method == "GET") return grant(request, reply);
    auto made = nlohmann::json::parse(request.body);
    if (request.method == "PATCH" && made["metadata"]["resourceVersion"] != "3")
      return reply.answer(409, R"({"kind": "Status", "reason": "Conflict"})");
    holders.push_back(made["spec"]["holderIdentity"].is_string() ? made["spec"]["holderIdentity"] : "");
    reply.answer(200, made.dump());
    // Renewed behind the back of the instance.
    made["metadata"]["resourceVersion"] = "3";
    lease = made.dump();
  };
  Candidate candidate{script, {60s, 40s, 30s}};
  REQUIRE(candidate.elector.acquire({}));
  candidate.elector.release();
  const std::lock_guard lock{mutex};
  CHECK(holders == std::vector<std::string>{"a", ""});
}

TEST_CASE("An instance leads with warm caches only, and gives the lease back when its work has ended",
          "[unit][runtime]") {
  Flag may_list;
  Flag listing;
  ScriptedServer server{[&](const ScriptedRequest& request, ScriptedReply& reply) {
    if (is_lease(request)) return grant(request, reply);
    if (request.target.find("sendInitialEvents") != std::string::npos) return reply.answer(422, "{}");
    if (is_watch(request)) {
      reply.begin_stream();
      return reply.hold();
    }
    listing.raise();
    may_list.wait();
    reply.answer(200, R"({"metadata": {"resourceVersion": "1"}, "items": []})");
  }};
  kube::Transport transport{{.server = server.url(), .ca = server.authority()}};
  core::Metrics metrics;
  kube::Client client{transport, metrics};
  runtime::ReflectorThreads threads;
  runtime::LeaderElector elector{
      threads, client, metrics, kLeaseKey, "a", kLeaseTimes, [] { FAIL("the lease is lost"); }};
  runtime::Store<int> store;
  runtime::Manager manager{threads, client, metrics, {}};
  manager.cache<int>(kube::types::kService, {}, store, [](const kube::ObjectView&) { return 1; });
  Flag working;
  std::atomic<Clock::time_point> ended;
  auto& controller = manager.controller("test", 1, [&](const kube::ObjectKey&, const std::stop_token& stop) {
    working.raise();
    runtime::pause(stop, 1h);
    runtime::pause({}, 300ms);  // what is begun takes a while to end
    ended = Clock::now();
    return Result<Action>{Action::await_change()};
  });
  controller.queue().add({"n", "a"});
  {
    const std::jthread running{[&](const std::stop_token& stop) { manager.run(stop, &elector); }};
    REQUIRE(listing.wait());
    CHECK_FALSE(working.wait(100ms));
    const auto asked = server.requests();
    CHECK(std::none_of(asked.begin(), asked.end(), is_lease));
    may_list.raise();
    REQUIRE(working.wait());
  }
  const auto asked = server.requests();
  const auto released = std::find_if(asked.rbegin(), asked.rend(), [](const auto& request) {
    return is_lease(request) && request.method == "PATCH" &&
           support::value_at<std::string>(nlohmann::json::parse(request.body), {"spec", "holderIdentity"}).empty();
  });
  REQUIRE(released != asked.rend());
  CHECK(released->at >= ended.load());
}
