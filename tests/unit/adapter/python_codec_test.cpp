#include "realtime-server/adapter/python_codec.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "realtime-server/socketio/packet.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/emits.hpp"
#include "tests/support/heap.hpp"

using adapter::Taken;

namespace {

struct Heard {
  Taken taken;
  std::vector<std::string> told;
};

/// How a host named "us" reads a message.
Heard heard(std::string_view message) {
  adapter::PythonReader reader{"us"};
  support::RememberingInbox inbox;
  const auto taken = reader.read(message, inbox);
  return {taken, inbox.told};
}

/// An emit of `hello` as Python writes it, with these members in the place of its own.
std::string emit_with(const std::string& members) {
  auto message = nlohmann::json::parse(
      R"({"method":"emit","event":"hello","data":[1],"binary":false,"namespace":"/","room":null,"skip_sid":null,)"
      R"("callback":null,"host_id":"them"})");
  message.update(nlohmann::json::parse("{" + members + "}"));
  return message.dump();
}

}  // namespace

TEST_CASE("An emit from Python's message queue reaches the inbox as it was meant", "[unit][adapter]") {
  struct Case {
    std::string members;
    std::string told;
  };
  const auto [members, told] = GENERATE(values<Case>({
      {"", R"(emit / "hello"(1))"},
      {R"("event":7,"namespace":"/chat")", "emit /chat 7(1)"},
      {R"("namespace":null)", R"(emit / "hello"(1))"},
      {R"("namespace":"/caf\u00e9")", "emit /caf\u00e9 \"hello\"(1)"},
      // data: a list of arguments, of which a single null is none
      {R"("data":[])", R"(emit / "hello"())"},
      {R"("data":[null])", R"(emit / "hello"())"},
      {R"("data":null)", R"(emit / "hello"())"},
      {R"("data":[null,null])", R"(emit / "hello"(null,null))"},
      {R"("data":[[1,"two"],{"three":3}])", R"(emit / "hello"([1,"two"],{"three":3}))"},
      {R"("data":"alone")", R"(emit / "hello"("alone"))"},
      {R"("data":[{"_placeholder":true,"num":9}])", R"(emit / "hello"({"_placeholder":true,"num":9}))"},
      // room and skip_sid: null, a scalar, or a list
      {R"("room":"a\nb")", "emit / \"hello\"(1) to a\nb"},
      {R"("room":["a","b"],"skip_sid":"c")", R"(emit / "hello"(1) to a|b without c)"},
      {R"("skip_sid":["c","d"])", R"(emit / "hello"(1) without c|d)"},
      {R"("skip_sid":[])", R"(emit / "hello"(1))"},
      {R"("room":5)", R"(emit / "hello"(1) to )" + std::string("\0"
                                                               "5",
                                                               2)},
      {R"("room":["a",null])", R"(emit / "hello"(1))"},
      {R"("callback":["room","/",3])", R"(emit / "hello"(1) for "them" "room" "/" 3)"},
      {R"("binary":true,"data":[[{"_placeholder":true,"num":1},{"_placeholder":true,"num":0}],"AP8=","aGk="])",
       R"(emit / "hello"({"_placeholder":true,"num":1},{"_placeholder":true,"num":0}) with )" +
           std::string("\0\xff|hi", 5)},
      // a single argument that is no list
      {R"("binary":true,"data":[{"_placeholder":true,"num":0},"aGk="])",
       R"(emit / "hello"({"_placeholder":true,"num":0}) with hi)"},
  }));
  INFO(members);
  // nlohmann writes without spaces; Python writes with them.
  const auto message = emit_with(members);
  const auto result = heard(message);
  CHECK(result.taken == Taken::kTaken);
  CHECK(result.told == std::vector{told});
}

TEST_CASE("A message is read as Python spaces it", "[unit][adapter]") {
  const auto result =
      heard(R"({"method": "emit", "event": "response", "data": [ {"echo": "hi"} ], "binary": false, "namespace": "/", )"
            R"("room": null, "skip_sid": ["a", "b"], "callback": null, "host_id": "1c2f"})"
            "\n");
  CHECK(result.told == std::vector<std::string>{R"(emit / "response"({"echo": "hi"}) without a|b)"});
}

TEST_CASE("An emit to an empty list of rooms reaches no client", "[unit][adapter]") {
  const auto result = heard(emit_with(R"("room":[])"));
  CHECK(result.taken == Taken::kIgnored);
  CHECK(result.told.empty());
}

