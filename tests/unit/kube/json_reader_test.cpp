#include "operator/kube/json_reader.hpp"

#include <string>
#include <string_view>

#include "tests/support/catch.hpp"
#include "tests/support/json.hpp"

using nlohmann::json;

TEST_CASE("JSON is read as nlohmann::json reads it", "[unit][kube]") {
  for (const char* text :
       {"{}", "[]", "null", "true", "\"\"", "-0", "1", "-1", "9223372036854775807", "18446744073709551615",
        "99999999999999999999", "1.5e3", " [1, [2, {\"a\": [\"\\u00e9\\ud83d\\ude00\\n\", \"\\\"\"]}], {}, \"x\"] ",
        R"({"a": 1, "b": {"a": [null, false]}, "a": {"c": 2}})"}) {
    INFO(text);
    const auto read = kube::read_json(text);
    REQUIRE(read);
    CHECK(support::json_of(*read) == json::parse(text));
  }
}

TEST_CASE("What is no JSON is not read", "[unit][kube]") {
  for (const std::string text : {"", "{", "[1", "[1,]", "{} {}", "{\"a\"}", "nul", "'a'", "\"\xff\"", "[\"\xc3\"]",
                                 "01", "1 2", "/* a */ 1", "1e999"})
    CHECK_FALSE(kube::read_json(text));
}

TEST_CASE("Of what is nested too deeply null is read, and all else as it is", "[unit][kube]") {
  const auto nested = [](std::size_t levels, const std::string& inner) {
    return std::string(levels, '[') + inner + std::string(levels, ']');
  };
  const auto value_of = [](const std::string& text) {
    const auto read = kube::read_json(text);
    REQUIRE(read);
    std::string seen;
    CHECK(kube::read_json(text, [&](kube::JsonView value) { seen = kube::text_of(value.to_json()); }));
    CHECK(seen == kube::text_of(read->json()));
    return seen;
  };
  CHECK(value_of(nested(kube::kMaxJsonDepth, "1")) == nested(kube::kMaxJsonDepth, "1"));
  CHECK(value_of(nested(kube::kMaxJsonDepth + 1, "1")) == nested(kube::kMaxJsonDepth, "null"));
  // As deep as the API server takes it.
  const auto deep = R"({"a":)" + nested(9'000, R"({"]":"}\\\"]"})") + R"(,"b":"\"]","c":{"d":[]}})";
  CHECK(value_of(deep) == R"({"a":)" + nested(kube::kMaxJsonDepth - 1, "null") + R"(,"b":"\"]","c":{"d":[]}})");
  CHECK_FALSE(kube::read_json(std::string(9'000, '[')));
  CHECK_FALSE(kube::read_json(std::string(9'000, ']')));
}

TEST_CASE("A text is the same value whatever its size", "[unit][kube]") {
  const std::string too_large_for_one_reader(std::size_t{256} << 10U, ' ');
  for (const std::string text :
       {"900719925474100.1", "0.1", "123456789012345678901234567890.5e-12", "1e-400", "-1e-400", "4.9e-324",
        "1.7976931348623157e308", "2.2250738585072011e-308", "-0.0", "[1, -2, 18446744073709551615, 3e2]",
        R"({"a": {"b": [true, null, "\u00e9\ud83d\ude00"]}, "": "\u0000", "a": 2})"}) {
    INFO(text);
    const auto expected = json::parse(text);
    for (const auto& padded : {text, text + too_large_for_one_reader}) {
      const auto read = kube::read_json(padded);
      REQUIRE(read);
      CHECK(support::json_of(*read) == expected);
    }
  }
  for (const std::string text : {"1e999", "-1e999", "1.8e308", "[1"}) {
    INFO(text);
    CHECK_FALSE(kube::read_json(text));
    CHECK_FALSE(kube::read_json(text + too_large_for_one_reader));
  }
}

TEST_CASE("A text that is read without values has the same ones", "[unit][kube]") {
  const std::string large = "[\"" + std::string(std::size_t{1} << 20U, 'x') + "\"]";
  for (const std::string& text :
       {std::string{R"({"a": [1, -1, 1.5, null, true, "x", {}, []], "b": {"c": "d"}})"},
        std::string{"[18446744073709551615]"}, std::string{"[99999999999999999999]"}, large}) {
    const auto expected = json::parse(text);
    json found;
    REQUIRE(kube::read_json(text, [&](kube::JsonView value) { found = support::json_of(value.to_json()); }));
    CHECK(found == expected);
  }
  bool called = false;
  CHECK_FALSE(kube::read_json("[1", [&](kube::JsonView) { called = true; }));
  CHECK_FALSE(called);
}

TEST_CASE("What is read while another text is does not change that", "[unit][kube]") {
  std::string outer;
  REQUIRE(kube::read_json(R"({"a": "outer"})", [&](kube::JsonView value) {
    const auto inner = kube::read_json(R"({"a": "inner, and longer"})");
    REQUIRE(inner);
    outer = value.find("a").text();
    CHECK(kube::value_at<std::string>(inner->json(), {"a"}) == "inner, and longer");
  }));
  CHECK(outer == "outer");
}
