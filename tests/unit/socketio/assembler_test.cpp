#include "realtime-server/socketio/assembler.hpp"

#include "tests/support/catch.hpp"

using socketio::Assembler;
using socketio::Packet;
using socketio::PacketError;

TEST_CASE("A binary packet is whole with its last attachment, and its slices are of its own text", "[unit][socketio]") {
  Assembler assembler;
  Packet scratch;
  std::string text = R"(52-/custom,7["b",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}])";
  REQUIRE(assembler.on_text(text, scratch, 1000).packet == nullptr);
  text.assign(text.size(), '!');  // the bytes of a read die with it
  REQUIRE(assembler.on_binary("first", 1000).packet == nullptr);
  const auto whole = assembler.on_binary("second", 1000);
  REQUIRE(whole.packet != nullptr);
  CHECK(whole.packet->nsp == "/custom");
  CHECK(whole.packet->id == "7");
  CHECK(whole.packet->event == R"("b")");
  REQUIRE(whole.packet->args.size() == 2);
  CHECK(whole.packet->args[1] == R"({"_placeholder":true,"num":1})");
  REQUIRE(whole.attachments.size() == 2);
  CHECK(whole.attachments[1] == "second");
  const auto& second = whole.packet->placeholders.at(1);
  CHECK(whole.text.substr(second.begin, second.end - second.begin) == whole.packet->args[1]);
}

TEST_CASE("A partial packet counts what it needs, not what another packet needed", "[unit][socketio]") {
  Packet scratch;
  std::string many{"2[\"e\""};
  for (int i = 0; i < 5'000; ++i) many += ",1";
  Assembler other;
  many += ']';
  REQUIRE(other.on_text(many, scratch, 100'000).packet != nullptr);
  Assembler assembler;
  REQUIRE(assembler.on_text(R"(51-["e",{"_placeholder":true,"num":0}])", scratch, 1000).error == PacketError::kNone);
  CHECK(assembler.memory() < 1'000);
}

TEST_CASE("Text while attachments are due, and binary while none is, are refused", "[unit][socketio]") {
  Assembler assembler;
  Packet scratch;
  CHECK(assembler.on_binary("x", 1000).error == PacketError::kBadAttachments);
  REQUIRE(assembler.on_text(R"(51-["b",{"_placeholder":true,"num":0}])", scratch, 1000).error == PacketError::kNone);
  CHECK(assembler.on_text(R"(2["a"])", scratch, 1000).error == PacketError::kBadAttachments);
}

TEST_CASE("A packet and its attachments are bounded together", "[unit][socketio]") {
  Assembler assembler;
  Packet scratch;
  const std::string text = R"(52-["b",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}])";
  REQUIRE(assembler.on_text(text, scratch, text.size() + 10).error == PacketError::kNone);
  REQUIRE(assembler.on_binary("12345", text.size() + 10).error == PacketError::kNone);
  CHECK(assembler.on_binary("123456", text.size() + 10).error == PacketError::kTooLarge);
}

TEST_CASE("After a whole packet the next one is taken", "[unit][socketio]") {
  Assembler assembler;
  Packet scratch;
  for (int i = 0; i < 3; ++i) {
    REQUIRE(assembler.on_text(R"(51-["b",{"_placeholder":true,"num":0}])", scratch, 1000).error == PacketError::kNone);
    REQUIRE(assembler.on_binary("x", 1000).packet != nullptr);
    assembler.release();
    REQUIRE(assembler.on_text(R"(2["a"])", scratch, 1000).packet != nullptr);
  }
}