TEST_CASE("Rooms and clients are dealt with as other hosts ask", "[unit][adapter]") {
  struct Case {
    std::string message;
    std::string told;
  };
  const auto [message, told] = GENERATE(values<Case>({
      {R"({"method":"disconnect","sid":"s","namespace":"/chat","host_id":"them"})", "disconnect /chat s"},
      {R"({"method":"enter_room","sid":"s","room":"r","namespace":"/","host_id":"them"})", "enter / s r"},
      {R"({"method":"leave_room","sid":"s","room":"r","namespace":null,"host_id":"them"})", "leave / s r"},
      {R"({"method":"close_room","room":"r","host_id":"them"})", "close / r"},
  }));
  INFO(message);
  const auto result = heard(message);
  CHECK(result.taken == Taken::kTaken);
  CHECK(result.told == std::vector{told});
}

TEST_CASE("A message of this host, for others, or with an unknown method is ignored", "[unit][adapter]") {
  const auto [message, taken] = GENERATE(table<std::string, Taken>({
      {R"({"method":"emit","event":"e","data":[],"host_id":"us"})", Taken::kOwn},
      {R"({"host_id":"us","method":"emit","event":"e","data":[]})", Taken::kOwn},
      {R"({"method":"disconnect","sid":"s","host_id":"us"})", Taken::kOwn},
      {R"({"method":"callback","host_id":"them","sid":"s","id":1,"args":[]})", Taken::kIgnored},
      {R"({"method":"dance","host_id":"them"})", Taken::kIgnored},
  }));
  INFO(message);
  const auto result = heard(message);
  CHECK(result.taken == taken);
  CHECK(result.told.empty());
}

TEST_CASE("What we sent is known by how it begins, and is not walked", "[unit][adapter]") {
  REQUIRE(adapter::encode_emit("us", {.event = R"("e")"}).starts_with(R"({"host_id":"us",)"));
  CHECK(heard(R"({"host_id":"us", and so on)").taken == Taken::kOwn);
  CHECK(heard(R"({"host_id":"us)").taken == Taken::kRefused);
}

TEST_CASE("An invalid message of the queue is refused and has no effect", "[unit][adapter]") {
  const std::string message = GENERATE(
      as<std::string>{}, "", "7", "[]", "null", "\x80\x04}q\x01.", "{}", R"({"method":7})",
      R"({"method":"emit","event":"e","data":[1]} x)", R"({"method":"emit","event":"e","data":[NaN]})",
      R"({"method":"emit","event":"e","data":[-Infinity]})",
      "{\"method\":\"emit\",\"event\":\"e\",\"data\":[\"\xff\"]}", R"({"method":"emit","data":[1]})",
      R"({"method":"emit","event":null,"data":[1]})", R"({"method":"emit","event":"e"})",
      R"({"method":"disconnect","host_id":"them"})", R"({"method":"disconnect","sid":7})",
      R"({"method":"enter_room","sid":"s"})", R"({"method":"leave_room","sid":"s"})", R"({"method":"close_room"})",
      R"({"method":"close_room","room":["r"]})", R"({"method":"enter_room","sid":"s","room":{}})",
      R"({"method":"leave_room","sid":"s","room":["r"]})", R"({"method":"disconnect","sid":"s","namespace":7})");
  INFO(message);
  const auto result = heard(message);
  CHECK(result.taken == Taken::kRefused);
  CHECK(result.told.empty());
}

TEST_CASE("An emit with a part that is wrong is refused", "[unit][adapter]") {
  const std::string members = GENERATE(
      as<std::string>{}, R"("event":["e"])", R"("event":{})", R"("namespace":7)", R"("room":{})", R"("room":[["a"]])",
      R"("skip_sid":{})", R"("skip_sid":[{}])", R"("callback":["room","/"])", R"("callback":["room","/",1,2])",
      R"("binary":true,"data":[])", R"("binary":true,"data":[[]])", R"("binary":true,"data":{})",
      R"("binary":true,"data":[{"_placeholder":true,"num":1},"aGk="])", R"("binary":true,"data":[[],7])",
      R"("binary":true,"data":[[],"!"])", R"("binary":true,"data":[[{"_placeholder":true,"num":1}],"aGk="])",
      R"("binary":true,"data":[[{"_placeholder":true,"num":-1}],"aGk="])",
      R"("binary":true,"data":[[{"_placeholder":true,"num":0,"more":1}],"aGk="])",
      R"("binary":true,"data":[[],"","","","","","","","","","",""])");
  INFO(members);
  const auto result = heard(emit_with(members));
  CHECK(result.taken == Taken::kRefused);
  CHECK(result.told.empty());
}

TEST_CASE("An event for which JavaScript's client would close its connection is refused", "[unit][adapter]") {
  for (const auto name : socketio::kReservedEvents) {
    INFO(name);
    CHECK(heard(emit_with(fmt::format(R"("event":"{}")", name))).taken == Taken::kRefused);
    CHECK(heard(emit_with(fmt::format(R"("event":"{}d")", name))).taken == Taken::kTaken);
  }
  const auto escaped = heard(R"({"method":"emit","event":"dis\u0063onnect","data":[]})");
  CHECK(escaped.taken == Taken::kRefused);
  CHECK(escaped.told.empty());
}

TEST_CASE("The members of a message may have any order, and of duplicates the last one counts", "[unit][adapter]") {
  std::vector<std::string> members{R"("method":"emit")",
                                   R"("event":"e")",
                                   R"("data":[[{"_placeholder":true,"num":0}],"aGk="])",
                                   R"("binary":true)",
                                   R"("namespace":"/chat")",
                                   R"("room":"r")",
                                   R"("skip_sid":"s")",
                                   R"("callback":["r","/chat",1])",
                                   R"("host_id":"them")",
                                   R"("later":{"method":"callback"})"};
  const auto told = R"(emit /chat "e"({"_placeholder":true,"num":0}) to r without s with hi for "them" "r" "/chat" 1)";
  for (std::size_t i = 0; i < 2 * members.size(); ++i) {
    const auto message = fmt::format("{{{}}}", fmt::join(members, ","));
    INFO(message);
    CHECK(heard(message).told == std::vector<std::string>{told});
    std::rotate(members.begin(), members.begin() + 1, members.end());
    if (i + 1 == members.size()) std::reverse(members.begin(), members.end());
  }
  CHECK(heard(R"({"method":"emit","method":"close_room","room":1,"room":"r"})").told ==
        std::vector<std::string>{"close / r"});
}

TEST_CASE("A message that breaks off anywhere is refused", "[unit][adapter]") {
  const auto whole = emit_with(R"("event":"\u00e9","room":["a\n"],"callback":["r","/",1.5e3])");
  REQUIRE(heard(whole).taken == Taken::kTaken);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    INFO(size);
    const auto result = heard(whole.substr(0, size));
    CHECK(result.taken == Taken::kRefused);
    CHECK(result.told.empty());
  }
}

