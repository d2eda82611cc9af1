#include "realtime-server/server/hub.hpp"

#include <set>

#include "tests/support/catch.hpp"
#include "tests/support/hub_world.hpp"

using engineio::CloseReason;
using hubs::Relayed;
using hubs::World;

namespace {

using Frames = std::vector<std::string>;

constexpr const char* kRules = R"({
  /: {
    events: {
      message: [{type: Broadcast, event: response, args: [{echo: $1}]}],
      ask: [{type: Acknowledge, args: [$args]}],
      several: [
        {type: Emit, event: first, args: [$2]},
        {type: Broadcast, event: second, args: [$args]},
        {type: Acknowledge, args: [third]},
        {type: Emit, event: fourth}]}},
  /custom: {
    onConnect: [
      {type: Emit, event: auth, args: [$auth]},
      {type: Broadcast, event: joined, args: [[$auth]]}]}})";

}  // namespace

TEST_CASE("A CONNECT is answered with a separate id, then its rules run in order", "[unit][server]") {
  World world{kRules};
  auto& other = world.member("/custom");
  world.fleet.emits.clear();
  auto& client = world.client();
  CHECK_FALSE(client.says(R"(0/custom,{"token":"x"})"));
  const auto sid = client.sid("/custom");
  CHECK(sid.size() == 20);
  CHECK(client.got() == Frames{R"(40/custom,{"sid":")" + sid + R"("})", R"(42/custom,["auth",{"token":"x"}])",
                               R"(42/custom,["joined",[{"token":"x"}]])"});
  CHECK(other.got() == Frames{R"(42/custom,["joined",[{"token":"x"}]])"});
  CHECK(world.fleet.emits == std::vector{Relayed{"/custom", R"("joined")", R"([{"token":"x"}])", {}}});
  CHECK_FALSE(client.says("0"));
  CHECK(client.got() == Frames{R"(40{"sid":")" + client.sid() + R"("})"});
  CHECK(std::set{sid, client.sid(), other.sid("/custom")}.size() == 3);
  CHECK(world.hub.counters().connects == 3);
  CHECK(world.hub.counters().refused_connects == 0);
}

TEST_CASE("Broadcasts are adjacent in memory, also with messages to one client in between", "[unit][server]") {
  World world{kRules};
  auto& sender = world.member();
  auto& other = world.member();
  for (int i = 0; i < 100; ++i) {
    REQUIRE_FALSE(sender.says(R"(2["message",1])"));
    REQUIRE_FALSE(sender.says(R"(21["ask"])"));
  }
  CHECK(other.segments() == 1);
  CHECK(other.got().size() == 100);
  CHECK(sender.got().size() == 200);
}

TEST_CASE("A CONNECT without an auth object has an empty one", "[unit][server]") {
  World world{kRules};
  auto& client = world.client();
  REQUIRE_FALSE(client.says("0/custom"));
  CHECK(client.got().at(1) == R"(42/custom,["auth",{}])");
}

TEST_CASE("A namespace that there is not is refused, and the client stays", "[unit][server]") {
  World world{kRules};
  auto& client = world.client();
  CHECK_FALSE(client.says(R"(0/nowhere,{"token":"x"})"));
  CHECK(client.got() == Frames{R"(44/nowhere,{"message":"Invalid namespace"})"});
  CHECK(client.socket("/nowhere") == nullptr);
  CHECK(world.hub.counters().refused_connects == 1);
  CHECK(world.hub.counters().connects == 0);
  CHECK_FALSE(client.says("0"));
  CHECK(client.socket() != nullptr);
  World without_main{"{/custom: {}}"};
  CHECK_FALSE(without_main.client().says("0"));
  CHECK(without_main.hub.counters().refused_connects == 1);
}

TEST_CASE("A second CONNECT to a namespace closes the client", "[unit][server]") {
  World world{kRules};
  auto& client = world.member();
  CHECK(client.says("0") == CloseReason::kParseError);
  CHECK(client.got().empty());
  CHECK(world.hub.counters().connects == 1);
}

