#include "core/utf8.hpp"

#include <string>
#include <vector>

#include "tests/support/catch.hpp"

TEST_CASE("UTF-8 is distinguished from other bytes at any position", "[unit][core]") {
  for (const std::string before : {"", "a", "seven..", "eight...", "a text of more than sixteen bytes"}) {
    for (const std::string good :
         {"", "\x7f", "\u0080", "\u07ff", "\u0800", "\ud7ff", "\ue000", "\uffff", "\U00010000", "\U0010ffff"})
      CHECK(core::is_utf8(before + good + before));
    for (const std::string bad : {"\x80", "\xc1\xbf", "\xe0\x9f\xbf", "\xed\xa0\x80", "\xf0\x8f\xbf\xbf",
                                  "\xf4\x90\x80\x80", "\xf8\x88\x80\x80\x80", "\xe2\x82", "\xf0\x9f\x9a"}) {
      CHECK_FALSE(core::is_utf8(before + bad));
      CHECK_FALSE(core::is_utf8(before + bad + before + "."));
    }
  }
}

TEST_CASE("A beginning of a text is cut between characters", "[unit][core]") {
  const std::string text = "a\u00e9\u8a9e\U0001f680z";
  const std::vector<std::string> beginnings{"", "a", "a\u00e9", "a\u00e9\u8a9e", "a\u00e9\u8a9e\U0001f680", text};
  for (std::size_t most = 0; most <= text.size() + 1; ++most) {
    std::string longest;
    for (const auto& beginning : beginnings)
      if (beginning.size() <= most) longest = beginning;
    CHECK(core::utf8_prefix(text, most) == longest);
  }
}

TEST_CASE("What is no UTF-8 is replaced in a beginning of a text, and counts as what replaces it", "[unit][core]") {
  for (const std::string bad : {"\x80", "\xc1", "\xff", "\xe2\x82", "\xf0\x9f\x9a"}) {
    CHECK(core::utf8_prefix("a" + bad + "b", 100) == "a\ufffdb");
    CHECK(core::utf8_prefix("a" + bad + "b", 4) == "a\ufffd");
    CHECK(core::utf8_prefix("a" + bad + "b", 3) == "a");
    CHECK(core::utf8_prefix("a" + bad, 100) == "a\ufffd");
  }
  CHECK(core::utf8_prefix("\xed\xa0\x80", 100) == "\ufffd\ufffd\ufffd");  // a surrogate
}
