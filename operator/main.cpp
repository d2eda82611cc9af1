// The operator: builds its parts, wires them, and runs until it is told to stop.
#include <array>
#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <map>
#include <optional>
#include <string>
#include <thread>

#include <fmt/format.h>
#include <malloc.h>
#include <pthread.h>
#include <unistd.h>

#include "core/build_id.hpp"
#include "core/digest.hpp"
#include "core/http_server.hpp"
#include "core/log.hpp"
#include "core/metrics.hpp"
#include "operator/controllers/realtimeapp/metrics.hpp"
#include "operator/controllers/realtimeapp/reconciler.hpp"
#include "operator/kube/client.hpp"
#include "operator/options.hpp"
#include "operator/runtime/manager.hpp"
#include "operator/version.hpp"

namespace {

std::string host_name() {
  std::array<char, 256> name{};
  gethostname(name.data(), name.size() - 1);
  return name.data();
}

/// Blocks SIGINT and SIGTERM in every thread that is made later and turns the first of them into a stop request.
class Signals {
 public:
  explicit Signals(std::stop_source& stop) {
    sigemptyset(&set_);
    sigaddset(&set_, SIGINT);
    sigaddset(&set_, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &set_, nullptr);
    signal(SIGPIPE, SIG_IGN);
    thread_ = std::jthread{[this, &stop](const std::stop_token& done) {
      const timespec look_again{0, 200'000'000};
      while (!done.stop_requested())
        if (sigtimedwait(&set_, nullptr, &look_again) > 0) stop.request_stop();
    }};
  }

 private:
  sigset_t set_{};
  std::jthread thread_;
};

/// The exit code when another instance may be the leader: at once, whatever is being done.
constexpr int kLeaseLost = 3;

/// The Lease by which instances elect a leader; an empty key without election.
core::Result<kube::ObjectKey> lease_of(const Options& options) {
  if (!options.leader_elect) return kube::ObjectKey{};
  const auto name_space = options.lease_namespace.empty() ? kube::pod_namespace() : options.lease_namespace;
  if (name_space.empty())
    return core::fail(core::ErrorKind::kInvalidInput,
                      "this is no pod, so --leader-elect needs --leader-elect-resource-namespace NAMESPACE");
  return kube::ObjectKey{name_space, options.lease_name};
}

std::map<std::string, core::HttpServer::Handler> health_pages(const runtime::Manager& manager) {
  const auto alive = [] { return core::HttpAnswer{200, "ok\n"}; };
  const auto ready = [&manager] {
    return manager.synced() ? core::HttpAnswer{200, "ok\n"}
                            : core::HttpAnswer{503, "the caches have not had their first list\n"};
  };
  return {{"/healthz", alive}, {"/readyz", ready}};
}

std::map<std::string, core::HttpServer::Handler> metrics_pages(runtime::Manager& manager,
                                                               const core::Metrics& metrics) {
  return {{"/metrics", [&] {
             manager.update_gauges();
             return core::HttpAnswer{200, metrics.exposition(), "text/plain; version=0.0.4"};
           }}};
}

core::Result<void> run(const Options& options) {
  std::stop_source stop;
  const Signals signals{stop};
  if (auto set = core::configure_logs(options.log_level); !set) return set;
  auto config = kube::find_config(options.kubeconfig);
  if (!config) return tl::unexpected(config.error());
  auto lease = lease_of(options);
  if (!lease) return tl::unexpected(lease.error());

  core::Metrics metrics;
  kube::Transport transport{std::move(*config)};
  kube::Client client{transport, metrics};
  runtime::EventRecorder recorder{client, host_name()};
  controllers::Caches caches;
  controllers::metrics::show(metrics, caches);
  controllers::ConnectionCounter connections{[&](const auto& app) { return caches.metrics_addresses(app); }};
  controllers::ReconcilerOptions reconciling;
  reconciling.images = {options.redis_image, options.server_image};
  reconciling.secret_refresh = std::chrono::seconds{options.secret_refresh_seconds};
  reconciling.build = core::build_id();
  controllers::Reconciler reconciler{client, caches, connections, recorder, reconciling};
  runtime::ReflectorThreads threads;
  runtime::Manager manager{threads, client, metrics, options.watch_namespaces};
  auto& controller = manager.controller("realtimeapp", options.workers, [&](const auto& key, const auto& stopped) {
    return reconciler.reconcile(key, stopped);
  });
  caches.connect(manager, controller.queue());
  const auto counting =
      connections.start([&](const auto& app) { controller.queue().add(app, runtime::Priority::kLow); });

  const auto health = core::HttpServer::listen(options.health_address, health_pages(manager));
  if (!health) return tl::unexpected(health.error());
  const auto exposition = core::HttpServer::listen(options.metrics_address, metrics_pages(manager, metrics));
  if (!exposition) return tl::unexpected(exposition.error());

  std::optional<runtime::LeaderElector> elector;
  if (options.leader_elect) {
    // Unlike the host's name it is no other's after a restart of the container.
    const auto identity = fmt::format("{}_{}", host_name(), core::random_hex(8));
    elector.emplace(threads, client, metrics, std::move(*lease), identity, options.lease_times,
                    [] { std::_Exit(kLeaseLost); });
  }

  core::log(core::LogLevel::kInfo, "started", {{"version", kVersion}, {"server", transport.host()}});
  manager.run(stop.get_token(), elector ? &*elector : nullptr);
  core::log(core::LogLevel::kInfo, "stopped");
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  // A start allocates a hundred megabytes in small pieces: fewer, larger requests to the system cost less, also for
  // what is freed soon. To set one of these ends that malloc adapts the others.
  mallopt(M_TOP_PAD, 1 << 20);
  mallopt(M_TRIM_THRESHOLD, 8 << 20);
  mallopt(M_MMAP_THRESHOLD, 4 << 20);
  const auto parsed = parse_options(argc, argv);
  if (parsed.exit_code) return *parsed.exit_code;
  try {
    const auto outcome = run(parsed.options);
    if (outcome) return 0;
    fmt::print(stderr, "realtime-operator: {}\n", outcome.error().message);
    return outcome.error().kind == core::ErrorKind::kInvalidInput ? kUsageError : 1;
  } catch (const std::exception& error) {
    fmt::print(stderr, "realtime-operator: {}\n", error.what());
    return 1;
  }
}