TEST_CASE("What is said in a namespace that is not joined closes the client", "[unit][server]") {
  World world{kRules};
  const auto* text = GENERATE(R"(2["message",1])", R"(20["ask"])", "31[]", "1", R"(2/custom,["message"])", "1/custom",
                              R"(2/nowhere,["message"])");
  INFO(text);
  CHECK(world.client().says(text) == CloseReason::kParseError);
  auto& member = world.member();
  if (std::string_view{text}.find("/") == std::string_view::npos)
    CHECK_FALSE(member.says(text));
  else
    CHECK(member.says(text) == CloseReason::kParseError);
}

TEST_CASE("A client that leaves a namespace keeps the others, and may join again", "[unit][server]") {
  World world{kRules};
  auto& client = world.member();
  REQUIRE_FALSE(client.says("0/custom"));
  const auto first = client.sid("/custom");
  CHECK_FALSE(client.says("1/custom,"));
  client.got();
  world.hub.on_emit({.nsp = "/custom", .event = R"("e")"});
  CHECK(client.got().empty());
  CHECK_FALSE(client.says(R"(2["message",1])"));
  CHECK(client.got() == Frames{R"(42["response",{"echo":1}])"});
  CHECK_FALSE(client.says("0/custom,"));
  CHECK(client.sid("/custom") != first);
}

TEST_CASE("An invalid packet closes the client, with a reason", "[unit][server]") {
  World world{kRules, 1000};
  CHECK(world.member().says("") == CloseReason::kParseError);
  CHECK(world.member().says("2[]") == CloseReason::kParseError);
  CHECK(world.member().says(R"(2["disconnect"])") == CloseReason::kParseError);
  CHECK(world.member().says("2[\"\xff\"]") == CloseReason::kInvalidUtf8);
  CHECK(world.member().attaches("x") == CloseReason::kParseError);
  auto& interrupted = world.member();
  REQUIRE_FALSE(interrupted.says(R"(51-["message",{"_placeholder":true,"num":0}])"));
  CHECK(interrupted.says(R"(2["message"])") == CloseReason::kParseError);
  auto& large = world.member();
  REQUIRE_FALSE(large.says(R"(51-["message",{"_placeholder":true,"num":0}])"));
  CHECK(large.attaches(std::string(1000, 'x')) == CloseReason::kMessageTooBig);
  CHECK(world.fleet.emits.empty());
}

TEST_CASE("The rules of an event run in their order, each to whom it is meant for", "[unit][server]") {
  World world{kRules};
  auto& sender = world.member();
  auto& other = world.member();
  auto& elsewhere = world.member("/custom");
  CHECK_FALSE(sender.says(R"(27["several", 1 ,{ "b" : 2 }])"));
  CHECK(sender.got() ==
        Frames{R"(42["first",{ "b" : 2 }])", R"(42["second",1,{ "b" : 2 }])", R"(437["third"])", R"(42["fourth"])"});
  CHECK(other.got() == Frames{R"(42["second",1,{ "b" : 2 }])"});
  CHECK(elsewhere.got().empty());
  REQUIRE(world.fleet.emits.size() == 2);  // the first was the one that joined /custom
  CHECK(world.fleet.emits.back() == Relayed{"/", R"("second")", R"(1,{ "b" : 2 })", {}});
}

TEST_CASE("Events are counted for every client that gets them", "[unit][server]") {
  World world{kRules};
  auto& sender = world.member();
  world.member();
  world.member();
  const auto delivered = world.hub.counters().delivered;
  REQUIRE_FALSE(sender.says(R"(2["message",1])"));
  CHECK(world.hub.counters().delivered == delivered + 3);
  REQUIRE_FALSE(sender.says(R"(21["ask"])"));
  CHECK(world.hub.counters().delivered == delivered + 4);
  world.hub.on_emit({.event = R"("e")"});
  CHECK(world.hub.counters().delivered == delivered + 7);
}

