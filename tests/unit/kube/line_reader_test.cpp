#include "operator/kube/line_reader.hpp"

#include <vector>

#include "tests/support/catch.hpp"

namespace {

using Lines = std::vector<std::string>;

/// Reads the pieces, and gives the lines; "(too long)" where a line is.
Lines lines_of(std::size_t max_line, const std::vector<std::string_view>& pieces) {
  kube::LineReader reader{max_line};
  Lines lines;
  for (const auto piece : pieces) {
    if (reader.read(piece, [&](std::string_view line) { lines.emplace_back(line); })) continue;
    lines.emplace_back("(too long)");
    return lines;
  }
  if (reader.is_within_line()) lines.emplace_back("(no end)");
  return lines;
}

}  // namespace

TEST_CASE("Lines are the same however their bytes come", "[unit][kube]") {
  const std::string_view text = "one\n\ntwo words\n";
  const Lines whole{"one", "", "two words"};
  CHECK(lines_of(9, {text}) == whole);
  for (std::size_t i = 0; i <= text.size(); ++i)
    for (std::size_t j = i; j <= text.size(); ++j) {
      INFO(i << " " << j);
      CHECK(lines_of(9, {text.substr(0, i), text.substr(i, j - i), text.substr(j)}) == whole);
    }
}

TEST_CASE("A line without an end is no line", "[unit][kube]") {
  CHECK(lines_of(9, {"one\ntwo"}) == Lines{"one", "(no end)"});
  CHECK(lines_of(9, {"one\n"}) == Lines{"one"});
  CHECK(lines_of(9, {}).empty());
}

TEST_CASE("A line that is too long ends the reading, wherever it is cut", "[unit][kube]") {
  const std::string_view text = "one\nlonger\nthree\n";
  for (std::size_t i = 0; i <= text.size(); ++i) {
    INFO(i);
    CHECK(lines_of(5, {text.substr(0, i), text.substr(i)}) == Lines{"one", "(too long)"});
    CHECK(lines_of(6, {text.substr(0, i), text.substr(i)}) == Lines{"one", "longer", "three"});
  }
}
