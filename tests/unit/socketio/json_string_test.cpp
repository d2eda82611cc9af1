#include "realtime-server/socketio/json_string.hpp"

#include <string>
#include <utility>
#include <vector>

#include "realtime-server/socketio/json_cursor.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/json_walk.hpp"

using namespace std::string_literals;

namespace {

std::string in_quotes(std::string_view text) {
  std::string out = "before";
  socketio::append_json_string(out, text);
  return out.substr(6);
}

}  // namespace

TEST_CASE("Escapes in a string slice are decoded", "[unit][socketio][json]") {
  const std::vector<std::pair<std::string, std::string>> cases{
      {R"("")", ""},
      {R"("plain")", "plain"},
      {R"("\"\\\/\b\f\n\r\t")", "\"\\/\b\f\n\r\t"},
      {R"("a\u0041\u00e9\u20AC\uFFFF.")", "aA\u00e9\u20ac\uffff."},
      {R"("\u0000")", "\0"s},
      {R"("\u007f\u0080\u07ff\u0800\ud7ff\ue000")", "\x7f\u0080\u07ff\u0800\ud7ff\ue000"},
      {R"("\uD83D\uDEA2 \ud800\udc00\udbff\udfff")", "\U0001F6A2 \U00010000\U0010FFFF"},
      {R"("\u005cu0041")", "\\u0041"},
      {"\"\u00e9\U0001F6A2\"", "\u00e9\U0001F6A2"},
  };
  for (const auto& [raw, text] : cases) {
    INFO(raw);
    CHECK(socketio::unescape(raw) == text);
  }
}

TEST_CASE("Half a surrogate pair becomes U+FFFD, and what follows stays", "[unit][socketio][json]") {
  const std::vector<std::pair<std::string, std::string>> cases{
      {R"("\ud800")", "\ufffd"},
      {R"("\udc00x")", "\ufffdx"},
      {R"("\ud83d\n")", "\ufffd\n"},
      {R"("\ud83d\u0041")", "\ufffdA"},
      {R"("\ud83d\ud83d\udea2")", "\ufffd\U0001F6A2"},
      {R"("\udea2\ud83d")", "\ufffd\ufffd"},
      {R"("\ud83dxdea2")", "\ufffdxdea2"},
  };
  for (const auto& [raw, text] : cases) {
    INFO(raw);
    CHECK(socketio::unescape(raw) == text);
  }
}

TEST_CASE("A slice that is no string says nothing", "[unit][socketio][json]") {
  for (const auto* raw : {"", "1", "\"", "null", "[\"a\"]"}) CHECK(socketio::unescape(raw).empty());
}

TEST_CASE("Text is quoted with the escapes that it needs and no others", "[unit][socketio][json]") {
  CHECK(in_quotes("") == R"("")");
  CHECK(in_quotes("say \"hi\" \\ /") == R"("say \"hi\" \\ /")");
  CHECK(in_quotes("\b\f\n\r\t") == R"("\b\f\n\r\t")");
  CHECK(in_quotes("\0\x01\x1f\x7f"s) == "\"\\u0000\\u0001\\u001f\x7f\"");
  CHECK(in_quotes("\u00e9\u2028\U0001F6A2") == "\"\u00e9\u2028\U0001F6A2\"");
}

TEST_CASE("Quoting replaces what is not UTF-8 as TextDecoder does", "[unit][socketio][json]") {
  CHECK(in_quotes("a\xff\x62") == "\"a\ufffdb\"");
  CHECK(in_quotes("\xc3") == "\"\ufffd\"");
  CHECK(in_quotes("\xe2\x82") == "\"\ufffd\"");
  CHECK(in_quotes("\xf0\x9f\x9a\x22") == "\"\ufffd\\\"\"");
  CHECK(in_quotes("\xed\xa0\x80") == "\"\ufffd\ufffd\ufffd\"");
  CHECK(in_quotes("\xc0\xaf\xf5") == "\"\ufffd\ufffd\ufffd\"");
  CHECK(in_quotes("\xe0\x80\u00e9") == "\"\ufffd\ufffd\u00e9\"");
}

TEST_CASE("What was quoted is valid and says the same", "[unit][socketio][json]") {
  std::string every;
  for (int point = 1; point < 0x80; ++point) every += static_cast<char>(point);
  for (const auto& text : {every, "\0 mixed \u00e9\n\"\U0001F6A2\\"s, std::string(1000, '"'), every + every}) {
    const auto raw = in_quotes(text);
    CHECK_FALSE(json_walk::walked(raw).failed());
    CHECK(socketio::unescape(raw) == text);
  }
}