TEST_CASE("An event without rules is ignored", "[unit][server]") {
  World world{kRules};
  auto& sender = world.member();
  for (const auto* text : {R"(21["unknown",1])", R"(21["Message",1])", R"(21[5])", R"(21[""])", R"(21["message "])"})
    CHECK_FALSE(sender.says(text));
  CHECK(sender.got().empty());
  CHECK(world.fleet.emits.empty());
}

TEST_CASE("An event is recognized by its name, with or without escapes", "[unit][server]") {
  World world{"{/: {events: {\"\\u00e9\\\"\\\\t\": [{type: Emit, event: heard}]}}}"};
  auto& sender = world.member();
  for (const auto* text : {"2[\"\u00e9\\\"\\\\t\"]", R"(2["\u00e9\u0022\u005ct"])", R"(2["\u00E9\"\\\u0074",1])"}) {
    INFO(text);
    CHECK_FALSE(sender.says(text));
    CHECK(sender.got() == Frames{R"(42["heard"])"});
  }
}

TEST_CASE("An acknowledgement is given to who asked for one, with the id as it was written", "[unit][server]") {
  World world{kRules};
  auto& sender = world.member();
  CHECK_FALSE(sender.says(R"(2["ask",1])"));
  CHECK(sender.got().empty());
  for (const std::string id : {"0", "7", "007", "123456789012345"}) {
    CHECK_FALSE(sender.says("2" + id + R"(["ask",1,[2]])"));
    CHECK(sender.got() == Frames{"43" + id + "[1,[2]]"});
  }
  CHECK_FALSE(sender.says(R"(21["ask"])"));
  CHECK(sender.got() == Frames{"431[]"});
  CHECK(world.fleet.emits.empty());
}

TEST_CASE("An event from another replica reaches the named clients, and is not sent back", "[unit][server]") {
  World world{kRules};
  auto& first = world.member();
  auto& second = world.member();
  auto& third = world.member();
  world.fleet.emits.clear();
  const auto sid = first.sid();
  const std::array<std::string_view, 1> named{sid};
  const std::array<std::string_view, 1> args{"1,2"};
  world.hub.on_emit({.rooms = named, .event = R"("e")", .args = args});
  CHECK(first.got() == Frames{R"(42["e",1,2])"});
  CHECK((second.got().empty() && third.got().empty()));
  world.hub.on_emit({.except = named, .event = "5"});
  CHECK(first.got().empty());
  CHECK(second.got() == Frames{"42[5]"});
  CHECK(third.got() == Frames{"42[5]"});
  world.hub.on_emit({.nsp = "/nowhere", .event = R"("e")"});
  world.hub.on_emit({.nsp = "", .event = R"("e")"});
  CHECK((first.got().empty() && second.got().empty() && third.got().empty()));
  CHECK(world.fleet.emits.empty());
}

TEST_CASE("Rooms are entered, left and closed as other processes request", "[unit][server]") {
  World world{kRules};
  auto& first = world.member();
  auto& second = world.member();
  const auto one = first.sid();
  const auto two = second.sid();
  const auto reached = [&](std::string_view room) {
    world.hub.on_emit({.rooms = std::span{&room, 1}, .event = R"("e")"});
    return std::pair{first.got().size(), second.got().size()};
  };
  using Reached = std::pair<std::size_t, std::size_t>;
  world.hub.on_enter_room("/", one, "red");
  world.hub.on_enter_room("/", two, "red");
  world.hub.on_enter_room("/", two, "blue");
  CHECK(reached("red") == Reached{1, 1});
  CHECK(reached("blue") == Reached{0, 1});
  world.hub.on_leave_room("/", two, "red");
  CHECK(reached("red") == Reached{1, 0});
  world.hub.on_close_room("/", "red");
  CHECK(reached("red") == Reached{0, 0});
  CHECK(reached("blue") == Reached{0, 1});
  CHECK(reached(one) == Reached{1, 0});
}

