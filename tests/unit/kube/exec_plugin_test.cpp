// Programs that hand out credentials, as real processes: what they say, and how they end.
#include "operator/kube/exec_plugin.hpp"

#include <algorithm>
#include <thread>

#include <fmt/format.h>

#include "operator/kube/credentials.hpp"
#include "operator/kube/transport.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/folder.hpp"
#include "tests/support/json.hpp"
#include "tests/support/scripted_server.hpp"

using namespace std::chrono_literals;
using core::ErrorKind;
using support::ScriptedReply;
using support::ScriptedRequest;
using support::ScriptedServer;

namespace {

constexpr const char* kVersion = "client.authentication.k8s.io/v1";

std::string credential(const std::string& status) {
  return fmt::format(R"({{"apiVersion": "{}", "kind": "ExecCredential", "status": {{{}}}}})", kVersion, status);
}

/// A configuration whose plugin is this shell script, in a folder of its own.
struct Plugin {
  explicit Plugin(const std::string& script) {
    config.exec =
        kube::ExecPlugin{kVersion, "sh", {"-c", "cd " + folder.path().string() + "; " + script}, {}, "", false};
  }

  core::Result<kube::ExecCredential> run(std::chrono::milliseconds timeout = 20s,
                                         const std::stop_token& stop = {}) const {
    return kube::run_exec_plugin(config, timeout, stop);
  }
  /// How many lines the script has written to the file "runs".
  long runs() const {
    const auto lines = folder.read("runs");
    return std::count(lines.begin(), lines.end(), '\n');
  }

  support::Folder folder;
  kube::ClientConfig config;
};

std::string token_of(const ScriptedRequest& request) {
  const auto found = request.headers.find("authorization");
  return found == request.headers.end() ? "" : found->second;
}

}  // namespace

TEST_CASE("A plugin hands out a token or a certificate, with or without an end", "[unit][kube]") {
  const auto token =
      Plugin{"echo '" + credential(R"("token": "t", "expirationTimestamp": "2030-01-02T03:04:05Z")") + "'"}.run();
  REQUIRE(token);
  CHECK(token->token == "t");
  CHECK(core::format_time(*token->expires) == "2030-01-02T03:04:05Z");
  const auto pair = Plugin{"echo '" + credential(R"("clientCertificateData": "C", "clientKeyData": "K")") + "'"}.run();
  REQUIRE(pair);
  CHECK(pair->certificate == "C");
  CHECK(pair->key == "K");
  CHECK_FALSE(pair->expires);
}

