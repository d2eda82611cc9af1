#define CATCH_CONFIG_RUNNER
#include <csignal>

#include "tests/support/catch.hpp"

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);  // as the programs do: a test's server may write to a client that has gone
  return Catch::Session().run(argc, argv);
}
