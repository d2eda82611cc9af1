#include "operator/controllers/realtimeapp/observe/connection_counter.hpp"

#include "tests/support/catch.hpp"
#include "tests/support/sample_app.hpp"

using namespace std::chrono_literals;
using controllers::ConnectionCounter;
using controllers::connections_to_show;
using controllers::open_connections;

namespace {

std::string metrics(int polling, int websocket) {
  return "# HELP realtime_server_connections Open connections.\n"
         "# TYPE realtime_server_connections gauge\n"
         "realtime_server_connections{transport=\"polling\"} " +
         std::to_string(polling) + "\nrealtime_server_connections{transport=\"websocket\"} " +
         std::to_string(websocket) + "\nrealtime_server_connects_total{outcome=\"ok\"} 900\n";
}

/// Replicas by address, and what the counter tells; the test waits for that.
class Fleet {
 public:
  explicit Fleet(std::chrono::milliseconds interval)
      : counter{[this](const kube::ObjectKey& app) { return addresses(app); },
                [this](const auto& urls, const auto&) { return answers(urls); }, interval} {}

  void put(const std::string& address, core::Result<std::string> answer) {
    const std::lock_guard lock{mutex_};
    replicas_.insert_or_assign(address, std::move(answer));
  }
  /// Waits until it was told that the status should change, and gives what it should be then.
  std::optional<std::int64_t> told(api::RealtimeApp& app) {
    std::unique_lock lock{mutex_};
    REQUIRE(changed_.wait_for(lock, 20s, [&] { return told_ > 0; }));
    told_ = 0;
    lock.unlock();
    return app.status.connections = counter.look_up(app);
  }
  std::jthread start() {
    return counter.start([this](const kube::ObjectKey&) {
      const std::lock_guard lock{mutex_};
      ++told_;
      changed_.notify_all();
    });
  }
  void wait_for_rounds(int more) {
    std::unique_lock lock{mutex_};
    const int wanted = rounds_ + more;
    REQUIRE(changed_.wait_for(lock, 20s, [&] { return rounds_ >= wanted; }));
  }
  void wait_until_asked(const kube::ObjectKey& app) {
    std::unique_lock lock{mutex_};
    REQUIRE(changed_.wait_for(lock, 20s, [&] { return asked_[app] > 0; }));
  }
  /// How often the app's replicas were looked up.
  int asked(const kube::ObjectKey& app) {
    const std::lock_guard lock{mutex_};
    return asked_[app];
  }

