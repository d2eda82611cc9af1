#include "realtime-server/socketio/json_cursor.hpp"

#include <string>
#include <vector>

#include "realtime-server/socketio/json_bytes.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/json_walk.hpp"

using namespace std::string_literals;
using socketio::JsonCursor;
using socketio::JsonError;
using socketio::JsonKind;

namespace {

struct Refused {
  std::string text;
  JsonError error;
  std::size_t offset;
};

std::string repeated(std::string_view piece, std::size_t times) {
  std::string text;
  for (std::size_t i = 0; i < times; ++i) text += piece;
  return text;
}

// Both ways through a text must find the same.
void check_refused(const std::vector<Refused>& cases) {
  for (const auto& [text, error, offset] : cases) {
    INFO("text: " << text.substr(0, 100));
    for (const auto& cursor : {json_walk::walked(text), json_walk::entered(text)}) {
      CHECK(cursor.error() == error);
      CHECK(cursor.offset() == offset);
    }
  }
}

void check_accepted(const std::vector<std::string>& texts) {
  for (const auto& text : texts) {
    INFO("text: " << text.substr(0, 100));
    for (const auto& cursor : {json_walk::walked(text), json_walk::entered(text)}) {
      CHECK(cursor.error() == JsonError::kNone);
      CHECK(cursor.offset() == text.size());
    }
  }
}

}  // namespace

TEST_CASE("What JSON.parse accepts is accepted", "[unit][socketio][json]") {
  check_accepted({"null", "true", "false", "0", "-0", "\"\"", "[]", "{}", " \t\r\n[ \n] \t"});
  check_accepted({"12", "-1", "0.5", "-0.0e-0", "1e5", "1E+5", "1e-5", "0e0", "123456789012345678901234567890",
                  "1e999999", "-1.5e+00007", "[0,1,-2.50]"});
  check_accepted({R"("a\"b\\c\/d\b\f\n\r\t")", R"("\u0000\u20ac\uD83D\ude00")", "\"\x7f\"", "\"' // /* #\""});
  check_accepted(
      {R"([[[]],[{}],{"":{"a":[1,{}]}}])", R"({"a":1,"a":2})", R"({ "k" : [ 1 , "x" ] , "\u006b" : null })"});
  check_accepted(
      {"\"\u00e9\u20ac\U0001F6A2\"", "\"\ufeff\u2028\u2029\uffff\"", "\"\U0010FFFF\U00010000\u0800\u0080\""});
}

TEST_CASE("Escapes of lone surrogates are accepted, as JSON.parse does", "[unit][socketio][json]") {
  check_accepted({R"("\ud800")", R"("\udc00\ud800")", R"(["\uD83D", "\ude00x"])", R"({"\ud8ff":0})"});
}

TEST_CASE("A text that ends too early is refused at its end", "[unit][socketio][json]") {
  check_refused({{"", JsonError::kUnexpectedEnd, 0},
                 {" \n", JsonError::kUnexpectedEnd, 2},
                 {"[", JsonError::kUnexpectedEnd, 1},
                 {"[1", JsonError::kUnexpectedEnd, 2},
                 {"[1, ", JsonError::kUnexpectedEnd, 4},
                 {"{", JsonError::kUnexpectedEnd, 1},
                 {R"({"a)", JsonError::kUnexpectedEnd, 3},
                 {R"({"a" )", JsonError::kUnexpectedEnd, 5},
                 {R"({"a":)", JsonError::kUnexpectedEnd, 5},
                 {R"({"a":1,)", JsonError::kUnexpectedEnd, 7},
                 {"tru", JsonError::kUnexpectedEnd, 3},
                 {"nul", JsonError::kUnexpectedEnd, 3},
                 {"-", JsonError::kUnexpectedEnd, 1},
                 {"1.", JsonError::kUnexpectedEnd, 2},
                 {"1e", JsonError::kUnexpectedEnd, 2},
                 {"1e+", JsonError::kUnexpectedEnd, 3},
                 {"\"a", JsonError::kUnexpectedEnd, 2},
                 {"\"\\", JsonError::kUnexpectedEnd, 2},
                 {"\"\\u12", JsonError::kUnexpectedEnd, 5},
                 {"\"\\\"", JsonError::kUnexpectedEnd, 3},
                 {"[\"sixteen bytes and more", JsonError::kUnexpectedEnd, 24}});
}

