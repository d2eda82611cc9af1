#include "operator/kube/uid.hpp"

#include <string>

#include <catch2/catch.hpp>

using kube::Uid;

TEST_CASE("a uid is the text that the API server wrote, however it is kept") {
  const std::string text = GENERATE("2f1c0a6e-9d53-4b1c-8e0a-0123456789ab",   // as an API server makes them
                                    "2F1C0A6E-9D53-4B1C-8E0A-0123456789AB",   // a UUID, written otherwise
                                    "{2f1c0a6e-9d53-4b1c-8e0a-0123456789a}",  // what only begins like one
                                    "2f1c0a6e9d53-4b1c-8e0a-0123456789abcd",  //
                                    "2f1c0a6e-9d53-4b1c-8e0a-0123456789ag",   // no digit
                                    "00000000-0000-0000-0000-000000000000",   //
                                    "uid-of-chat", "");
  const Uid uid = text;
  CHECK(uid.text() == text);
  CHECK(uid == Uid{text});
  CHECK(uid.empty() == text.empty());
}

TEST_CASE("uids differ when their texts do") {
  const Uid uid = "2f1c0a6e-9d53-4b1c-8e0a-0123456789ab";
  CHECK(uid != Uid{"2f1c0a6e-9d53-4b1c-8e0a-0123456789ac"});
  CHECK(uid != Uid{"2F1C0A6E-9D53-4B1C-8E0A-0123456789AB"});
  CHECK(uid != Uid{});
  CHECK(uid != Uid{"2f1c0a6e"});
}
