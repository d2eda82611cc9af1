// What a reconcile costs that finds all as it should be: CPU time of its thread, with as many apps as are asked for.
// Everything but the API server is real; that answers what the first reconcile of each app asks, and nothing after it.
// A few apps are found in the processor's caches, and many are not, whatever a reconcile does. So each number of apps
// is measured in both ways: one reconcile right after the other, and alone, with those caches emptied before it.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <ctime>
#include <iostream>
#include <memory>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/metrics.hpp"
#include "operator/controllers/realtimeapp/observe/children.hpp"
#include "operator/controllers/realtimeapp/observe/secrets.hpp"
#include "operator/controllers/realtimeapp/plan/plan.hpp"
#include "operator/controllers/realtimeapp/plan/redis.hpp"
#include "operator/controllers/realtimeapp/reconciler.hpp"
#include "tests/support/json.hpp"
#include "tests/support/sample_app.hpp"
#include "tests/support/scripted_server.hpp"

namespace {

using nlohmann::json;

constexpr std::size_t kCacheBytes = 64U << 20U;  // more than a processor's caches have
constexpr std::size_t kCacheLine = 64;

/// The app that the other parts of the benchmark create, as the API server has it.
kube::Object app_object(int number) {
  const auto name = fmt::format("app-{}", number);
  return support::object_of({{"apiVersion", api::kRealtimeApp.api_version()},
                             {"kind", api::kRealtimeApp.kind},
                             {"metadata",
                              {{"name", name},
                               {"namespace", fmt::format("bench-{}", number % 10)},
                               {"uid", fmt::format("00000000-0000-4000-8000-{:012}", number)},
                               {"resourceVersion", "1"},
                               {"generation", 1},
                               {"creationTimestamp", "2026-01-01T00:00:00Z"}}},
                             {"spec",
                              {{"replicas", 1},
                               {"server", json::object()},
                               {"protocol", {{"path", "/socket.io/"}}},
                               {"redis", {{"type", "Provisioned"}}},
                               {"exposure",
                                {{"type", "Ingress"},
                                 {"className", "traefik"},
                                 {"affinity", "Cookie"},
                                 {"host", name + ".test"},
                                 {"paths", json::array({"/"})}}}}}});
}

class World {
 public:
  explicit World(int apps) : server_{[this](const auto& request, auto& reply) { answer(request, reply); }} {
    caches_.ingress_classes.put({"", "traefik"}, "1", {"traefik.io/ingress-controller"});
    for (int number = 0; number < apps; ++number) add(number);
    for (const auto& key : keys_) reconcile(key);
    std::shuffle(keys_.begin(), keys_.end(), std::mt19937{1});
  }

  /// Microseconds of CPU that the next reconcile needs: of one app after the other, in an order of no kind.
  double next() {
    const auto start = cpu_seconds();
    reconcile(keys_[next_++ % keys_.size()]);
    return (cpu_seconds() - start) * 1e6;
  }

  /// How often the API server was asked.
  int asked() const { return asked_; }

 private:
  static double cpu_seconds() {
    timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
  }

  void reconcile(const kube::ObjectKey& key) {
    const auto outcome = reconciler_.reconcile(key, {});
    if (!outcome) throw std::runtime_error{key.text() + ": " + outcome.error().message};
  }

  /// An app with all its children, as they come out of an apply.
  void add(int number) {
    const auto decoded = api::decode(app_object(number));
    if (!decoded.problem.empty()) throw std::runtime_error{decoded.problem};
    const auto& app = decoded.app;
    auto observed = support::sample_observed();
    observed.redis_secret.credentials =
        controllers::read_redis_credentials(controllers::redis_secret(app, "password", "key"));
    for (const auto& child : controllers::plan(app, observed).children)
      if (child.type != kube::types::kSecret)
        caches_.of(child.type.kind).put({app.key.name_space, child.name}, "1", live(app, observed, child));
    caches_.apps.put(app.key, "1", decoded);
    keys_.push_back(app.key);
  }

