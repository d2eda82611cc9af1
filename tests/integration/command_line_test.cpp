// What the operator says on the command line, and with which exit code it ends.
#include <array>
#include <cstdio>

#include <sys/wait.h>

#include "tests/support/catch.hpp"
#include "tests/support/operator_process.hpp"

namespace {

struct Answer {
  int code;
  std::string text;
};

Answer run(const std::string& arguments) {
  const auto command = support::operator_program() + " " + arguments + " 2>&1";
  FILE* output = popen(command.c_str(), "r");
  REQUIRE(output != nullptr);
  std::string text;
  std::array<char, 4096> buffer{};
  while (fgets(buffer.data(), buffer.size(), output) != nullptr) text += buffer.data();
  return {WEXITSTATUS(pclose(output)), text};
}

}  // namespace

TEST_CASE("Help and version end well and teach", "[integration][cli]") {
  const auto help = run("--help");
  CHECK(help.code == 0);
  for (const char* flag : {"--kubeconfig", "--watch-namespaces", "--metrics-bind-address",
                           "--health-probe-bind-address", "--redis-image", "--server-image", "--secret-refresh",
                           "--workers", "--log-level", "--leader-elect", "--leader-elect-lease-duration"})
    CHECK_THAT(help.text, Catch::Contains(flag));
  // The field's times of leader election.
  for (const char* flag : {"lease-duration DURATION=15s", "renew-deadline DURATION=10s", "retry-period DURATION=2s"})
    CHECK_THAT(help.text, Catch::Contains(flag));
  CHECK(run("--version").code == 0);
}

TEST_CASE("What is wrong on the command line is named, with exit code 2", "[integration][cli]") {
  const auto [arguments, words] = GENERATE(table<std::string, std::string>(
      {{"--wrong", "--wrong"},
       {"--workers 0", "not in range 1 to 64"},
       {"--secret-refresh soon", "--secret-refresh"},
       {"--kubeconfig /does/not/exist", "/does/not/exist"},
       {"--kubeconfig /etc/passwd", "is no YAML mapping"},
       {"--leader-elect-lease-duration 15", "not a duration in whole seconds, for example 15s"},
       {"--leader-elect-retry-period 0.5s", "not a duration in whole seconds"},
       {"--leader-elect-renew-deadline 15s", "must be less than"},
       {"--kubeconfig $ADMIN_KUBECONFIG --leader-elect", "--leader-elect-resource-namespace NAMESPACE"},
       {"--log-level loud", "is not one of debug, info, warning, error"},
       {"--kubeconfig $ADMIN_KUBECONFIG --metrics-bind-address 8080", "write HOST:PORT"},
       {"--kubeconfig $ADMIN_KUBECONFIG --health-probe-bind-address :http", "write HOST:PORT"}}));
  const auto answer = run(arguments);
  INFO(arguments << ": " << answer.text);
  CHECK(answer.code == 2);
  CHECK_THAT(answer.text, Catch::Contains(words));
}
