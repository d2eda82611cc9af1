// The program by which hack/bench measures a reconcile that changes nothing. It fails if one asks the API server.
#include <cstdlib>

#include "tests/support/catch.hpp"
#include "tests/support/checkout.hpp"

TEST_CASE("A reconcile that finds all as it should be can be measured, and asks for nothing", "[integration]") {
  const auto program = (support::program_folder() / "bench-reconcile").string();
  CHECK(std::system((program + " 3 2 4").c_str()) == 0);
}
