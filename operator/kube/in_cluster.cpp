#include <fstream>

#include <fmt/format.h>

#include "core/env.hpp"
#include "operator/kube/config.hpp"

namespace kube {
namespace {

namespace fs = std::filesystem;
constexpr const char* kServiceAccount = "/var/run/secrets/kubernetes.io/serviceaccount";

}  // namespace

core::Result<ClientConfig> in_cluster_config() { return in_cluster_config(kServiceAccount); }

core::Result<ClientConfig> in_cluster_config(const fs::path& service_account) {
  auto host = core::env("KUBERNETES_SERVICE_HOST").value_or("");
  const auto port = core::env("KUBERNETES_SERVICE_PORT").value_or("443");
  if (host.empty())
    return core::fail(core::ErrorKind::kInvalidInput,
                      "KUBERNETES_SERVICE_HOST is not set, so this is no pod; pass --kubeconfig FILE");
  if (host.find(':') != std::string::npos) host = "[" + host + "]";
  ClientConfig config;
  config.server = fmt::format("https://{}:{}", host, port);
  config.ca_file = (service_account / "ca.crt").string();
  config.token_file = (service_account / "token").string();
  for (const auto& file : {config.ca_file, config.token_file})
    if (std::error_code error; !fs::exists(file, error))
      return core::fail(core::ErrorKind::kInvalidInput,
                        fmt::format("{} is missing: the pod needs a service account with its token mounted", file));
  return config;
}

std::string pod_namespace() {
  std::ifstream file{fs::path{kServiceAccount} / "namespace"};
  std::string name;
  std::getline(file, name);
  return name;
}

core::Result<ClientConfig> find_config(const std::string& explicit_file) {
  if (!explicit_file.empty()) return load_kubeconfig(explicit_file);
  if (const auto file = core::env("KUBECONFIG"); file && !file->empty()) return load_kubeconfig(*file);
  if (core::env("KUBERNETES_SERVICE_HOST")) return in_cluster_config();
  return load_kubeconfig(fs::path{core::env("HOME").value_or("/")} / ".kube" / "config");
}

}  // namespace kube