 private:
  std::vector<std::string> addresses(const kube::ObjectKey& app) {
    const std::lock_guard lock{mutex_};
    ++asked_[app];
    changed_.notify_all();
    std::vector<std::string> addresses;
    for (const auto& [address, answer] : replicas_) addresses.push_back(address);
    return addresses;
  }
  std::vector<core::Result<std::string>> answers(const std::vector<std::string>& urls) {
    const std::lock_guard lock{mutex_};
    std::vector<core::Result<std::string>> answers;
    for (const auto& url : urls)
      for (const auto& [address, answer] : replicas_)
        if (url == "http://" + address + "/metrics") answers.push_back(answer);
    ++rounds_;
    changed_.notify_all();
    return answers;
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, core::Result<std::string>> replicas_;
  std::map<kube::ObjectKey, int> asked_;
  int told_ = 0;
  int rounds_ = 0;

 public:
  ConnectionCounter counter;
};

}  // namespace

TEST_CASE("A replica's connections are those of all its transports", "[unit][controllers]") {
  CHECK(open_connections(metrics(3, 4)) == 7);
  CHECK(open_connections("realtime_server_connections 1e+06\n") == 1'000'000);
  CHECK(open_connections("realtime_server_connections{transport=\"websocket\"} 5") == 5);
}

TEST_CASE("Metrics that do not tell say nothing", "[unit][controllers]") {
  for (const char* text : {"", "up 1\n", "realtime_server_connections_total 5\n", "realtime_server_connections nan\n",
                           "realtime_server_connections -1\n", "realtime_server_connections{a=\"b\"} many\n",
                           "realtime_server_connections\n", "realtime_server_connections 1e300\n"})
    CHECK_FALSE(open_connections(text));
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
  Fleet fleet{1ms};
  fleet.put("10.0.0.1:9090", metrics(1, 2));
  fleet.put("10.0.0.2:9090", metrics(0, 4));
  auto app = support::sample_server_app();
  CHECK_FALSE(fleet.counter.look_up(app));
  const auto counting = fleet.start();
  CHECK(fleet.told(app) == 7);
  fleet.put("10.0.0.2:9090", metrics(0, 14));
  CHECK(fleet.told(app) == 17);
  fleet.put("10.0.0.2:9090", core::fail(core::ErrorKind::kTimeout, "silent"));
  CHECK_FALSE(fleet.told(app));
  fleet.put("10.0.0.2:9090", std::string{"up 1\n"});
  fleet.wait_for_rounds(2);
  CHECK_FALSE(fleet.counter.look_up(app));
  fleet.put("10.0.0.2:9090", metrics(0, 0));
  CHECK(fleet.told(app) == 3);
}

TEST_CASE("What a new operator finds in the status stands until it has counted itself", "[unit][controllers]") {
  Fleet fleet{1ms};
  fleet.put("10.0.0.1:9090", metrics(0, 103));
  auto app = support::sample_server_app();
  app.status.connections = 100;
  CHECK(fleet.counter.look_up(app) == 100);
  const auto counting = fleet.start();
  fleet.wait_for_rounds(2);
  CHECK(fleet.counter.look_up(app) == 100);
  fleet.put("10.0.0.1:9090", metrics(0, 200));
  CHECK(fleet.told(app) == 200);
}

TEST_CASE("The first ready replica is asked at once, later ones in their time", "[unit][controllers]") {
  Fleet fleet{1h};
  auto app = support::sample_server_app();
  fleet.counter.look_up(app);
  const auto counting = fleet.start();
  fleet.wait_until_asked(app.key);
  fleet.put("10.0.0.1:9090", metrics(0, 0));
  fleet.counter.look_up(app);
  CHECK(fleet.told(app) == 0);
  const int before = fleet.asked(app.key);
  fleet.put("10.0.0.2:9090", metrics(0, 5));
  CHECK(fleet.counter.look_up(app) == 0);
  // Whatever was due before this one has been looked at once this one is counted.
  auto other = app;
  other.key.name = "other";
  fleet.counter.look_up(other);
  CHECK(fleet.told(other) == 5);
  CHECK(fleet.asked(app.key) == before);
}

TEST_CASE("An app that is made anew under its name is counted anew", "[unit][controllers]") {
  Fleet fleet{1h};
  fleet.put("10.0.0.1:9090", metrics(0, 9));
  auto app = support::sample_server_app();
  fleet.counter.look_up(app);
  const auto counting = fleet.start();
  CHECK(fleet.told(app) == 9);
  fleet.put("10.0.0.1:9090", metrics(0, 1));
  app.uid = "another";
  app.status.connections.reset();
  CHECK_FALSE(fleet.counter.look_up(app));
  CHECK(fleet.told(app) == 1);
}

TEST_CASE("An app that is forgotten is asked no more", "[unit][controllers]") {
  Fleet fleet{1ms};
  fleet.put("10.0.0.1:9090", metrics(0, 9));
  auto app = support::sample_server_app();
  auto other = app;
  other.key.name = "other";
  fleet.counter.look_up(app);
  const auto counting = fleet.start();
  CHECK(fleet.told(app) == 9);
  fleet.counter.forget(app.key);
  fleet.counter.look_up(other);
  CHECK(fleet.told(other) == 9);
  const int before = fleet.asked(app.key);
  fleet.wait_for_rounds(3);
  CHECK(fleet.asked(app.key) == before);
  CHECK(fleet.asked(other.key) >= 3);
}
