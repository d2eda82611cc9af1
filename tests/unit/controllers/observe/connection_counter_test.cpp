#include "operator/controllers/realtimeapp/observe/connection_counter.hpp"

#include <condition_variable>

#include "core/http_server.hpp"
#include "operator/kube/line_reader.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/sample_app.hpp"
#include "tests/support/scripted_server.hpp"

using namespace std::chrono_literals;
using controllers::ConnectionCounter;
using controllers::connections_to_show;
using support::ScriptedReply;
using support::ScriptedRequest;
using support::ScriptedServer;

namespace {

std::string metrics(int polling, int websocket) {
  return "# HELP realtime_server_connections Open connections.\n"
         "# TYPE realtime_server_connections gauge\n"
         "realtime_server_connections{transport=\"polling\"} " +
         std::to_string(polling) + "\nrealtime_server_connections{transport=\"websocket\"} " +
         std::to_string(websocket) + "\nrealtime_server_connects_total{outcome=\"ok\"} 900\n";
}

/// What is counted of an exposition that comes in pieces of so many bytes.
std::optional<std::int64_t> counted(std::string_view text, std::size_t piece) {
  kube::LineReader lines{kube::FetchLimits{}.max_line};
  controllers::OpenConnections open;
  for (std::size_t at = 0; at < text.size(); at += piece)
    REQUIRE(lines.read(text.substr(at, piece), [&](std::string_view line) { open.read(line); }));
  return open.sum();
}

std::string address_of(const std::string& url) { return url.substr(url.rfind('/') + 1); }

/// Answers with its metrics, or with a failure if it has none.
class Replica {
 public:
  explicit Replica(std::string metrics = "") : metrics_{std::move(metrics)} {
    auto server =
        core::HttpServer::listen("127.0.0.1:0", {{"/metrics", [this] {
                                                    const std::lock_guard lock{mutex_};
                                                    return core::HttpAnswer{metrics_.empty() ? 503 : 200, metrics_};
                                                  }}});
    REQUIRE(server);
    server_ = std::move(*server);
  }

  void say(std::string metrics) {
    const std::lock_guard lock{mutex_};
    metrics_ = std::move(metrics);
  }
  std::string address() const { return "127.0.0.1:" + std::to_string(server_->port()); }

 private:
  std::mutex mutex_;
  std::string metrics_;
  std::unique_ptr<core::HttpServer> server_;
};

/// Takes connections and requests, and never answers.
class SilentReplica {
 public:
  std::string address() const { return address_of(server_.url()); }
  std::size_t requests() const { return server_.requests().size(); }

 private:
  ScriptedServer server_{[](const ScriptedRequest&, ScriptedReply& reply) { reply.hold(); },
                         ScriptedServer::Address::kIpv4, ScriptedServer::Scheme::kHttp};
};

/// The apps' replicas, and what the counter tells; the test waits for that.
class Fleet {
 public:
  explicit Fleet(std::chrono::milliseconds interval, const kube::FetchLimits& limits = {})
      : counter{[this](const kube::ObjectKey& app) { return addresses(app); }, interval, limits} {}

  /// From now on every app of the namespace has this replica, too.
  void add(const std::string& address, const std::string& name_space = "default") {
    const std::lock_guard lock{mutex_};
    addresses_[name_space].push_back(address);
  }
  /// Waits until the counter has told that the status should say something else, and gives what.
  std::optional<std::int64_t> told(api::RealtimeApp& app) {
    const auto before = app.status.connections;
    while (app.status.connections == before) {
      std::unique_lock lock{mutex_};
      REQUIRE(changed_.wait_for(lock, 20s, [&] { return told_[app.key] > 0; }));
      told_[app.key] = 0;
      lock.unlock();
      app.status.connections = counter.look_up(app);
    }
    return app.status.connections;
  }
  std::jthread start() {
    return counter.start([this](const kube::ObjectKey& app) {
      const std::lock_guard lock{mutex_};
      ++told_[app];
      changed_.notify_all();
    });
  }
  /// Waits until the app's replicas were looked up so often: of these looks all but the last have ended.
  void wait_for_looks(const kube::ObjectKey& app, int count) {
    std::unique_lock lock{mutex_};
    REQUIRE(changed_.wait_for(lock, 20s, [&] { return looks_[app] >= count; }));
  }
  /// How often the app's replicas were looked up.
  int looks(const kube::ObjectKey& app) {
    const std::lock_guard lock{mutex_};
    return looks_[app];
  }

