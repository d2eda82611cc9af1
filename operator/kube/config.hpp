// How to reach an API server and as whom: read from a kubeconfig file or from the pod's service account. Value types;
// read once at start-up. What rotates (token, CA) is named by file and re-read by Credentials.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/result.hpp"

namespace kube {

/// A program that hands out credentials (client.authentication.k8s.io/v1 and v1beta1; a kubeconfig's `exec`).
struct ExecPlugin {
  std::string api_version;
  std::string command;  ///< a path, or a name that is looked up in PATH
  std::vector<std::string> args;
  std::vector<std::pair<std::string, std::string>> env;  ///< besides ours
  std::string install_hint;                              ///< for the message when there is no such program
  bool provide_cluster_info = false;                     ///< it is told which cluster it is for, without `config`
};

/// Certificates and keys are PEM text. Where both an inline value and a file are possible, exactly one is set.
struct ClientConfig {
  std::string server;           ///< "https://HOST:PORT", an IPv6 host in brackets
  std::string ca;               ///< trusted CA certificates; empty with no ca_file means the system's
  std::string ca_file;          ///< re-read while running
  std::string certificate;      ///< client certificate chain, empty for none
  std::string key;              ///< its private key
  std::string token;            ///< bearer token, empty for none
  std::string token_file;       ///< re-read while running
  std::string tls_server_name;  ///< name expected in the server's certificate, when not the host of `server`
  std::string proxy_url;        ///< HTTP or SOCKS5 proxy, empty for that of HTTPS_PROXY and NO_PROXY
  bool insecure_skip_tls_verify = false;
  std::optional<ExecPlugin> exec;  ///< who we are, when neither a certificate nor a token says so
};

/// The current context of a kubeconfig file (client-go's v1.Config format). Relative files are resolved against the
/// file's directory. kInvalidInput names the file and what is wrong in it.
core::Result<ClientConfig> load_kubeconfig(const std::filesystem::path& file);

/// The same from the file's text. Throws nothing; the message lacks the file's name.
core::Result<ClientConfig> parse_kubeconfig(const std::string& text, const std::filesystem::path& directory);

/// The configuration of a pod, from KUBERNETES_SERVICE_HOST and _PORT and the mounted service account.
core::Result<ClientConfig> in_cluster_config();

/// The same with another mount point of the service account.
core::Result<ClientConfig> in_cluster_config(const std::filesystem::path& service_account);

/// The pod's own namespace; empty outside a pod.
std::string pod_namespace();

/// `explicit_file` if given, else the file of $KUBECONFIG, else the pod's service account, else ~/.kube/config.
core::Result<ClientConfig> find_config(const std::string& explicit_file);

}  // namespace kube
