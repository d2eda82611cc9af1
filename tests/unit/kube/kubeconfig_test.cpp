#include <fmt/format.h>

#include "core/digest.hpp"
#include "operator/kube/config.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/folder.hpp"

namespace {

std::string config_with(const std::string& cluster, const std::string& user) {
  return fmt::format(
      "current-context: here\ncontexts: [{{name: here, context: {{cluster: c, user: u}}}}]\n"
      "clusters: [{{name: other, cluster: {{server: x}}}}, {{name: c, cluster: {{{}}}}}]\nusers: [{{name: u, user: "
      "{{{}}}}}]\n",
      cluster, user);
}

}  // namespace

TEST_CASE("A kubeconfig is read with inline data and with files next to it", "[unit][kube]") {
  const support::Folder folder;
  folder.write("ca.crt", "CA");
  const auto file = folder.write(
      "config", config_with("server: \"https://[::1]:6443\", certificate-authority: ca.crt, tls-server-name: api",
                            fmt::format("client-certificate-data: {}, client-key-data: {}, token: t",
                                        core::base64_encode("CERT"), core::base64_encode("KEY"))));
  const auto config = kube::load_kubeconfig(file);
  REQUIRE(config);
  CHECK(config->server == "https://[::1]:6443");
  CHECK(config->ca == "CA");
  CHECK(config->certificate == "CERT");
  CHECK(config->key == "KEY");
  CHECK(config->token == "t");
  CHECK(config->tls_server_name == "api");
  CHECK_FALSE(config->insecure_skip_tls_verify);
}

TEST_CASE("A kubeconfig may name a program that hands out credentials, and a proxy", "[unit][kube]") {
  const support::Folder folder;
  const auto file = folder.write(
      "config",
      config_with("server: s, proxy-url: \"socks5://proxy:1080\"",
                  "exec: {apiVersion: client.authentication.k8s.io/v1beta1, command: ./bin/login, args: [get, "
                  "\"7\"], env: [{name: PROFILE, value: dev}], installHint: install it, "
                  "interactiveMode: IfAvailable, provideClusterInfo: true}"));
  const auto config = kube::load_kubeconfig(file);
  REQUIRE(config);
  CHECK(config->proxy_url == "socks5://proxy:1080");
  REQUIRE(config->exec);
  CHECK(config->exec->api_version == "client.authentication.k8s.io/v1beta1");
  CHECK(config->exec->command == (folder.path() / "./bin/login").string());
  CHECK(config->exec->args == std::vector<std::string>{"get", "7"});
  CHECK(config->exec->env == std::vector<std::pair<std::string, std::string>>{{"PROFILE", "dev"}});
  CHECK(config->exec->install_hint == "install it");
  CHECK(config->exec->provide_cluster_info);
}

TEST_CASE("A kubeconfig's program is not run where a token or a certificate says who we are", "[unit][kube]") {
  const support::Folder folder;
  folder.write("cert.pem", "CERT");
  folder.write("key.pem", "KEY");
  const std::string exec = ", exec: {apiVersion: client.authentication.k8s.io/v1, command: login}";
  for (const auto* identity : {"token: t", "tokenFile: token", "client-certificate: cert.pem, client-key: key.pem"}) {
    INFO(identity);
    const auto config = kube::load_kubeconfig(folder.write(
        "config", config_with(fmt::format("server: s, certificate-authority-data: {}", core::base64_encode("CA")),
                              identity + exec)));
    REQUIRE(config);
    CHECK_FALSE(config->exec);
    CHECK(config->ca == "CA");
    CHECK((config->token == "t" || config->token_file == (folder.path() / "token").string() ||
           (config->certificate == "CERT" && config->key == "KEY")));
  }
}

TEST_CASE("What is wrong in a kubeconfig is named, with the file", "[unit][kube]") {
  const support::Folder folder;
  const auto [content, words] = GENERATE(table<std::string, std::string>(
      {{"a: [", "config"},
       {"[]", "is no YAML mapping"},
       {"clusters: []", "has no current-context"},
       {"current-context: x", "contexts has no entry named \"x\""},
       {config_with("insecure-skip-tls-verify: true", ""), "the cluster has no server"},
       {config_with("server: s, certificate-authority: missing.crt", ""), "missing.crt"},
       {config_with("server: s", "client-key-data: S0VZ"), "belong together"},
       {config_with("server: s", "client-key-data: '?'"), "client-key-data is not Base64"},
       {config_with("server: s", "auth-provider: {name: gcp}"), "give it an exec plugin"},
       {config_with("server: s", "exec: {command: aws}"), "exec has apiVersion \"\""},
       {config_with("server: s", "exec: {apiVersion: client.authentication.k8s.io/v1alpha1, command: aws}"),
        "client.authentication.k8s.io/v1 and /v1beta1 are known"},
       {config_with("server: s", "exec: {apiVersion: client.authentication.k8s.io/v1}"), "exec has no command"},
       {config_with("server: s",
                    "exec: {apiVersion: client.authentication.k8s.io/v1, command: aws, interactiveMode: Always}"),
        "aws with interactiveMode Always, and the operator has no terminal"}}));
  const auto outcome = kube::load_kubeconfig(folder.write("config", content));
  REQUIRE_FALSE(outcome);
  CHECK(outcome.error().kind == core::ErrorKind::kInvalidInput);
  CHECK_THAT(outcome.error().message, Catch::Contains(words) && Catch::Contains(folder.path().string()));
}

TEST_CASE("Inside a pod the service account tells how to reach the API server", "[unit][kube]") {
  const support::Folder folder;
  unsetenv("KUBERNETES_SERVICE_HOST");
  CHECK_FALSE(kube::in_cluster_config(folder.path()));
  setenv("KUBERNETES_SERVICE_HOST", "fd00::1", 1);
  setenv("KUBERNETES_SERVICE_PORT", "443", 1);
  const auto without_token = kube::in_cluster_config(folder.path());
  REQUIRE_FALSE(without_token);
  CHECK_THAT(without_token.error().message, Catch::Contains("ca.crt is missing"));
  folder.write("ca.crt", "CA");
  folder.write("token", "T");
  const auto config = kube::in_cluster_config(folder.path());
  REQUIRE(config);
  CHECK(config->server == "https://[fd00::1]:443");
  CHECK(config->token_file == (folder.path() / "token").string());
  unsetenv("KUBERNETES_SERVICE_HOST");
  unsetenv("KUBERNETES_SERVICE_PORT");
}
