#include "core/utf8.hpp"

#include <string>

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