TEST_CASE("Rooms of ids and namespaces that are not here are no error", "[unit][server]") {
  World world{kRules};
  auto& client = world.member();
  const auto sid = client.sid();
  for (const std::string_view nsp : {"/", "/custom", "/nowhere", ""})
    for (const std::string_view id : {std::string_view{"AAAAAAAAAAAAAAAAAAAA"}, std::string_view{"short"},
                                      std::string_view{}, std::string_view{sid}}) {
      if (nsp == "/" && id == sid) continue;
      world.hub.on_enter_room(nsp, id, "red");
      world.hub.on_leave_room(nsp, id, "red");
      world.hub.on_disconnect(nsp, id);
      world.hub.on_close_room(nsp, "red");
    }
  CHECK(client.got().empty());
  CHECK(client.socket() != nullptr);
}

TEST_CASE("A client that is in as many rooms as it may be enters no more", "[unit][server]") {
  World world{kRules};
  auto& client = world.member();
  const auto sid = client.sid();
  for (std::size_t i = 0; i <= socketio::Namespace::kMaxRooms; ++i)
    world.hub.on_enter_room("/", sid, "room" + std::to_string(i));
  const auto last = "room" + std::to_string(socketio::Namespace::kMaxRooms);
  const std::string_view room{last};
  world.hub.on_emit({.rooms = std::span{&room, 1}, .event = R"("e")"});
  CHECK(client.got().empty());
}

TEST_CASE("A client that another process disconnects from a namespace is notified, and keeps the others",
          "[unit][server]") {
  World world{kRules};
  auto& client = world.member();
  REQUIRE_FALSE(client.says("0/custom"));
  client.got();
  const auto sid = client.sid("/custom");
  world.hub.on_disconnect("/", sid);
  CHECK(client.got().empty());
  world.hub.on_disconnect("/custom", sid);
  CHECK(client.got() == Frames{"41/custom,"});
  world.hub.on_disconnect("/custom", sid);
  world.hub.on_emit({.nsp = "/custom", .event = R"("e")"});
  CHECK(client.got().empty());
  CHECK(client.socket() != nullptr);
  CHECK(client.says(R"(2/custom,["message"])") == CloseReason::kParseError);
}

TEST_CASE("A requested acknowledgement is sent back, once for every client", "[unit][server]") {
  World world{kRules};
  auto& first = world.member();
  auto& second = world.member();
  const auto ask = [&](std::string id) {
    const auto callback = std::make_shared<socketio::RemoteCallback>(
        socketio::RemoteCallback{R"("host")", R"("room")", R"("/")", std::move(id)});
    world.hub.on_emit({.event = R"("q")", .callback = callback});
  };
  ask("17");
  ask("18");
  CHECK(first.got() == Frames{R"(421["q"])", R"(422["q"])"});
  CHECK(second.got() == Frames{R"(421["q"])", R"(422["q"])"});
  CHECK_FALSE(first.says(R"(32["a", {"b":1} ])"));
  CHECK_FALSE(first.says("32[]"));  // again
  CHECK_FALSE(first.says("33[]"));  // not requested
  CHECK_FALSE(first.says("3[]"));   // says not for what
  CHECK_FALSE(second.says("32[]"));
  CHECK_FALSE(first.says("31[null]"));
  CHECK(world.fleet.acks ==
        std::vector<hubs::Acknowledged>{{"18", {R"("a")", R"({"b":1})"}}, {"18", {}}, {"17", {"null"}}});
  CHECK(world.hub.counters().dropped == 0);
}

TEST_CASE("A binary acknowledgement cannot go back, and is dropped and counted", "[unit][server]") {
  World world{kRules};
  auto& client = world.member();
  const auto callback =
      std::make_shared<socketio::RemoteCallback>(socketio::RemoteCallback{R"("host")", R"("room")", R"("/")", "1"});
  world.hub.on_emit({.event = R"("q")", .callback = callback});
  const auto* const answer = R"(61-1[{"_placeholder":true,"num":0}])";
  CHECK_FALSE(client.says(answer));
  CHECK_FALSE(client.attaches("x"));
  CHECK(world.fleet.acks.empty());
  CHECK(world.hub.counters().dropped == 1);
  CHECK_FALSE(client.says(answer));  // no longer pending
  CHECK_FALSE(client.attaches("x"));
  CHECK(world.hub.counters().dropped == 1);
}
