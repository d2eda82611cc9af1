#include <fstream>
#include <iterator>

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include "core/digest.hpp"
#include "operator/kube/config.hpp"

namespace kube {
namespace {

using core::ErrorKind;
using core::Result;
namespace fs = std::filesystem;

constexpr std::uintmax_t kMaxFileBytes = 4 << 20;

Result<std::string> read_file(const fs::path& file) {
  std::error_code error;
  const auto size = fs::file_size(file, error);
  if (error) return core::fail(ErrorKind::kInvalidInput, fmt::format("{}: {}", file.string(), error.message()));
  if (size > kMaxFileBytes)
    return core::fail(ErrorKind::kTooLarge, fmt::format("{}: larger than {} bytes", file.string(), kMaxFileBytes));
  std::ifstream stream{file, std::ios::binary};
  if (!stream) return core::fail(ErrorKind::kInvalidInput, fmt::format("{}: cannot be read", file.string()));
  return std::string{std::istreambuf_iterator<char>{stream}, {}};
}

std::string text_of(const YAML::Node& node, const char* field) {
  const auto value = node[field];
  return value && value.IsScalar() ? value.as<std::string>() : std::string{};
}

/// The entry called `name` in one of the lists of a kubeconfig, {name, cluster|user|context}.
Result<YAML::Node> entry(const YAML::Node& root, const char* list, const char* member, const std::string& name) {
  const auto entries = root[list];
  if (entries && entries.IsSequence())
    for (const auto& candidate : entries)
      if (candidate.IsMap() && text_of(candidate, "name") == name && candidate[member].IsMap())
        return candidate[member];
  return core::fail(ErrorKind::kInvalidInput, fmt::format("{} has no entry named \"{}\"", list, name));
}

/// `FIELD-data` decoded, or the content of the file that `FIELD` names, or nothing.
Result<std::string> inline_or_file(const YAML::Node& node, const std::string& field, const fs::path& directory) {
  if (const auto inlined = text_of(node, (field + "-data").c_str()); !inlined.empty()) {
    auto decoded = core::base64_decode(inlined);
    if (!decoded) return core::fail(ErrorKind::kInvalidInput, fmt::format("{}-data is not Base64", field));
    return *decoded;
  }
  const auto file = text_of(node, field.c_str());
  if (file.empty()) return std::string{};
  return read_file(directory / file);
}

Result<void> read_cluster(const YAML::Node& cluster, const fs::path& directory, ClientConfig& config) {
  config.server = text_of(cluster, "server");
  if (config.server.empty()) return core::fail(ErrorKind::kInvalidInput, "the cluster has no server");
  auto ca = inline_or_file(cluster, "certificate-authority", directory);
  if (!ca) return tl::unexpected(ca.error());
  config.ca = std::move(*ca);
  config.tls_server_name = text_of(cluster, "tls-server-name");
  config.proxy_url = text_of(cluster, "proxy-url");
  config.insecure_skip_tls_verify = text_of(cluster, "insecure-skip-tls-verify") == "true";
  return {};
}

/// A list of strings; wrong entries are empty ones.
std::vector<std::string> texts_of(const YAML::Node& list) {
  std::vector<std::string> texts;
  if (list && list.IsSequence())
    for (const auto& entry : list) texts.push_back(entry.IsScalar() ? entry.as<std::string>() : std::string{});
  return texts;
}

Result<ExecPlugin> read_exec(const YAML::Node& exec, const fs::path& directory) {
  ExecPlugin plugin;
  plugin.api_version = text_of(exec, "apiVersion");
  if (plugin.api_version != "client.authentication.k8s.io/v1" &&
      plugin.api_version != "client.authentication.k8s.io/v1beta1")
    return core::fail(ErrorKind::kInvalidInput,
                      fmt::format("exec has apiVersion \"{}\"; client.authentication.k8s.io/v1 and /v1beta1 are known",
                                  plugin.api_version));
  plugin.command = text_of(exec, "command");
  if (plugin.command.empty()) return core::fail(ErrorKind::kInvalidInput, "exec has no command");
  if (plugin.command.find('/') != std::string::npos) plugin.command = (directory / plugin.command).string();
  if (text_of(exec, "interactiveMode") == "Always")
    return core::fail(
        ErrorKind::kInvalidInput,
        fmt::format("exec runs {} with interactiveMode Always, and the operator has no terminal; give the "
                    "user a token or a client certificate",
                    plugin.command));
  plugin.args = texts_of(exec["args"]);
  if (const auto env = exec["env"]; env && env.IsSequence())
    for (const auto& variable : env)
      if (variable.IsMap()) plugin.env.emplace_back(text_of(variable, "name"), text_of(variable, "value"));
  plugin.install_hint = text_of(exec, "installHint");
  plugin.provide_cluster_info = text_of(exec, "provideClusterInfo") == "true";
  return plugin;
}

Result<void> read_user(const YAML::Node& user, const fs::path& directory, ClientConfig& config) {
  if (user["auth-provider"])
    return core::fail(
        ErrorKind::kInvalidInput,
        "the user authenticates by auth-provider, which Kubernetes 1.26 removed; give it an exec plugin, a "
        "token or a client certificate");
  auto certificate = inline_or_file(user, "client-certificate", directory);
  if (!certificate) return tl::unexpected(certificate.error());
  auto key = inline_or_file(user, "client-key", directory);
  if (!key) return tl::unexpected(key.error());
  if (certificate->empty() != key->empty())
    return core::fail(ErrorKind::kInvalidInput, "client-certificate and client-key belong together, one is missing");
  config.certificate = std::move(*certificate);
  config.key = std::move(*key);
  config.token = text_of(user, "token");
  if (const auto file = text_of(user, "tokenFile"); !file.empty()) config.token_file = (directory / file).string();
  const bool says_who = !config.certificate.empty() || !config.token.empty() || !config.token_file.empty();
  if (const auto exec = user["exec"]; !says_who && exec && exec.IsMap()) {
    auto plugin = read_exec(exec, directory);
    if (!plugin) return tl::unexpected(plugin.error());
    config.exec = std::move(*plugin);
  }
  return {};
}

Result<ClientConfig> parse(const std::string& text, const fs::path& directory) {
  const auto root = YAML::Load(text);
  if (!root.IsMap()) return core::fail(ErrorKind::kInvalidInput, "is no YAML mapping");
  const auto current = text_of(root, "current-context");
  if (current.empty())
    return core::fail(ErrorKind::kInvalidInput, "has no current-context; set one with `kubectl config use-context`");
  const auto context = entry(root, "contexts", "context", current);
  if (!context) return tl::unexpected(context.error());
  const auto cluster = entry(root, "clusters", "cluster", text_of(*context, "cluster"));
  if (!cluster) return tl::unexpected(cluster.error());
  const auto user = entry(root, "users", "user", text_of(*context, "user"));
  if (!user) return tl::unexpected(user.error());
  ClientConfig config;
  if (auto done = read_cluster(*cluster, directory, config); !done) return tl::unexpected(done.error());
  if (auto done = read_user(*user, directory, config); !done) return tl::unexpected(done.error());
  return config;
}

}  // namespace

Result<ClientConfig> parse_kubeconfig(const std::string& text, const fs::path& directory) {
  try {
    return parse(text, directory);
  } catch (const YAML::Exception& error) {
    return core::fail(ErrorKind::kInvalidInput, error.what());
  }
}

Result<ClientConfig> load_kubeconfig(const fs::path& file) {
  const auto text = read_file(file);
  if (!text) return core::fail(text.error(), "kubeconfig");
  auto config = parse_kubeconfig(*text, file.parent_path());
  if (!config) return core::fail(config.error(), "kubeconfig " + file.string());
  return config;
}

}  // namespace kube
