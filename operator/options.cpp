#include "operator/options.hpp"

#include <CLI/CLI.hpp>

ParsedOptions parse_options(int argc, char** argv) {
  ParsedOptions parsed;
  auto& options = parsed.options;
  CLI::App app{
      "Reconciles RealtimeApps: turns each into a Deployment, a Redis backplane, Services with session affinity and an "
      "Ingress that upgrades WebSockets, and keeps them so.",
      "realtime-operator"};
  app.footer(
      "Run outside a cluster:  realtime-operator --kubeconfig ~/.kube/config\n"
      "Inside one, the chart charts/realtime-operator sets every flag.");
  app.set_version_flag("--version", kVersion);
  app.add_option("--kubeconfig", options.kubeconfig,
                 "How to reach the API server. Without it: $KUBECONFIG, else the pod's service account, else "
                 "~/.kube/config")
      ->type_name("FILE");
  app.add_option("--watch-namespaces", options.watch_namespaces,
                 "Only these namespaces, separated by commas; all without it")
      ->delimiter(',')
      ->type_name("A,B");
  app.add_option("--metrics-bind-address", options.metrics_address, "Where Prometheus finds /metrics")
      ->type_name("HOST:PORT")
      ->capture_default_str();
  app.add_option("--health-probe-bind-address", options.health_address, "Where the kubelet finds /healthz and /readyz")
      ->type_name("HOST:PORT")
      ->capture_default_str();
  app.add_option("--redis-image", options.redis_image,
                 "The image of provisioned Redis for apps that name none; existing apps keep theirs")
      ->type_name("IMAGE")
      ->capture_default_str();
  app.add_option("--server-image", options.server_image,
                 "The image of the bundled server for apps that name none; existing apps keep theirs")
      ->type_name("IMAGE")
      ->capture_default_str();
  app.add_option("--workers", options.workers, "RealtimeApps that are reconciled at the same time")
      ->check(CLI::Range(1, 64))
      ->capture_default_str();
  app.add_option("--secret-refresh", options.secret_refresh_seconds,
                 "Seconds until a Secret, which is never watched, is read again")
      ->check(CLI::Range(1, 86'400))
      ->capture_default_str();
  app.add_option("--log-level", options.log_level, "debug, info, warning or error")->capture_default_str();
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    parsed.exit_code = app.exit(error) == 0 ? 0 : kUsageError;
  }
  return parsed;
}