  static controllers::ChildState live(const api::RealtimeApp& app, const controllers::Observed& observed,
                                      const controllers::PlannedChild& child) {
    controllers::ChildState state;
    state.uid = app.uid;
    state.controller_uid = app.uid;
    state.app = app.key.name;
    state.digest = child.digest;
    state.other_manager = "kube-controller-manager";
    state.generation = state.observed_generation = 1;
    state.replicas = state.updated_replicas = state.ready_replicas = 1;
    state.revision = "1";
    state.credentials_digest = observed.redis_secret.credentials->digest;
    if (child.type == kube::types::kIngress) {
      state.ingress =
          controllers::IngressState{{"10.0.0.1"}, controllers::ServedAddress{app.spec.exposure.host, {"/"}, false}};
    }
    return state;
  }

  /// The Secret of the app's Redis, and the status that was written.
  void answer(const support::ScriptedRequest& request, support::ScriptedReply& reply) {
    ++asked_;
    if (request.method == "PATCH" && request.target.find("/status?") != std::string::npos) {
      auto app = support::json_of(app_object(number_of(request.target))).patch(json::parse(request.body));
      app["metadata"]["resourceVersion"] = "2";
      return reply.answer(200, app.dump());
    }
    if (request.method == "GET" && request.target.find("/secrets/") != std::string::npos) {
      const auto app = api::decode(app_object(number_of(request.target))).app;
      return reply.answer(200, support::json_of(controllers::redis_secret(app, "password", "key")).dump());
    }
    reply.answer(201, request.body.empty() ? "{}" : request.body);  // an Event
  }

  static int number_of(const std::string& target) { return std::stoi(target.substr(target.find("/app-") + 5)); }

  /// Those of support::sample_observed().
  static inline const controllers::DefaultImages kImages{"redis:default", "realtime-server:default"};

  std::atomic<int> asked_ = 0;
  support::ScriptedServer server_;
  core::Metrics metrics_;
  kube::Transport transport_{{.server = server_.url(), .ca = server_.authority()}};
  kube::Client client_{transport_, metrics_};
  controllers::Caches caches_;
  controllers::ConnectionCounter connections_{[](const auto&) { return std::vector<std::string>{}; }};
  runtime::EventRecorder recorder_{client_, "bench"};
  controllers::Reconciler reconciler_{client_, caches_, connections_, recorder_, {kImages, std::chrono::hours{1}}};
  std::vector<kube::ObjectKey> keys_;
  std::size_t next_ = 0;
};

/// Of the processor.
void empty_caches() {
  static std::vector<unsigned char> others(kCacheBytes);
  for (std::size_t place = 0; place < others.size(); place += kCacheLine) ++others[place];
}

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

/// What both ways of measuring give for each number of apps. They take turns where they are alone: the speed of a
/// machine changes with what else it does.
json measure(std::size_t reconciles, const std::vector<std::string>& numbers) {
  std::vector<std::unique_ptr<World>> worlds;
  for (const auto& number : numbers) worlds.push_back(std::make_unique<World>(std::stoi(number)));
  const auto asked = [&] {
    int sum = 0;
    for (const auto& world : worlds) sum += world->asked();
    return sum;
  };
  const int before = asked();
  std::vector<std::vector<double>> alone(worlds.size());
  for (std::size_t done = 0; done < reconciles; ++done) {
    for (std::size_t i = 0; i < worlds.size(); ++i) {
      empty_caches();
      alone[i].push_back(worlds[i]->next());
    }
  }
  json costs = json::object();
  for (std::size_t i = 0; i < worlds.size(); ++i) {
    std::vector<double> together(reconciles * 10);
    std::generate(together.begin(), together.end(), [&] { return worlds[i]->next(); });
    costs[numbers[i]] = {{"us", median(std::move(together))}, {"alone_us", median(alone[i])}};
  }
  if (asked() != before) throw std::runtime_error{"a reconcile that finds all as it should be asked the API server"};
  return costs;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::cerr
        << "usage: bench-reconcile RECONCILES APPS...\n\nPrints for each number of apps what a reconcile costs that "
           "finds all as it should be,\nin microseconds of CPU, as a JSON object: one right after the other "
           "(us), and with the\nprocessor's caches emptied before it (alone_us). The median of ten times "
           "RECONCILES, and\nof RECONCILES.\n";
    return 2;
  }
  try {
    const auto reconciles = std::stoi(argv[1]);
    if (reconciles < 1) throw std::invalid_argument{"RECONCILES: at least 1"};
    std::cout << measure(static_cast<std::size_t>(reconciles), {argv + 2, argv + argc}).dump() << '\n';
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
}