TEST_CASE("Attachments that no placeholder names go along, up to the limit of a packet", "[unit][adapter]") {
  CHECK(heard(emit_with(R"("binary":true,"data":[[1],"aGk="])")).told ==
        std::vector<std::string>{R"(emit / "hello"(1) with hi)"});
  const auto ten = emit_with(
      R"("binary":true,"data":[[{"_placeholder":true,"num":9}],"YQ==","YQ==","YQ==","YQ==","YQ==","YQ==","YQ==","YQ==","YQ==","aGk="])");
  CHECK(heard(ten).told ==
        std::vector<std::string>{R"(emit / "hello"({"_placeholder":true,"num":9}) with a|a|a|a|a|a|a|a|a|hi)"});
}

TEST_CASE("A room whose name is a number is not the one of the same digits", "[unit][adapter]") {
  const auto told = [](const std::string& room) { return heard(emit_with(R"("room":)" + room)).told; };
  CHECK(told("5") != told(R"("5")"));
  CHECK(told("true") != told(R"("true")"));
  CHECK(told("[5]") == told("5"));
  const auto entered = heard(R"({"method":"enter_room","sid":"s","room":5})").told.at(0);
  CHECK(told("5").at(0).ends_with(entered.substr(entered.find('\0'))));
}

TEST_CASE("A reader forgets one message before the next", "[unit][adapter]") {
  adapter::PythonReader reader{"us"};
  support::RememberingInbox inbox;
  reader.read(
      emit_with(R"("room":["a"],"skip_sid":["b"],"binary":true,"data":[[{"_placeholder":true,"num":0}],"aGk="])"),
      inbox);
  reader.read(emit_with(R"("room":{})"), inbox);
  reader.read(emit_with(""), inbox);
  CHECK(inbox.told.size() == 2);
  CHECK(inbox.told.back() == R"(emit / "hello"(1))");
}