TEST_CASE("A byte that no token begins with is refused where it is", "[unit][socketio][json]") {
  check_refused({{"]", JsonError::kUnexpectedByte, 0},           {"[}", JsonError::kUnexpectedByte, 1},
                 {"{]", JsonError::kUnexpectedByte, 1},          {"[1,]", JsonError::kUnexpectedByte, 3},
                 {"[,1]", JsonError::kUnexpectedByte, 1},        {"[1,,2]", JsonError::kUnexpectedByte, 3},
                 {"[1 2]", JsonError::kUnexpectedByte, 3},       {"[1:2]", JsonError::kUnexpectedByte, 2},
                 {"[1}", JsonError::kUnexpectedByte, 2},         {R"({"a":1])", JsonError::kUnexpectedByte, 6},
                 {R"({"a":1,})", JsonError::kUnexpectedByte, 7}, {R"({,"a":1})", JsonError::kUnexpectedByte, 1},
                 {R"({"a"})", JsonError::kUnexpectedByte, 4},    {R"({"a",1})", JsonError::kUnexpectedByte, 4},
                 {R"({"a":})", JsonError::kUnexpectedByte, 5},   {R"({"a"::1})", JsonError::kUnexpectedByte, 5},
                 {"{a:1}", JsonError::kUnexpectedByte, 1},       {"{1:1}", JsonError::kUnexpectedByte, 1},
                 {"{'a':1}", JsonError::kUnexpectedByte, 1},     {"{[]:1}", JsonError::kUnexpectedByte, 1}});
  check_refused({{"NaN", JsonError::kUnexpectedByte, 0},         {"Infinity", JsonError::kUnexpectedByte, 0},
                 {"nan", JsonError::kUnexpectedByte, 1},         {"truE", JsonError::kUnexpectedByte, 3},
                 {"TRUE", JsonError::kUnexpectedByte, 0},        {"undefined", JsonError::kUnexpectedByte, 0},
                 {"+1", JsonError::kUnexpectedByte, 0},          {".5", JsonError::kUnexpectedByte, 0},
                 {"// c\n1", JsonError::kUnexpectedByte, 0},     {"[1/**/]", JsonError::kUnexpectedByte, 2},
                 {"\0"s, JsonError::kUnexpectedByte, 0},         {"[\0]"s, JsonError::kUnexpectedByte, 1},
                 {"[\v1]", JsonError::kUnexpectedByte, 1},       {"\f[]", JsonError::kUnexpectedByte, 0},
                 {"[\u00a01]", JsonError::kUnexpectedByte, 1},   {"\ufeff[]", JsonError::kUnexpectedByte, 0},
                 {"'a'", JsonError::kUnexpectedByte, 0},         {"[\xff]", JsonError::kUnexpectedByte, 1},
                 {"[truefalse]", JsonError::kUnexpectedByte, 5}, {"[1true]", JsonError::kUnexpectedByte, 2}});
}

TEST_CASE("Numbers have the grammar of RFC 8259, section 6", "[unit][socketio][json]") {
  check_refused({{"01", JsonError::kBadNumber, 1},
                 {"-01", JsonError::kBadNumber, 2},
                 {"00", JsonError::kBadNumber, 1},
                 {"[-]", JsonError::kBadNumber, 2},
                 {"--1", JsonError::kBadNumber, 1},
                 {"-Infinity", JsonError::kBadNumber, 1},
                 {"[1.]", JsonError::kBadNumber, 3},
                 {"1.e1", JsonError::kBadNumber, 2},
                 {"1e1.5", JsonError::kTrailingBytes, 3},
                 {"0x10", JsonError::kTrailingBytes, 1},
                 {"[1e]", JsonError::kBadNumber, 3},
                 {"[1e+]", JsonError::kBadNumber, 4},
                 {"1e+-1", JsonError::kBadNumber, 3},
                 {"-.5", JsonError::kBadNumber, 1},
                 {"[1_000]", JsonError::kUnexpectedByte, 2},
                 {"1n", JsonError::kTrailingBytes, 1}});
}

