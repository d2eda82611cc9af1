#include "operator/options.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "core/duration.hpp"

namespace {

/// A flag for a whole number of seconds, written as a duration: 15s, 1m.
void add_seconds(CLI::App& app, const char* name, std::chrono::seconds& value, const char* words) {
  const auto read = [&value](const std::string& text) {
    const auto duration = core::parse_duration(text);
    value = std::chrono::duration_cast<std::chrono::seconds>(duration.value_or(std::chrono::milliseconds{0}));
    if (value.count() < 1 || value != *duration)
      throw CLI::ValidationError(fmt::format("{} is not a duration in whole seconds, for example 15s or 1m", text));
  };
  app.add_option_function<std::string>(name, read, words)
      ->type_name("DURATION")
      ->default_str(core::format_duration(value));
}

void add_leadership(CLI::App& app, Options& options) {
  app.add_flag("--leader-elect", options.leader_elect,
               "Work only while holding a Lease, so that several instances can run and one of them works");
  app.add_option("--leader-elect-resource-name", options.lease_name, "The Lease's name")
      ->type_name("NAME")
      ->capture_default_str();
  app.add_option("--leader-elect-resource-namespace", options.lease_namespace,
                 "The Lease's namespace. Default: the pod's")
      ->type_name("NAMESPACE");
  add_seconds(app, "--leader-elect-lease-duration", options.lease_times.duration,
              "How long the others wait after the last renewal that they saw before they take over");
  add_seconds(app, "--leader-elect-renew-deadline", options.lease_times.renew_deadline,
              "How long the leader tries to renew before it stops leading; less than the lease duration");
  add_seconds(app, "--leader-elect-retry-period", options.lease_times.retry_period,
              "The time between renewals, and between attempts to take over; less than the renew deadline");
}

/// What is wrong with the flags taken together; empty: nothing.
std::string contradiction(const Options& options) {
  const auto& times = options.lease_times;
  if (times.retry_period >= times.renew_deadline || times.renew_deadline >= times.duration)
    return "--leader-elect-retry-period must be less than --leader-elect-renew-deadline, which must be less than "
           "--leader-elect-lease-duration";
  return {};
}

}  // namespace

ParsedOptions parse_options(int argc, char** argv) {
  ParsedOptions parsed;
  auto& options = parsed.options;
  CLI::App app{
      "Reconciles RealtimeApps: turns each into a Deployment, a Redis backplane, Services with session affinity and an "
      "Ingress that upgrades WebSockets, and reverts changes to them.",
      "realtime-operator"};
  app.footer(
      "Run outside a cluster:  realtime-operator --kubeconfig ~/.kube/config\n"
      "Inside a cluster, the chart charts/realtime-operator sets the flags.");
  app.set_version_flag("--version", kVersion);
  app.add_option("--kubeconfig", options.kubeconfig,
                 "How to reach the API server. Default: $KUBECONFIG, then the pod's service account, then "
                 "~/.kube/config")
      ->type_name("FILE");
  app.add_option("--watch-namespaces", options.watch_namespaces,
                 "The namespaces to watch, separated by commas. Default: all")
      ->delimiter(',')
      ->type_name("A,B");
  app.add_option("--metrics-bind-address", options.metrics_address,
                 "Where Prometheus finds /metrics. Without HOST: every address, IPv4 and IPv6")
      ->type_name("HOST:PORT")
      ->capture_default_str();
  app.add_option("--health-probe-bind-address", options.health_address,
                 "Where the kubelet finds /healthz and /readyz. Without HOST: every address, IPv4 and IPv6")
      ->type_name("HOST:PORT")
      ->capture_default_str();
  app.add_option("--redis-image", options.redis_image,
                 "The Redis image for apps that set none; existing apps keep theirs")
      ->type_name("IMAGE")
      ->capture_default_str();
  app.add_option("--server-image", options.server_image,
                 "The image of the bundled server for apps that set none; existing apps keep theirs")
      ->type_name("IMAGE")
      ->capture_default_str();
  add_leadership(app, options);
  app.add_option("--workers", options.workers, "How many RealtimeApps are reconciled at the same time")
      ->check(CLI::Range(1, 64))
      ->capture_default_str();
  app.add_option("--secret-refresh", options.secret_refresh_seconds,
                 "Seconds after which a Secret is reread; Secrets are never watched")
      ->check(CLI::Range(1, 86'400))
      ->capture_default_str();
  app.add_option("--log-level", options.log_level, "debug, info, warning or error")->capture_default_str();
  try {
    app.parse(argc, argv);
    if (const auto words = contradiction(options); !words.empty()) throw CLI::ValidationError(words);
  } catch (const CLI::ParseError& error) {
    parsed.exit_code = app.exit(error) == 0 ? 0 : kUsageError;
  }
  return parsed;
}
