#include "tests/support/operator_process.hpp"

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/catch.hpp"
#include "tests/support/checkout.hpp"
#include "tests/support/free_port.hpp"
#include "tests/support/world.hpp"

extern char** environ;

namespace support {

std::string operator_program() {
  const char* named = std::getenv("REALTIME_OPERATOR");
  return named != nullptr ? std::string{named} : (program_folder() / "realtime-operator").string();
}

OperatorProcess::OperatorProcess(std::vector<std::string> extra_flags)
    : health_port_{free_port()}, metrics_port_{free_port()} {
  log_file_ = fmt::format("{}/operator-{}.log", environment("TEST_LOGS"), health_port_);
  const auto program = operator_program();
  std::vector<std::string> words{program, "--kubeconfig=" + environment("OPERATOR_KUBECONFIG"),
                                 fmt::format("--health-probe-bind-address=127.0.0.1:{}", health_port_),
                                 fmt::format("--metrics-bind-address=127.0.0.1:{}", metrics_port_)};
  words.insert(words.end(), extra_flags.begin(), extra_flags.end());
  std::vector<char*> arguments;
  arguments.reserve(words.size() + 1);
  for (auto& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, log_file_.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
  REQUIRE(posix_spawn(&pid_, program.c_str(), &actions, nullptr, arguments.data(), environ) == 0);
  posix_spawn_file_actions_destroy(&actions);
  INFO("the operator's log is " << log_file_);
  wait_for("the operator to be ready", [&] { return get(health_port_, "/readyz") == "ok\n"; });
}

OperatorProcess::~OperatorProcess() {
  if (pid_ >= 0) {
    int status = 0;
    signal(SIGTERM);
    waitpid(pid_, &status, 0);
    CHECK((WIFEXITED(status) && WEXITSTATUS(status) == 0));  // a leak is told at the end, by another code
  }
  std::ifstream log{log_file_};
  for (std::string line; std::getline(log, line);)
    for (const char* finding : {"Sanitizer", "runtime error:"})
      if (line.find(finding) != std::string::npos) FAIL_CHECK(log_file_ << ": " << line);
}

void OperatorProcess::signal(int number) const { kill(pid_, number); }

int OperatorProcess::wait_for_end() {
  int status = 0;
  wait_for("the operator to end", [&] { return waitpid(pid_, &status, WNOHANG) == pid_; });
  pid_ = -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

std::string OperatorProcess::get(int port, const std::string& path) const {
  kube::ClientConfig config;
  config.server = fmt::format("http://127.0.0.1:{}", port);
  kube::Transport transport{config};
  const auto answer = transport.send({.target = path}, {});
  return answer ? answer->body : "";
}

double OperatorProcess::metric(const std::string& name) const {
  std::istringstream lines{get(metrics_port_, "/metrics")};
  for (std::string line; std::getline(lines, line);)
    if (line.starts_with(name + " ")) return std::strtod(line.c_str() + name.size(), nullptr);
  return 0;
}

double OperatorProcess::reconciles() const {
  double total = 0;
  for (const char* result : {"success", "requeue_after"})
    total +=
        metric(fmt::format(R"(controller_runtime_reconcile_total{{controller="realtimeapp",result="{}"}})", result));
  return total;
}

}  // namespace support
