// The operator's command line. Read once by main.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "operator/runtime/leader_elector.hpp"
#include "operator/version.hpp"

/// The exit code for a wrong flag, file or manifest: something that the user has to change.
inline constexpr int kUsageError = 2;

/// What the flags say; the defaults are those of the pod in the chart.
struct Options {
  std::string kubeconfig;  ///< empty: $KUBECONFIG, the pod's service account, or ~/.kube/config
  std::vector<std::string> watch_namespaces;
  std::string metrics_address = ":8080";
  std::string health_address = ":8081";
  std::string redis_image = "redis:7.4-alpine";
  std::string server_image = std::string{"realtime-server:"} + kVersion;
  std::string log_level = "info";
  bool leader_elect = false;
  std::string lease_name = "realtime-operator";
  std::string lease_namespace;  ///< empty: the pod's
  runtime::LeaseTimes lease_times;
  int workers = 4;
  int secret_refresh_seconds = 300;
};

/// Reads the flags. Gives the exit code instead if the process should end now: help, version, or a wrong flag, about
/// which everything has been printed.
struct ParsedOptions {
  Options options;
  std::optional<int> exit_code;
};
ParsedOptions parse_options(int argc, char** argv);