TEST_CASE("A plugin is told what it is for, and has its variables in addition to ours", "[unit][kube]") {
  setenv("EXEC_PLUGIN_TEST", "inherited", 1);
  setenv("KUBERNETES_EXEC_INFO", "of another one", 1);
  Plugin plugin{
      R"(printf '%s' "$KUBERNETES_EXEC_INFO" > info; read line; echo "$PROFILE $EXEC_PLUGIN_TEST $line" > words)"};
  plugin.config.server = "https://api:6443";
  plugin.config.ca = "PEM";
  plugin.config.exec->env = {{"PROFILE", "dev"}};
  (void)plugin.run();
  CHECK(plugin.folder.read("words") == "dev inherited \n");
  CHECK(nlohmann::json::parse(plugin.folder.read("info")) ==
        nlohmann::json::parse(R"({"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential",
                                  "spec": {"interactive": false}})"));
  plugin.config.exec->provide_cluster_info = true;
  (void)plugin.run();
  CHECK(nlohmann::json::parse(plugin.folder.read("info"))["spec"]["cluster"] ==
        nlohmann::json::parse(R"({"server": "https://api:6443", "certificate-authority-data": "UEVN"})"));
}

TEST_CASE("What a plugin does wrong is named", "[unit][kube]") {
  const auto [script, kind, words] = GENERATE(table<std::string, ErrorKind, std::string>(
      {{"exit 3", ErrorKind::kUnauthorized, "sh ended with exit code 3"},
       {"kill -9 $$", ErrorKind::kUnauthorized, "exit code 137"},
       {"true", ErrorKind::kMalformed, "no JSON of kind ExecCredential"},
       {"echo Please log in.", ErrorKind::kMalformed, "no JSON of kind ExecCredential"},
       {R"(echo '{"kind": "Secret"}')", ErrorKind::kMalformed, "no JSON of kind ExecCredential"},
       {R"(echo '{"kind": "ExecCredential", "apiVersion": "client.authentication.k8s.io/v1beta1"}')",
        ErrorKind::kMalformed, R"(gave apiVersion "client.authentication.k8s.io/v1beta1"; the kubeconfig says)"},
       {"echo '" + credential("") + "'", ErrorKind::kMalformed, "neither a token nor a client certificate"},
       {"echo '" + credential(R"("token": 7)") + "'", ErrorKind::kMalformed, "neither a token nor"},
       {"echo '" + credential(R"("clientKeyData": "K")") + "'", ErrorKind::kMalformed, "without the other"},
       {"echo '" + credential(R"("token": "t", "expirationTimestamp": "soon")") + "'", ErrorKind::kMalformed,
        "expirationTimestamp \"soon\""},
       {"exec cat /dev/zero", ErrorKind::kTooLarge, "said more than 1048576 bytes"}}));
  const auto outcome = Plugin{script}.run();
  REQUIRE_FALSE(outcome);
  CHECK(outcome.error().kind == kind);
  CHECK_THAT(outcome.error().message, Catch::Contains(words));
}

TEST_CASE("A plugin that is not installed is named with how to install it", "[unit][kube]") {
  Plugin plugin{""};
  plugin.config.exec->command = "no-such-plugin";
  plugin.config.exec->install_hint = "get it from the cloud";
  const auto outcome = plugin.run();
  REQUIRE_FALSE(outcome);
  CHECK(outcome.error().kind == ErrorKind::kInvalidInput);
  CHECK_THAT(outcome.error().message,
             Catch::Contains("no-such-plugin cannot be run: No such file or directory; get it"));
}

TEST_CASE("A plugin that does not end is killed with all it started", "[unit][kube]") {
  const auto start = std::chrono::steady_clock::now();
  // The one in the background has its output open.
  CHECK(Plugin{"tail -f /dev/null & tail -f /dev/null"}.run(100ms).error().kind == ErrorKind::kTimeout);
  std::stop_source stop;
  stop.request_stop();
  CHECK(Plugin{"exec tail -f /dev/null"}.run(20s, stop.get_token()).error().kind == ErrorKind::kCancelled);
  CHECK(Plugin{"tail -f --pid=$$ /dev/null & echo '" + credential(R"("token": "t")") + "'"}.run()->token == "t");
  CHECK(std::chrono::steady_clock::now() - start < 10s);
}

TEST_CASE("What a plugin handed out is used until it expires or is refused", "[unit][kube]") {
  std::atomic<const char*> accepted = "Bearer one";
  ScriptedServer server{[&](const ScriptedRequest& request, ScriptedReply& reply) {
    reply.answer(token_of(request) == accepted.load() ? 200 : 401, "{}");
  }};
  Plugin plugin{"echo run >> runs; cat answer"};
  plugin.config.server = server.url();
  plugin.config.ca = server.authority();
  plugin.folder.write("answer", credential(R"("token": "one")"));
  kube::Transport transport{plugin.config};
  const auto status = [&] { return transport.send({.target = "/"}, {})->status; };
  const auto until = [&](long wanted) {
    const auto end = std::chrono::steady_clock::now() + 10s;
    while (status() != wanted && std::chrono::steady_clock::now() < end) std::this_thread::yield();
    CHECK(status() == wanted);
  };
  CHECK(status() == 200);
  CHECK(status() == 200);
  CHECK(plugin.runs() == 1);
  SECTION("refused: it is asked for another one") {
    plugin.folder.write("answer", credential(R"("token": "two")"));
    accepted = "Bearer two";
    CHECK(status() == 401);
    until(200);
    CHECK(plugin.runs() == 2);
  }
  SECTION("refused again and again: it is not run at each request") {
    accepted = "Bearer nobody";
    const auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < 50; ++i) CHECK(status() == 401);
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(std::chrono::steady_clock::now() - start);
    CHECK(plugin.runs() <= 2 + seconds.count());
  }
  SECTION("it fails: the request says so, and the next one after a while is well") {
    plugin.folder.write("answer", "no");
    accepted = "Bearer two";
    CHECK(status() == 401);
    core::Result<kube::HttpResponse> failed = transport.send({.target = "/"}, {});
    while (failed) failed = transport.send({.target = "/"}, {});
    CHECK_THAT(failed.error().message, Catch::Contains("the exec plugin sh: gave no JSON"));
    plugin.folder.write("answer", credential(R"("token": "two")"));
    while (!transport.send({.target = "/"}, {})) std::this_thread::yield();
    CHECK(status() == 200);
  }
}

TEST_CASE("While a plugin runs, whoever waits for it can give up, and who gave up has not spoken for the others",
          "[unit][kube]") {
  Plugin plugin{"echo run >> runs; test -e answer || exec tail -f /dev/null; cat answer"};
  kube::Credentials credentials{plugin.config};
  std::stop_source first;
  std::stop_source second;
  core::Result<kube::IdentityPtr> of_first;
  core::Result<kube::IdentityPtr> of_second;
  std::jthread running{[&] { of_first = credentials.current(first.get_token()); }};
  const auto end = std::chrono::steady_clock::now() + 10s;
  while (plugin.runs() == 0 && std::chrono::steady_clock::now() < end) std::this_thread::yield();
  std::jthread waiting{[&] { of_second = credentials.current(second.get_token()); }};
  second.request_stop();
  waiting.join();
  CHECK(of_second.error().kind == ErrorKind::kCancelled);
  credentials.refused(nullptr);  // holds nobody up: the transport's thread calls it
  plugin.folder.write("answer", credential(R"("token": "t")"));
  first.request_stop();
  running.join();
  CHECK(of_first.error().kind == ErrorKind::kCancelled);
  CHECK((*credentials.current({}))->token == "t");
  CHECK(plugin.runs() == 2);
}

TEST_CASE("A credential that has expired is asked for again, and one that has not is not", "[unit][kube]") {
  ScriptedServer server{
      [](const ScriptedRequest& request, ScriptedReply& reply) { reply.answer(200, token_of(request)); }};
  Plugin plugin{"echo run >> runs; cat answer"};
  plugin.config.server = server.url();
  plugin.config.ca = server.authority();
  const auto handed_out = [](const char* token, std::chrono::seconds from_now) {
    return credential(fmt::format(R"("token": "{}", "expirationTimestamp": "{}")", token,
                                  core::format_time(std::chrono::system_clock::now() + from_now)));
  };
  plugin.folder.write("answer", handed_out("short", 2s));
  kube::Transport transport{plugin.config};
  const auto token = [&] { return transport.send({.target = "/"}, {})->body; };
  CHECK(token() == "Bearer short");
  plugin.folder.write("answer", handed_out("long", 1h));
  const auto end = std::chrono::steady_clock::now() + 10s;
  while (token() == "Bearer short" && std::chrono::steady_clock::now() < end) std::this_thread::yield();
  CHECK(token() == "Bearer long");
  CHECK(plugin.runs() == 2);
}