 private:
  std::vector<std::string> addresses(const kube::ObjectKey& app) {
    const std::lock_guard lock{mutex_};
    ++looks_[app];
    changed_.notify_all();
    return addresses_[app.name_space];
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, std::vector<std::string>> addresses_;
  std::map<kube::ObjectKey, int> looks_;
  std::map<kube::ObjectKey, int> told_;

 public:
  ConnectionCounter counter;
};

api::RealtimeApp app_of(const std::string& name_space, const std::string& name) {
  auto app = support::sample_server_app();
  app.key = {name_space, name};
  return app;
}

}  // namespace

TEST_CASE("A replica's connections are those of all its transports", "[unit][controllers]") {
  const auto piece = GENERATE(as<std::size_t>{}, 1, 7, 1'000);
  CHECK(counted(metrics(3, 4), piece) == 7);
  CHECK(counted("realtime_server_connections 1e+06\n", piece) == 1'000'000);
  CHECK(counted("realtime_server_connections{transport=\"websocket\"} 5\n", piece) == 5);
}

TEST_CASE("Metrics that do not tell say nothing", "[unit][controllers]") {
  for (const char* text : {"", "up 1\n", "realtime_server_connections_total 5\n", "realtime_server_connections nan\n",
                           "realtime_server_connections -1\n", "realtime_server_connections{a=\"b\"} many\n",
                           "realtime_server_connections\n", "realtime_server_connections 1e300\n",
                           "realtime_server_connections{a=\"b\"} 1\nrealtime_server_connections{a=\"c\"} many\n"})
    CHECK_FALSE(counted(text, 1'000));
}

TEST_CASE("A status is written for a change of a twentieth, and for any from or to nothing", "[unit][controllers]") {
  CHECK(connections_to_show(100, 104) == 100);
  CHECK(connections_to_show(100, 105) == 105);
  CHECK(connections_to_show(100, 96) == 100);
  CHECK(connections_to_show(100, 95) == 95);
  CHECK(connections_to_show(10, 11) == 11);
  CHECK(connections_to_show(0, 1) == 1);
  CHECK(connections_to_show(1, 0) == 0);
  CHECK(connections_to_show(std::nullopt, 0) == 0);
  CHECK(connections_to_show(5, std::nullopt) == std::nullopt);
}

TEST_CASE("Connections are counted over all replicas, or not at all", "[unit][controllers]") {
  const Replica one{metrics(1, 2)};
  Replica two{metrics(0, 4)};
  Fleet fleet{5ms};
  fleet.add(one.address());
  fleet.add(two.address());
  auto app = support::sample_server_app();
  CHECK_FALSE(fleet.counter.look_up(app));
  const auto counting = fleet.start();
  CHECK(fleet.told(app) == 7);
  two.say(metrics(0, 14));
  CHECK(fleet.told(app) == 17);
  two.say("");
  CHECK_FALSE(fleet.told(app));
  two.say("up 1\n");
  fleet.wait_for_looks(app.key, fleet.looks(app.key) + 2);
  CHECK_FALSE(fleet.counter.look_up(app));
  two.say(metrics(0, 0));
  CHECK(fleet.told(app) == 3);
}

TEST_CASE("What a new operator finds in the status stands until it has counted itself", "[unit][controllers]") {
  Replica replica{metrics(0, 103)};
  Fleet fleet{5ms};
  fleet.add(replica.address());
  auto app = support::sample_server_app();
  app.status.connections = 100;
  CHECK(fleet.counter.look_up(app) == 100);
  const auto counting = fleet.start();
  fleet.wait_for_looks(app.key, 2);
  CHECK(fleet.counter.look_up(app) == 100);
  replica.say(metrics(0, 200));
  CHECK(fleet.told(app) == 200);
}

TEST_CASE("The first ready replica is asked at once, later ones in their time", "[unit][controllers]") {
  const Replica first{metrics(0, 0)};
  const Replica second{metrics(0, 5)};
  Fleet fleet{1h};
  auto app = support::sample_server_app();
  fleet.counter.look_up(app);
  const auto counting = fleet.start();
  fleet.wait_for_looks(app.key, 1);
  fleet.add(first.address());
  fleet.counter.look_up(app);
  CHECK(fleet.told(app) == 0);
  const int before = fleet.looks(app.key);
  fleet.add(second.address());
  CHECK(fleet.counter.look_up(app) == 0);
  // Whatever was due before this one has been looked at once this one is counted.
  auto other = app_of("default", "other");
  fleet.counter.look_up(other);
  CHECK(fleet.told(other) == 5);
  CHECK(fleet.looks(app.key) == before);
}

TEST_CASE("An app that is created again under its name is counted again", "[unit][controllers]") {
  Replica replica{metrics(0, 9)};
  Fleet fleet{1h};
  fleet.add(replica.address());
  auto app = support::sample_server_app();
  fleet.counter.look_up(app);
  const auto counting = fleet.start();
  CHECK(fleet.told(app) == 9);
  replica.say(metrics(0, 1));
  app.uid = "another";
  app.status.connections.reset();
  CHECK_FALSE(fleet.counter.look_up(app));
  CHECK(fleet.told(app) == 1);
}

TEST_CASE("An app that is forgotten is asked no more", "[unit][controllers]") {
  const Replica replica{metrics(0, 9)};
  Fleet fleet{5ms};
  fleet.add(replica.address());
  auto app = support::sample_server_app();
  auto other = app_of("default", "other");
  fleet.counter.look_up(app);
  const auto counting = fleet.start();
  CHECK(fleet.told(app) == 9);
  fleet.counter.forget(app.key);
  fleet.counter.look_up(other);
  CHECK(fleet.told(other) == 9);
  const int before = fleet.looks(app.key);
  fleet.wait_for_looks(other.key, fleet.looks(other.key) + 3);
  CHECK(fleet.looks(app.key) == before);
}

TEST_CASE("Silent replicas of one namespace delay the counts of no other", "[unit][controllers]") {
  const SilentReplica silent;
  Replica replica{metrics(0, 0)};
  Fleet fleet{10ms, {.timeout = 60s, .at_once = 8, .at_once_in_group = 4}};
  for (int i = 0; i < 5; ++i) fleet.add(silent.address(), "silent");
  fleet.add(replica.address());
  std::vector<api::RealtimeApp> silent_apps;
  for (int i = 0; i < 50; ++i) silent_apps.push_back(app_of("silent", std::to_string(i)));
  for (const auto& app : silent_apps) fleet.counter.look_up(app);
  auto app = support::sample_server_app();
  fleet.counter.look_up(app);
  const auto counting = fleet.start();
  CHECK(fleet.told(app) == 0);
  for (int connections = 10; connections <= 50; connections += 10) {
    replica.say(metrics(connections, 0));
    CHECK(fleet.told(app) == connections);
  }
  CHECK(silent.requests() <= 4);
  // What has not ended is not begun again.
  for (const auto& silent_app : silent_apps) CHECK(fleet.looks(silent_app.key) == 1);
}

TEST_CASE("Once one replica of an app does not tell, no more of it are asked", "[unit][controllers]") {
  const Replica failing;
  const SilentReplica never_asked;
  Fleet fleet{5ms, {.timeout = 60s, .at_once_in_group = 1}};
  fleet.add(failing.address());
  fleet.add(never_asked.address());
  auto app = support::sample_server_app();
  app.status.connections = 7;
  fleet.counter.look_up(app);
  const auto counting = fleet.start();
  CHECK_FALSE(fleet.told(app));
  fleet.wait_for_looks(app.key, 3);
  CHECK(never_asked.requests() == 0);
}
