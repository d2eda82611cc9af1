#include "operator/kube/json_view.hpp"

#include <cstdint>
#include <string>
#include <vector>

#include "operator/kube/json_reader.hpp"
#include "tests/support/catch.hpp"

using kube::JsonKind;
using kube::JsonView;

namespace {

constexpr const char* kText = R"({"text": "a", "flag": true, "null": null, "small": -3, "large": 18446744073709551615,
    "double": 1.5, "list": [1, "b", {"c": 2}], "object": {"d": "e"}, "empty": {}})";

/// Of a value wherever it is.
void check_view(JsonView view) {
  CHECK(view.kind() == JsonKind::kObject);
  CHECK(view.has_members());
  CHECK(view.find("text").text() == "a");
  CHECK(view.find("text").kind() == JsonKind::kText);
  CHECK(view.find("flag").flag() == true);
  CHECK(view.find("flag").kind() == JsonKind::kFlag);
  CHECK(view.find("null").kind() == JsonKind::kNull);
  CHECK(view.find("small").number<int>() == -3);
  CHECK_FALSE(view.find("small").number<unsigned>());
  CHECK(view.find("large").number<std::uint64_t>() == UINT64_MAX);
  CHECK_FALSE(view.find("large").number<std::int64_t>());
  CHECK(view.find("double").kind() == JsonKind::kNumber);
  CHECK_FALSE(view.find("double").number<int>());
  CHECK(view.find("list").elements().size() == 3);
  CHECK(kube::value_at<int>(view.find("list").elements()[2], {"c"}) == 2);
  CHECK_FALSE(view.find("empty").has_members());
  std::vector<std::string> names;
  for (const auto& member : view.members()) names.emplace_back(member.name);
  CHECK(names ==
        std::vector<std::string>{"text", "flag", "null", "small", "large", "double", "list", "object", "empty"});
  CHECK(kube::value_at<std::string>(view, {"object", "d"}) == "e");
  CHECK(kube::value_at<std::string>(view, {"object", "x"}, "other") == "other");
}

}  // namespace

TEST_CASE("A view shows the same value of Boost.JSON and of a text", "[unit][kube]") {
  const auto object = kube::read_json(kText);
  REQUIRE(object);
  check_view(object->json());
  REQUIRE(kube::read_json(kText, [&](JsonView view) {
    check_view(view);
    CHECK(kube::is_same(view, object->json()));
    CHECK_FALSE(kube::is_same(view.find("text"), view.find("small")));
  }));
}

TEST_CASE("What is not there, or of another kind, reads as nothing", "[unit][kube]") {
  CHECK(JsonView{}.is_nothing());
  CHECK(JsonView{}.kind() == JsonKind::kNothing);
  for (const char* text : {"[]", "1", "\"x\"", "null", "{}", "false"})
    REQUIRE(kube::read_json(text, [](JsonView view) {
      CHECK(view.find("a").is_nothing());
      CHECK(kube::find_at(view, {"a", "b"}).is_nothing());
      CHECK(view.members().empty());
      CHECK(view.elements().empty());
      CHECK(view.number<std::int8_t>().value_or(1) == 1);
      CHECK(kube::list_at(view, {"a"}).empty());
    }));
}