TEST_CASE("Escapes that do not exist are refused", "[unit][socketio][json]") {
  check_refused({{R"("\x41")", JsonError::kBadEscape, 2},
                 {R"("\'")", JsonError::kBadEscape, 2},
                 {R"("\0")", JsonError::kBadEscape, 2},
                 {R"("\U0041")", JsonError::kBadEscape, 2},
                 {R"("\u")", JsonError::kBadEscape, 3},
                 {R"("\u123")", JsonError::kBadEscape, 6},
                 {R"("\u12G4")", JsonError::kBadEscape, 5},
                 {R"("\u+123")", JsonError::kBadEscape, 3},
                 {R"("\u{41}")", JsonError::kBadEscape, 3},
                 {"\"\\\n\"", JsonError::kBadEscape, 2},
                 {"\"\\\u00e9\"", JsonError::kBadEscape, 2},
                 {R"({"\a":1})", JsonError::kBadEscape, 3},
                 {R"("\uD83D\")", JsonError::kUnexpectedEnd, 9}});
}

TEST_CASE("Control characters in strings are refused, each of them, wherever they are", "[unit][socketio][json]") {
  for (std::size_t at : {0U, 7U, 15U, 16U, 40U})
    for (char c = 0; c < 0x20; ++c)
      check_refused({{"\"" + std::string(at, 'a') + c + "\"", JsonError::kControlCharacter, 1 + at}});
}

TEST_CASE("What is not UTF-8 is refused at the sequence's first byte", "[unit][socketio][json]") {
  for (const std::string bad : {"\x80", "\xbf", "\xc0\x80", "\xc1\xbf", "\xe0\x9f\xbf", "\xed\xa0\x80", "\xed\xbf\xbf",
                                "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff", "\xc3", "\xe2\x82",
                                "\xf0\x9f\x9a", "\xe2\x28\xa1", "\xf0\x9f\x28\x80", "\xf0\x28\x8c\xbc"})
    for (const std::string before : {"", "a", "\u00e9", "fifteen bytes..", "a text of more than sixteen bytes"})
      check_refused({{"\"" + before + bad + "\"", JsonError::kBadUtf8, 1 + before.size()},
                     {"{\"" + before + bad + "\":0}", JsonError::kBadUtf8, 2 + before.size()},
                     {"\"" + before + bad, JsonError::kBadUtf8, 1 + before.size()}});
}

TEST_CASE("What follows the value is refused", "[unit][socketio][json]") {
  check_refused({{"1 2", JsonError::kTrailingBytes, 2},
                 {"[]]", JsonError::kTrailingBytes, 2},
                 {"{}{}", JsonError::kTrailingBytes, 2},
                 {"\"a\"b", JsonError::kTrailingBytes, 3},
                 {"null,", JsonError::kTrailingBytes, 4},
                 {"[]\0"s, JsonError::kTrailingBytes, 2}});
}

TEST_CASE("Nesting of 128 is the limit, for both ways to walk", "[unit][socketio][json]") {
  const auto arrays = [](std::size_t depth) { return repeated("[", depth) + repeated("]", depth); };
  const auto objects = [](std::size_t depth) { return repeated(R"({"":)", depth) + "0" + repeated("}", depth); };
  check_accepted({arrays(128), objects(128), repeated("[{\"a\":", 64) + "\"\"" + repeated("}]", 64)});
  check_accepted({"[" + repeated(arrays(127) + ",", 3) + "[]]"});  // a level that was left counts no more
  check_refused({{arrays(129), JsonError::kTooDeep, 128},
                 {objects(129), JsonError::kTooDeep, 128 * 4},
                 {repeated("[", 100'000), JsonError::kTooDeep, 128},
                 {repeated(R"({"":)", 100'000), JsonError::kTooDeep, 128 * 4}});
}

TEST_CASE("A message between servers may be nested deeper, up to 192", "[unit][socketio][json]") {
  const auto error_of = [](std::size_t depth) {
    const auto text = repeated("[", depth) + repeated("]", depth);
    JsonCursor cursor{text, nullptr, JsonCursor::kMaxMessageDepth};
    cursor.value();
    cursor.finish();
    return cursor.error();
  };
  CHECK(error_of(192) == JsonError::kNone);
  CHECK(error_of(193) == JsonError::kTooDeep);
}

TEST_CASE("What was entered counts as depth of the values inside", "[unit][socketio][json]") {
  const auto element_at_depth = [](std::size_t depth) {
    const auto text = "[{\"k\":" + repeated("[", depth - 2) + repeated("]", depth - 2) + "}]";
    JsonCursor cursor{text};
    REQUIRE(cursor.enter_array());
    REQUIRE(cursor.next_element());
    REQUIRE(cursor.enter_object());
    REQUIRE(cursor.next_member());
    cursor.value();
    return cursor.error();
  };
  CHECK(element_at_depth(128) == JsonError::kNone);
  CHECK(element_at_depth(129) == JsonError::kTooDeep);
}

TEST_CASE("Slices are the values' own bytes, without the space around them", "[unit][socketio][json]") {
  const std::string text = " [ \"ev\\u0065nt\" , {\"a\" : [1, 2]} ,-1.5e3 ,\tnull\n,[ ] ] ";
  JsonCursor cursor{text};
  REQUIRE(cursor.enter_array());
  std::vector<std::string_view> slices;
  while (cursor.next_element()) slices.push_back(cursor.value().value_or("none"));
  CHECK(slices == std::vector<std::string_view>{R"("ev\u0065nt")", R"({"a" : [1, 2]})", "-1.5e3", "null", "[ ]"});
  for (const auto slice : slices) {
    CHECK(slice.data() >= text.data());
    CHECK(slice.data() + slice.size() <= text.data() + text.size());
  }
  CHECK(cursor.finish());
}

TEST_CASE("Members give their raw keys, in order, duplicates too", "[unit][socketio][json]") {
  JsonCursor cursor{R"( { "a" : 1 , "\u0061":{"x":[]},"":"v","a":2 } )"};
  REQUIRE(cursor.enter_object());
  std::vector<std::pair<std::string_view, std::string_view>> members;
  while (const auto key = cursor.next_member()) members.emplace_back(*key, cursor.value().value_or("none"));
  const std::vector<std::pair<std::string_view, std::string_view>> expected{
      {R"("a")", "1"}, {R"("\u0061")", R"({"x":[]})"}, {R"("")", R"("v")"}, {R"("a")", "2"}};
  CHECK(members == expected);
  CHECK(cursor.finish());
}

TEST_CASE("Peek says what comes without consuming it", "[unit][socketio][json]") {
  JsonCursor cursor{R"([ {},[],"",-1,0,true,false,null, ?])"};
  CHECK(cursor.peek() == JsonKind::kArray);
  REQUIRE(cursor.enter_array());
  CHECK(cursor.peek() == JsonKind::kNone);  // next_element() comes first
  for (const auto kind : {JsonKind::kObject, JsonKind::kArray, JsonKind::kString, JsonKind::kNumber, JsonKind::kNumber,
                          JsonKind::kTrue, JsonKind::kFalse, JsonKind::kNull}) {
    REQUIRE(cursor.next_element());
    CHECK(cursor.peek() == kind);
    CHECK(cursor.peek() == kind);
    CHECK(cursor.value());
  }
  REQUIRE(cursor.next_element());
  CHECK(cursor.peek() == JsonKind::kNone);
  CHECK_FALSE(cursor.failed());
  CHECK_FALSE(cursor.value());
  CHECK(cursor.peek() == JsonKind::kNone);
  CHECK(JsonCursor{""}.peek() == JsonKind::kNone);
}

TEST_CASE("Entering what is something else is refused", "[unit][socketio][json]") {
  JsonCursor array{" {}"};
  CHECK_FALSE(array.enter_array());
  CHECK(array.error() == JsonError::kUnexpectedByte);
  CHECK(array.offset() == 1);
  JsonCursor object{"[]"};
  CHECK_FALSE(object.enter_object());
  CHECK(object.error() == JsonError::kUnexpectedByte);
}

TEST_CASE("Calls out of turn are refused instead of accepting more", "[unit][socketio][json]") {
  JsonCursor twice{"[1 2]"};
  REQUIRE(twice.enter_array());
  CHECK_FALSE(twice.value());  // no next_element()
  CHECK(twice.offset() == 1);

  JsonCursor roots{"1 2"};
  REQUIRE(roots.value());
  CHECK_FALSE(roots.value());
  CHECK_FALSE(roots.finish());

  JsonCursor skipped{"[[1,2],3]"};
  REQUIRE(skipped.enter_array());
  REQUIRE(skipped.next_element());
  CHECK_FALSE(skipped.next_element());  // the first was not consumed
  CHECK(skipped.failed());

  JsonCursor mistaken{"[1]"};
  REQUIRE(mistaken.enter_array());
  CHECK_FALSE(mistaken.next_member());
  CHECK(mistaken.failed());

  JsonCursor open{"[[]]"};
  REQUIRE(open.enter_array());
  CHECK_FALSE(open.finish());
  CHECK(open.error() == JsonError::kTrailingBytes);
}

TEST_CASE("The first fault stays, and nothing is given after it", "[unit][socketio][json]") {
  JsonCursor cursor{R"(["\x", 01])"};
  REQUIRE(cursor.enter_array());
  REQUIRE(cursor.next_element());
  CHECK_FALSE(cursor.value());
  CHECK_FALSE(cursor.value());
  CHECK_FALSE(cursor.next_element());
  CHECK_FALSE(cursor.next_member());
  CHECK_FALSE(cursor.enter_array());
  CHECK_FALSE(cursor.finish());
  CHECK(cursor.error() == JsonError::kBadEscape);
  CHECK(cursor.offset() == 3);
}

TEST_CASE("Plain bytes are skipped alike on every machine, wherever the first other byte is",
          "[unit][socketio][json]") {
  for (int value = 0; value < 256; ++value) {
    const char c = static_cast<char>(value);
    const bool plain = value >= 0x20 && value < 0x80 && c != '"' && c != '\\';
    CHECK(socketio::is_plain(c) == plain);
    for (std::size_t at = 0; at < 40; ++at) {
      // The bytes around are next to the limits, so that a carry between lanes would show.
      std::string text(40, at % 2 == 0 ? ' ' : '\x7f');
      text[at] = c;
      const char* const begin = text.data();
      const char* const end = begin + text.size();
      const char* const expected = plain ? end : begin + at;
      if (socketio::skip_plain(begin, end) != expected || socketio::skip_plain_portable(begin, end) != expected)
        FAIL("byte " << value << " at " << at);
    }
  }
}
