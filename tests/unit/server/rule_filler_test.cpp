#include "realtime-server/server/rule_filler.hpp"

#include <boost/algorithm/string/replace.hpp>
#include <fmt/format.h>

#include "tests/support/catch.hpp"
#include "tests/support/hub_world.hpp"

using hubs::Relayed;
using hubs::World;

namespace {

using Frames = std::vector<std::string>;

std::string placeholder(int num) { return fmt::format(R"({{"_placeholder":true,"num":{}}})", num); }

/// A world in which `m` is broadcast, and acknowledged, with these values.
World with_values(const std::string& values) {
  return World{
      fmt::format("{{/: {{events: {{m: [{{type: Broadcast, event: e, args: {0}}}, {{type: Acknowledge, args: "
                  "{0}}}, {{type: Emit, event: after}}]}}}}}}",
                  values)};
}

}  // namespace

TEST_CASE("Attachments are renumbered in the order in which a rule uses them", "[unit][server]") {
  struct Case {
    std::string values;
    std::string args;
    std::vector<std::string> attachments;
  };
  // The event is ["m", [<1>, <0>], "text", {"a": <2>}], where <n> is the attachment of that number.
  const auto [list, args, attachments] = GENERATE(values<Case>({
      {"[$args]", R"([<0>, <1>],"text",{"a": <2>})", {"one", "zero", "two"}},
      {"[$1]", "[<0>, <1>]", {"one", "zero"}},
      {"[$3]", R"({"a": <0>})", {"two"}},
      {"[$3, $1]", R"({"a": <0>},[<1>, <2>])", {"two", "one", "zero"}},
      {"[$3, $3]", R"({"a": <0>},{"a": <0>})", {"two"}},
      {"[$3, $args]", R"({"a": <0>},[<1>, <2>],"text",{"a": <0>})", {"two", "one", "zero"}},
      {"[{x: [$3]}, y]", R"({"x":[{"a": <0>}]},"y")", {"two"}},
      {"[$2]", R"("text")", {}},
      {"[$4, $auth]", "null,{}", {}},
      {"[]", "", {}},
  }));
  INFO(list);
  auto world = with_values(list);
  auto& sender = world.member();
  REQUIRE_FALSE(sender.says(fmt::format(R"(53-9["m", [{}, {}], "text", {{"a": {}}}])", placeholder(1),
                                        R"({ "num": 0, "_placeholder": true })", placeholder(2))));
  REQUIRE_FALSE(sender.attaches("zero"));
  REQUIRE_FALSE(sender.attaches("one"));
  CHECK(sender.got().empty());
  REQUIRE_FALSE(sender.attaches("two"));

  auto expected = args;
  for (int num = 0; num < 4; ++num) boost::algorithm::replace_all(expected, fmt::format("<{}>", num), placeholder(num));
  CHECK(world.fleet.emits == std::vector{Relayed{"/", R"("e")", expected, attachments}});
  Frames frames;
  const auto add = [&frames, &sent = attachments](const std::string& packet) {
    frames.push_back(packet);
    for (const auto& bytes : sent) frames.push_back("<binary>" + bytes);
  };
  const auto count = attachments.empty() ? std::string{} : fmt::format("{}-", attachments.size());
  add(fmt::format("4{}{}[\"e\"{}{}]", attachments.empty() ? 2 : 5, count, expected.empty() ? "" : ",", expected));
  add(fmt::format("4{}{}9[{}]", attachments.empty() ? 3 : 6, count, expected));
  frames.emplace_back(R"(42["after"])");
  CHECK(sender.got() == frames);
}

TEST_CASE("A placeholder in a packet without attachments is data", "[unit][server]") {
  auto world = with_values("[$args]");
  auto& sender = world.member();
  REQUIRE_FALSE(sender.says(R"(2["m",{"_placeholder":true,"num":7}])"));
  CHECK(sender.got().at(0) == R"(42["e",{"_placeholder":true,"num":7}])");
}

TEST_CASE("An attachment that no placeholder names is left behind", "[unit][server]") {
  auto world = with_values("[$args]");
  auto& sender = world.member();
  REQUIRE_FALSE(sender.says(fmt::format(R"(52-["m",{}])", placeholder(1))));
  REQUIRE_FALSE(sender.attaches("zero"));
  REQUIRE_FALSE(sender.attaches("one"));
  CHECK(sender.got() == Frames{fmt::format(R"(451-["e",{}])", placeholder(0)), "<binary>one", R"(42["after"])"});
}

TEST_CASE("An attachment that is named many times is sent once", "[unit][server]") {
  auto world = with_values("[$args, $args]");
  auto& sender = world.member();
  std::string args;
  std::string repeated;
  for (int i = 0; i < 20; ++i) {
    args += "," + placeholder(1);
    repeated += (repeated.empty() ? "" : ",") + placeholder(0);
  }
  REQUIRE_FALSE(sender.says(fmt::format(R"(52-1["m"{}])", args)));
  REQUIRE_FALSE(sender.attaches("zero"));
  REQUIRE_FALSE(sender.attaches("one"));
  CHECK(sender.got() == Frames{fmt::format(R"(451-["e",{0},{0}])", repeated), "<binary>one",
                               fmt::format("461-1[{0},{0}]", repeated), "<binary>one", R"(42["after"])"});
  REQUIRE(world.fleet.emits.size() == 1);
  CHECK(world.fleet.emits[0].attachments == Frames{"one"});
}

TEST_CASE("Placeholders are found anywhere among many arguments", "[unit][server]") {
  auto world = with_values("[$args]");
  auto& sender = world.member();
  std::string args;
  std::string renumbered;
  for (int i = 0; i < 60; ++i) {
    args += fmt::format(",{},[{}],{}", i, placeholder(i % 3), placeholder(i % 2));
    renumbered += fmt::format(",{},[{}],{}", i, placeholder(i % 3), placeholder(i % 2));
  }
  REQUIRE_FALSE(sender.says(fmt::format(R"(53-["m"{}])", args)));
  for (const auto* bytes : {"a", "b", "c"}) REQUIRE_FALSE(sender.attaches(bytes));
  CHECK(sender.got().at(0) == fmt::format(R"(453-["e"{}])", renumbered));
}

TEST_CASE("All attachments that a packet may have can be used", "[unit][server]") {
  auto world = with_values("[$args]");
  auto& sender = world.member();
  std::string args;
  for (int i = 0; i < 10; ++i) args += "," + placeholder(9 - i);
  REQUIRE_FALSE(sender.says(fmt::format(R"(510-["m"{}])", args)));
  Frames attachments;
  for (int i = 0; i < 10; ++i) REQUIRE_FALSE(sender.attaches(attachments.emplace_back(std::to_string(i))));
  std::reverse(attachments.begin(), attachments.end());
  REQUIRE(world.fleet.emits.size() == 1);
  CHECK(world.fleet.emits[0].attachments == attachments);
  CHECK(world.fleet.emits[0].args.ends_with(placeholder(9)));
}

TEST_CASE("The client continues after a binary event", "[unit][server]") {
  auto world = with_values("[$1]");
  auto& sender = world.member();
  for (int round = 0; round < 3; ++round) {
    REQUIRE_FALSE(sender.says(fmt::format(R"(51-["m",{}])", placeholder(0))));
    REQUIRE_FALSE(sender.attaches("x"));
    REQUIRE_FALSE(sender.says(R"(2["m",1])"));
    CHECK(sender.got() == Frames{fmt::format(R"(451-["e",{}])", placeholder(0)), "<binary>x", R"(42["after"])",
                                 R"(42["e",1])", R"(42["after"])"});
  }
}
