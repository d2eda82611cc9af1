#include "realtime-server/adapter/pickle.hpp"

#include <fstream>
#include <sstream>

#include <nlohmann/json.hpp>

#include "tests/support/catch.hpp"
#include "tests/support/checkout.hpp"

using adapter::json_of_pickle;
using nlohmann::json;

namespace {

constexpr std::size_t kMost = 1'000'000;

/// A pickle that Python wrote, from the corpus of the fuzz target.
std::string pickle(const std::string& name) {
  std::ifstream file{support::project_root() / "tests" / "fuzz" / "corpus" / "pickle" / name, std::ios::binary};
  REQUIRE(file);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

json converted(const std::string& bytes) {
  const auto text = json_of_pickle(bytes, kMost);
  REQUIRE(text);
  return json::parse(*text);
}

/// A pickle of protocol 4 with these opcodes.
std::string with(const std::string& opcodes) { return "\x80\x04" + opcodes; }

}  // namespace

TEST_CASE("A pickle of plain data becomes the JSON of later versions", "[unit][adapter]") {
  const auto* const protocol = GENERATE("2", "3", "4", "5");
  CHECK(converted(pickle(std::string{"emit-"} + protocol)) == json::parse(R"({
    "method": "emit", "event": "hello", "binary": false, "namespace": "/", "room": null, "skip_sid": ["a"],
    "data": [[1, -5, 300, 70000, 1099511627776, 1.5, null, true, false, "ü", {"a": [1, 2]}, []]],
    "callback": ["room", "/", 3], "host_id": "them"})"));
}

TEST_CASE("Bytes become attachments", "[unit][adapter]") {
  const auto* const protocol = GENERATE("3", "4", "5");
  const auto message = converted(pickle(std::string{"binary-"} + protocol));
  CHECK(message["binary"] == true);
  CHECK(message["data"] == json::parse(R"([[{"_placeholder":true,"num":0},{"b":{"_placeholder":true,"num":1}},"x"],
                                           "AP8=","aGk="])"));
  CHECK(message["room"] == std::string(300, 'r'));
}

TEST_CASE("A pickle that could build an object is refused", "[unit][adapter]") {
  CHECK_FALSE(json_of_pickle(pickle("object"), kMost));
  // GLOBAL, STACK_GLOBAL, REDUCE, BUILD, INST, OBJ, NEWOBJ, EXT1, PERSID, BINPERSID
  for (const auto* opcodes : {"cos\nsystem\n.", "\x8c\x02os\x8c\x06system\x93.", "})R.", "}}b.", "(ios\nsystem\n.",
                              "(}o.", "})\x81.", "\x82\x01.", "Px\n.", "}Q."})
    CHECK_FALSE(json_of_pickle(with(opcodes), kMost));
}

TEST_CASE("A pickle that refers to itself is refused before it fills the memory", "[unit][adapter]") {
  for (const auto* name : {"laughs", "itself"}) CHECK_FALSE(json_of_pickle(pickle(name), kMost));
}

TEST_CASE("A pickle of very many values is refused", "[unit][adapter]") {
  CHECK_FALSE(json_of_pickle(with("}\x8c\x04"
                                  "data(" +
                                  std::string(1'000'000, 'N') + "ls."),
                             kMost));
  CHECK_FALSE(json_of_pickle(with(std::string(1'000'000, '(') + "."), kMost));
}

TEST_CASE("What is no pickle of a message is refused", "[unit][adapter]") {
  const auto whole = pickle("emit-4");
  for (std::size_t size = 0; size < whole.size(); ++size) CHECK_FALSE(json_of_pickle(whole.substr(0, size), kMost));
  for (const auto* opcodes : {".", "N.", "].", "}}.", "}(.", "}NNs.", "}K\x01Ns.", "a.", "}a.", "s.", "u.", "e.", "t.",
                              "h\x05.", "q\x05.", "}G\x7f\xf0.", "}\x8c\x05method\x8a\x09xxxxxxxxxs."})
    CHECK_FALSE(json_of_pickle(with(opcodes), kMost));
  CHECK_FALSE(adapter::is_pickle("{}"));
  CHECK_FALSE(adapter::is_pickle("\x80"));
}
