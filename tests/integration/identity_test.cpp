// Who the operator is and by which way it goes, by kubeconfigs that kubectl takes as well.
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <fmt/format.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "core/digest.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/folder.hpp"
#include "tests/support/free_port.hpp"
#include "tests/support/world.hpp"

extern char** environ;

namespace fs = std::filesystem;
using nlohmann::json;

namespace {

kube::ClientConfig administrator() {
  auto config = kube::load_kubeconfig(support::environment("ADMIN_KUBECONFIG"));
  REQUIRE(config);
  return *config;
}

/// A kubeconfig of the real API server, with this besides its address and authority.
std::string kubeconfig(const json& user, const json& more_of_cluster = json::object()) {
  const auto config = administrator();
  json cluster{{"server", config.server}, {"certificate-authority-data", core::base64_encode(config.ca)}};
  cluster.update(more_of_cluster);
  return json{{"apiVersion", "v1"},
              {"kind", "Config"},
              {"current-context", "here"},
              {"clusters", {{{"name", "c"}, {"cluster", cluster}}}},
              {"users", {{{"name", "u"}, {"user", user}}}},
              {"contexts", {{{"name", "here"}, {"context", {{"cluster", "c"}, {"user", "u"}}}}}}}
      .dump();
}

json administrators_certificate() {
  const auto config = administrator();
  return {{"client-certificate-data", core::base64_encode(config.certificate)},
          {"client-key-data", core::base64_encode(config.key)}};
}

/// Whether we, and kubectl, may list what only an administrator may with this file.
void check_both_may(const std::string& file) {
  const auto config = kube::load_kubeconfig(file);
  REQUIRE(config);
  kube::Transport transport{*config};
  const auto answer = transport.send({.target = "/api/v1/secrets?limit=1"}, {});
  INFO((answer ? answer->body : answer.error().message));
  REQUIRE(answer);
  CHECK(answer->status == 200);
  CHECK(std::system(fmt::format("kubectl --kubeconfig {} get secrets -A -o name >&2", file).c_str()) == 0);
}

/// A real tinyproxy.
class Proxy {
 public:
  explicit Proxy(const support::Folder& folder) : log_{folder.path() / "tinyproxy.log"} {
    const auto file =
        folder.write("tinyproxy.conf", fmt::format("Port {}\nListen 127.0.0.1\nAllow 127.0.0.1\nLogFile "
                                                   "\"{}\"\nLogLevel Connect\nTimeout 600\nMaxClients 50\n",
                                                   port_, log_.string()));
    std::string program = "tinyproxy";
    std::string foreground = "-d";
    std::string option = "-c";
    std::string name = file;
    char* const words[]{program.data(), foreground.data(), option.data(), name.data(), nullptr};
    REQUIRE(posix_spawnp(&pid_, "tinyproxy", nullptr, nullptr, words, environ) == 0);
    kube::Transport probe{{.server = url()}};
    support::wait_for("tinyproxy to listen", [&] { return probe.send({.target = "/"}, {}).has_value(); });
  }
  ~Proxy() {
    kill(pid_, SIGTERM);
    waitpid(pid_, nullptr, 0);
  }
  Proxy(const Proxy&) = delete;
  Proxy& operator=(const Proxy&) = delete;

  std::string url() const { return fmt::format("http://127.0.0.1:{}", port_); }
  /// How many tunnels it was asked for.
  int tunnels() const {
    std::ifstream log{log_};
    int count = 0;
    for (std::string line; std::getline(log, line);)
      if (line.find(": CONNECT ") != std::string::npos) ++count;
    return count;
  }

 private:
  int port_ = support::free_port();
  fs::path log_;
  pid_t pid_ = -1;
};

/// A variable of the environment, for as long as it lives.
class Variable {
 public:
  Variable(const char* name, const std::string& value) : name_{name} { setenv(name, value.c_str(), 1); }
  ~Variable() { unsetenv(name_); }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;

 private:
  const char* name_;
};

}  // namespace

TEST_CASE("A program of the kubeconfig hands out the administrator's certificate", "[integration][identity]") {
  const support::Folder folder;
  const auto config = administrator();
  const auto version = GENERATE("client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1");
  folder.write("credential.json", json{{"apiVersion", version},
                                       {"kind", "ExecCredential"},
                                       {"status",
                                        {{"clientCertificateData", config.certificate},
                                         {"clientKeyData", config.key},
                                         {"expirationTimestamp", "2100-01-01T00:00:00Z"}}}}
                                      .dump());
  const auto program = folder.write("login", "#!/bin/sh\nexec cat \"$1/credential.json\"\n");
  fs::permissions(program, fs::perms::owner_all);
  // Kubectl takes a relative path from where the kubeconfig is, as we do.
  check_both_may(folder.write("config", kubeconfig({{"exec",
                                                     {{"apiVersion", version},
                                                      {"command", "./login"},
                                                      {"args", {folder.path().string()}},
                                                      {"interactiveMode", "Never"}}}})));
}

TEST_CASE("The way leads through the proxy of the kubeconfig", "[integration][identity]") {
  const support::Folder folder;
  const Proxy proxy{folder};
  check_both_may(folder.write("config", kubeconfig(administrators_certificate(), {{"proxy-url", proxy.url()}})));
  CHECK(proxy.tunnels() == 2);
}

TEST_CASE("The way leads through the proxy of the environment, where that does not exempt the server",
          "[integration][identity]") {
  const support::Folder folder;
  const Proxy proxy{folder};
  // Kubectl never takes a proxy to this machine.
  const auto config = kube::load_kubeconfig(folder.write("config", kubeconfig(administrators_certificate())));
  REQUIRE(config);
  const auto status = [&] {
    kube::Transport transport{*config};
    const auto answer = transport.send({.target = "/api/v1/secrets?limit=1"}, {});
    return answer ? answer->status : 0;
  };
  const Variable through{"HTTPS_PROXY", proxy.url()};
  CHECK(status() == 200);
  CHECK(proxy.tunnels() == 1);
  const Variable except{"NO_PROXY", "10.0.0.0/8,127.0.0.0/8"};
  CHECK(status() == 200);
  CHECK(proxy.tunnels() == 1);
}
