#include "operator/api/v1alpha1/conditions.hpp"

#include <fstream>
#include <iterator>
#include <string>

#include <fmt/format.h>

#include "tests/support/catch.hpp"
#include "tests/support/checkout.hpp"

TEST_CASE("The page of conditions and reasons has each of the catalogue with its meaning", "[unit][api]") {
  std::ifstream file{support::project_root() / "docs/conditions.md"};
  const std::string page{std::istreambuf_iterator<char>{file}, {}};
  for (const auto& term : api::condition::kAll)
    CHECK_THAT(page, Catch::Contains(fmt::format("| `{}` | {} |", term.name, term.meaning)));
  for (const auto& term : api::reason::kAll)
    CHECK_THAT(page,
               Catch::Contains(fmt::format("| `{}` | {} | {} |", term.name, term.warns ? "⚠" : "", term.meaning)));
  for (const auto& term : api::event_reason::kAll)
    CHECK_THAT(page, Catch::Contains(fmt::format("| `{}` | {} |", term.name, term.meaning)));
}