TEST_CASE("A reader keeps nothing of the messages that it has read", "[unit][adapter]") {
  adapter::PythonReader reader{"us"};
  support::RememberingInbox inbox;
  const auto message = emit_with(fmt::format(R"("room":"\\n{}")", std::string(1000, 'r')));
  const auto read_ten = [&] {
    for (int i = 0; i < 10; ++i) reader.read(message, inbox);
    inbox.told = {};
    return heap::in_use();
  };
  const auto before = read_ten();
  CHECK(read_ten() == before);
}

TEST_CASE("What we emit has the members that Python reads, and is heard by our like as it was", "[unit][adapter]") {
  using Views = std::vector<std::string_view>;
  const Views none;
  const Views args{R"({"a":)", "1},2"};
  const Views room{"a \"room\""};
  const Views rooms{"a", "b"};
  const Views binary_args{R"({"_placeholder":true,"num":0})"};
  const Views bytes{std::string_view{"\0\xff", 2}};
  for (const auto& emit : {socketio::Emit{.event = R"("e")", .args = args}, socketio::Emit{.event = "7", .args = none},
                           socketio::Emit{.nsp = "/caf\u00e9 \"1\"\n", .rooms = room, .event = R"("e")"},
                           socketio::Emit{.rooms = rooms, .except = rooms, .event = R"("e")"},
                           socketio::Emit{.except = room, .event = R"("e")", .args = args},
                           socketio::Emit{.event = R"("e")", .args = binary_args, .attachments = bytes}}) {
    const auto text = adapter::encode_emit("others", emit);
    INFO(text);
    CHECK(heard(text).told == std::vector{support::shown(emit)});
    support::RememberingInbox inbox;
    CHECK(adapter::PythonReader{"others"}.read(text, inbox) == Taken::kOwn);

    const auto json = nlohmann::json::parse(text);
    for (const char* member :
         {"method", "event", "data", "binary", "namespace", "room", "skip_sid", "callback", "host_id"})
      CHECK(json.contains(member));
    CHECK(json.size() == 9);
    CHECK(json.at("data").is_array());
    CHECK(json.at("binary") == !emit.attachments.empty());
    CHECK(json.at("room").is_null() == emit.rooms.empty());
    CHECK(json.at("room").is_array() == (emit.rooms.size() > 1));
    CHECK(json.at("skip_sid").is_null() == emit.except.empty());
  }
}

TEST_CASE("What is as deep as a client and a rule can make it is heard by our like", "[unit][adapter]") {
  using socketio::JsonCursor;
  const auto nested = [](std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  const auto argument = nested(JsonCursor::kMaxDepth - 1 + 32);
  const std::array<std::string_view, 1> args{argument};
  const std::array<std::string_view, 3> binary_args{argument, ",", R"({"_placeholder":true,"num":0})"};
  const std::array<std::string_view, 1> bytes{"hi"};
  for (const auto& emit : {socketio::Emit{.event = R"("e")", .args = args},
                           socketio::Emit{.event = R"("e")", .args = binary_args, .attachments = bytes}})
    CHECK(heard(adapter::encode_emit("others", emit)).told == std::vector{support::shown(emit)});
  CHECK(heard(emit_with(R"("data":)" + nested(JsonCursor::kMaxMessageDepth - 1))).taken == Taken::kTaken);
  CHECK(heard(emit_with(R"("data":)" + nested(JsonCursor::kMaxMessageDepth))).taken == Taken::kRefused);
}

TEST_CASE("An acknowledgement goes back with what its asker gave", "[unit][adapter]") {
  adapter::PythonReader reader{"us"};
  struct Asked final : adapter::Inbox {
    std::shared_ptr<const socketio::RemoteCallback> callback;
    void on_emit(const socketio::Emit& emit) override { callback = emit.callback; }
    void on_disconnect(std::string_view, std::string_view) override {}
    void on_enter_room(std::string_view, std::string_view, std::string_view) override {}
    void on_leave_room(std::string_view, std::string_view, std::string_view) override {}
    void on_close_room(std::string_view, std::string_view) override {}
  } inbox;
  reader.read(emit_with(R"("callback":["a \"sid\"","/chat",12])"), inbox);
  REQUIRE(inbox.callback);
  const std::vector<std::string_view> args{"1", R"({"two":2})"};
  CHECK(nlohmann::json::parse(adapter::encode_callback(*inbox.callback, args)) ==
        nlohmann::json::parse(R"({"method":"callback","host_id":"them","sid":"a \"sid\"","namespace":"/chat","id":12,)"
                              R"("args":[1,{"two":2}]})"));
  CHECK(nlohmann::json::parse(adapter::encode_callback(*inbox.callback, {})).at("args") == nlohmann::json::array());
}
