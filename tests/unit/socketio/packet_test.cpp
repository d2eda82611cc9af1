#include "realtime-server/socketio/packet.hpp"

#include "tests/support/catch.hpp"

using socketio::decode;
using socketio::Packet;
using socketio::PacketError;
using socketio::PacketType;

namespace {

PacketError error_of(std::string_view text) {
  Packet packet;
  return decode(text, packet);
}

}  // namespace

TEST_CASE("An event has its namespace, its acknowledgement id, its name and raw arguments", "[unit][socketio]") {
  Packet packet;
  REQUIRE(decode(R"(2/admin,456["project:delete", 123 ,{"a":[1]}])", packet) == PacketError::kNone);
  CHECK(packet.type == PacketType::kEvent);
  CHECK(packet.nsp == "/admin");
  CHECK(packet.id == "456");
  CHECK(packet.event == R"("project:delete")");
  REQUIRE(packet.args.size() == 2);
  CHECK(packet.args[0] == "123");
  CHECK(packet.args[1] == R"({"a":[1]})");
}

TEST_CASE("Nothing of a packet is left in the next one that is decoded into it", "[unit][socketio]") {
  Packet packet;
  REQUIRE(decode(R"(51-/admin,7["upload",{"_placeholder":true,"num":0}])", packet) == PacketError::kNone);
  REQUIRE(packet.placeholders.size() == 1);
  REQUIRE(decode(R"(2["plain"])", packet) == PacketError::kNone);
  CHECK(packet.nsp == "/");
  CHECK(packet.id.empty());
  CHECK(packet.attachments == 0);
  CHECK(packet.args.empty());
  CHECK(packet.placeholders.empty());
}

TEST_CASE("A placeholder is found at its position, in binary packets only", "[unit][socketio]") {
  Packet packet;
  const std::string_view text = R"(52-["b",{"_placeholder":true,"num":1},[{"_placeholder":true,"num":0}]])";
  REQUIRE(decode(text, packet) == PacketError::kNone);
  REQUIRE(packet.placeholders.size() == 2);
  CHECK(text.substr(packet.placeholders[0].begin, packet.placeholders[0].end - packet.placeholders[0].begin) ==
        R"({"_placeholder":true,"num":1})");
  CHECK(packet.placeholders[1].num == 0);
  REQUIRE(decode(R"(2["b",{"_placeholder":true,"num":9}])", packet) == PacketError::kNone);
  CHECK(packet.placeholders.empty());
}

TEST_CASE("CONNECT may carry an object and nothing else", "[unit][socketio]") {
  Packet packet;
  REQUIRE(decode("0", packet) == PacketError::kNone);
  CHECK(packet.auth.empty());
  REQUIRE(decode(R"(0/custom,{"token":"x"})", packet) == PacketError::kNone);
  CHECK(packet.nsp == "/custom");
  CHECK(packet.auth == R"({"token":"x"})");
  CHECK(decode("0/custom", packet) == PacketError::kNone);
  CHECK(packet.nsp == "/custom");
  for (const auto* wrong : {R"(0"x")", "0[]", "0null", R"(0{"a")",
                            R"(0{} )"
                            "x"})
    CHECK(error_of(wrong) == PacketError::kBadPayload);
}

TEST_CASE("What the protocol does not allow is refused with its reason", "[unit][socketio]") {
  struct Case {
    std::string_view text;
    PacketError error;
  };
  const auto known = GENERATE(values<Case>({
      {"", PacketError::kEmpty},
      {"7", PacketError::kUnknownType},
      {"x", PacketError::kUnknownType},
      {R"(4{"message":"no"})", PacketError::kUnknownType},
      {R"(5["b"])", PacketError::kBadAttachments},
      {R"(5-["b"])", PacketError::kBadAttachments},
      {R"(50-["b"])", PacketError::kBadAttachments},
      {R"(511-["b"])", PacketError::kBadAttachments},
      {R"(5100-["b"])", PacketError::kBadAttachments},
      {"2/\xff,[\"a\"]", PacketError::kBadNamespace},
      {R"(21234567890123456["a"])", PacketError::kBadAckId},
      {"2", PacketError::kBadPayload},
      {R"(2{"a":1})", PacketError::kBadPayload},
      {R"(2["a")", PacketError::kBadPayload},
      {R"(2["a"]x)", PacketError::kBadPayload},
      {R"(2["a",01])", PacketError::kBadPayload},
      {R"(2["a",NaN])", PacketError::kBadPayload},
      {"2[\"a\",\"\xc3\x28\"]", PacketError::kInvalidUtf8},
      {"2[]", PacketError::kBadEvent},
      {"2[null]", PacketError::kBadEvent},
      {R"(2[["a"]])", PacketError::kBadEvent},
      {R"(2["connect"])", PacketError::kBadEvent},
      {R"(2["\u0063onnect"])", PacketError::kBadEvent},
      {R"(2["disconnecting",1])", PacketError::kBadEvent},
      {"1x", PacketError::kBadPayload},
      {R"(3{"a":1})", PacketError::kBadPayload},
      {R"(51-["b",{"_placeholder":true,"num":1}])", PacketError::kBadPlaceholder},
      {R"(51-["b",{"_placeholder":true,"num":-1}])", PacketError::kBadPlaceholder},
  }));
  CAPTURE(known.text);
  CHECK(static_cast<int>(error_of(known.text)) == static_cast<int>(known.error));
}

TEST_CASE("A packet has a bounded number of arguments", "[unit][socketio]") {
  std::string text{"2[\"e\""};
  for (std::size_t i = 0; i < socketio::kMaxArguments; ++i) text += ",1";
  CHECK(error_of(text + "]") == PacketError::kNone);
  CHECK(error_of(text + ",1]") == PacketError::kTooManyArguments);
  CHECK(error_of("3" + text.substr(1) + "]") == PacketError::kTooManyArguments);  // also of an acknowledgement
}

TEST_CASE("An event may be named by a number, and an acknowledgement needs no argument", "[unit][socketio]") {
  Packet packet;
  REQUIRE(decode("2[42,1]", packet) == PacketError::kNone);
  CHECK(packet.event == "42");
  REQUIRE(decode("312[]", packet) == PacketError::kNone);
  CHECK(packet.id == "12");
  CHECK(packet.args.empty());
}

TEST_CASE("A namespace that is too long is refused before it is looked for", "[unit][socketio]") {
  CHECK(error_of("0/" + std::string(socketio::kLongestNamespace, 'n') + ",") == PacketError::kBadNamespace);
  CHECK(error_of("0/" + std::string(socketio::kLongestNamespace - 1, 'n') + ",") == PacketError::kNone);
}
