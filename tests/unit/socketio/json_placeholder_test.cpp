#include <string>
#include <string_view>
#include <vector>

#include "realtime-server/socketio/json_cursor.hpp"
#include "tests/support/catch.hpp"

using socketio::JsonCursor;
using socketio::JsonError;

namespace {

std::vector<socketio::Placeholder> placeholders_of(std::string_view text) {
  std::vector<socketio::Placeholder> found;
  JsonCursor cursor{text, &found};
  REQUIRE(cursor.value());
  return found;
}

}  // namespace

TEST_CASE("Placeholders are found with their place and number, in order", "[unit][socketio][json]") {
  const std::string text =
      R"( ["e",{"_placeholder":true,"num":0},[{ "num" : 4294967295 , "_placeholder" : true }],{"a":{"_placeholder":true,"num":7}}])";
  const auto found = placeholders_of(text);
  REQUIRE(found.size() == 3);
  const auto slice = [&](std::size_t i) { return text.substr(found[i].begin, found[i].end - found[i].begin); };
  CHECK(slice(0) == R"({"_placeholder":true,"num":0})");
  CHECK(found[0].num == 0);
  CHECK(slice(1) == R"({ "num" : 4294967295 , "_placeholder" : true })");
  CHECK(found[1].num == 4294967295);
  CHECK(slice(2) == R"({"_placeholder":true,"num":7})");
  CHECK(found[2].num == 7);
}

TEST_CASE("A placeholder's offsets count from the text, also where the cursor was moved", "[unit][socketio][json]") {
  std::vector<socketio::Placeholder> found;
  JsonCursor cursor{R"(["e", {"_placeholder":true,"num":1}])", &found};
  REQUIRE(cursor.enter_array());
  while (cursor.next_element()) REQUIRE(cursor.value());
  REQUIRE(cursor.finish());
  REQUIRE(found.size() == 1);
  CHECK(found[0].begin == 6);
  CHECK(found[0].end == 35);
}

TEST_CASE("What only looks like a placeholder is not one, and is distinguished from harmless data",
          "[unit][socketio][json]") {
  struct Case {
    std::string text;
    bool false_placeholder;
  };
  for (const auto& [text, expected] : std::vector<Case>{
           {R"({"_placeholder":true})", true},
           {R"({"_placeholder":true,"num":-1})", true},
           {R"({"_placeholder":true,"num":0.0})", true},
           {R"({"_placeholder":true,"num":1e0})", true},
           {R"({"_placeholder":true,"num":4294967296})", true},
           {R"({"_placeholder":true,"num":"0"})", true},
           {R"({"_placeholder":true,"num":0,"x":1})", true},
           {R"({"x":[{}],"_placeholder":true,"num":0})", true},
           {R"({"_placeholder":true,"_placeholder":true})", true},
           {R"({"_placeholder":false,"_placeholder":true,"num":0})", true},
           {R"({"_placeholder":true,"n\u0075m":0})", true},
           {R"({"\u005fplaceholder":true,"num":0})", true},
           {R"({"\u005f\u0070\u006C\u0061\u0063\u0065\u0068\u006f\u006c\u0064\u0065\u0072":true,"num":0})", true},
           {R"({"_placeholder":1,"num":0})", true},  // Python accepts any true value
           {R"({"_placeholder":"true","num":0})", true},
           {R"({"_placeholder":false,"num":0})", false},
           {R"({"_placeholder": null,"num":0})", false},
           {R"({"num":0})", false},
           {R"({"_placeholders":true,"num":0})", false},
           {R"(["_placeholder",true,"num",0])", false},
           {R"({"a":"\"_placeholder\":true"})", false},
           {R"({})", false},
       }) {
    INFO("text: " << text.substr(0, 100));
    std::vector<socketio::Placeholder> found;
    JsonCursor cursor{text, &found};
    CHECK(cursor.value());
    CHECK(found.empty());
    CHECK(cursor.has_false_placeholder() == expected);
  }
  CHECK(placeholders_of(R"([{"_placeholder":true,"num":0,"x":{"_placeholder":true,"num":1}}])").size() == 1);
}

TEST_CASE("A placeholder is no way around the checks", "[unit][socketio][json]") {
  struct Case {
    std::string text;
    JsonError error;
    std::size_t offset;
  };
  const auto deep = std::string(128, '[');
  for (const auto& [text, error, offset] : std::vector<Case>{
           {deep + R"({"_placeholder":true,"num":0})", JsonError::kTooDeep, 128},
           {R"({"_placeholder":true,"num":00})", JsonError::kBadNumber, 28},
           {R"({"_placeholder":true,"num":01})", JsonError::kBadNumber, 28},
           {R"({"_placeholder":truer,"num":0})", JsonError::kUnexpectedByte, 20},
           {R"({"_placeholder":true,"num":0,})", JsonError::kUnexpectedByte, 29},
           {R"({"_placeholder":true,"num":+0})", JsonError::kUnexpectedByte, 27},
           {R"({"_placeholder":true,"num":0)", JsonError::kUnexpectedEnd, 28},
           {R"({"_placeholder":true,"num":)", JsonError::kUnexpectedEnd, 27},
           {R"({"_placeholder":true "num":0})", JsonError::kUnexpectedByte, 21},
           {R"({"_placeholder":true,"num":0}})", JsonError::kTrailingBytes, 29},
       }) {
    INFO("text: " << text.substr(0, 100));
    std::vector<socketio::Placeholder> found;
    JsonCursor cursor{text, &found};
    cursor.value();
    CHECK_FALSE(cursor.finish());
    CHECK(cursor.error() == error);
    CHECK(cursor.offset() == offset);
  }
}
