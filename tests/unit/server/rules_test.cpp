#include "realtime-server/server/rules.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "realtime-server/server/config.hpp"
#include "realtime-server/server/config_scalars.hpp"
#include "realtime-server/socketio/packet.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/payloads.hpp"

namespace {

using namespace std::chrono_literals;

/// The one action of the event `m` whose rule is written so, in YAML.
server::Action action(const std::string& rule) {
  const auto config = server::read_config(fmt::format("namespaces: {{/: {{events: {{m: [{}]}}}}}}", rule), "f.yaml");
  if (!config) FAIL(config.error().message);
  return config->namespaces.at("/").events.find(std::string_view{"m"})->second.at(0);
}

std::string payload(const server::Action& action, const std::vector<std::string_view>& args,
                    std::string_view auth = "") {
  return support::payload_of(action, args, auth);
}

server::Action emit(const std::string& args) { return action(fmt::format("{{type: Emit, event: e, args: {}}}", args)); }
server::Action acknowledge(const std::string& args) {
  return action(fmt::format("{{type: Acknowledge, args: {}}}", args));
}

}  // namespace

TEST_CASE("Variables are filled with the event's raw JSON", "[unit][server]") {
  const std::vector<std::string_view> args{"\"a\\u00e9\"", "{ \"b\" : 1 }", "1e2"};
  CHECK(payload(emit("[{echo: $1}]"), args) == "[\"e\",{\"echo\":\"a\\u00e9\"}]");
  CHECK(payload(emit("[$2, {x: [$3, $1]}]"), args) == "[\"e\",{ \"b\" : 1 },{\"x\":[1e2,\"a\\u00e9\"]}]");
  CHECK(payload(emit("[$4, $64]"), args) == "[\"e\",null,null]");
  CHECK(payload(emit("[$auth, [$auth]]"), args, "{\"t\":1}") == "[\"e\",{\"t\":1},[{\"t\":1}]]");
  CHECK(payload(emit("[$auth]"), args) == "[\"e\",{}]");
  CHECK(payload(emit("['$1', \"$2\"]"), args) == "[\"e\",\"a\\u00e9\",{ \"b\" : 1 }]");
}

TEST_CASE("All arguments have the right commas, at any position and for any number", "[unit][server]") {
  const std::string list =
      GENERATE(as<std::string>{}, "[$args]", "[$args, $args]", "[x, $args]", "[$args, x]", "[x, $args, y]",
               "[$args, $1, $args]", "[$args, $args, x, $args, $args]", "[x, y, $args, $args, z]");
  for (std::size_t count = 0; count < 4; ++count) {
    std::vector<std::string_view> args(count, "7");
    std::string expected;
    for (std::size_t at = 1; at < list.size(); at = list.find_first_of(",]", at) + 2) {
      const auto word = list.substr(at, list.find_first_of(",]", at) - at);
      const auto add = [&](std::string_view value) { expected.append(",").append(value); };
      if (word == "$args") std::for_each(args.begin(), args.end(), add);
      if (word == "$1") add(count > 0 ? "7" : "null");
      if (word.front() != '$') add("\"" + word + "\"");
    }
    INFO(list << " with " << count);
    CHECK(payload(emit(list), args) == "[\"e\"" + expected + "]");
    CHECK(payload(acknowledge(list), args) == "[" + (expected.empty() ? "" : expected.substr(1)) + "]");
  }
}

TEST_CASE("Actions without values have none", "[unit][server]") {
  CHECK(payload(action("{type: Emit, event: e}"), {"1"}) == "[\"e\"]");
  CHECK(payload(emit("[]"), {"1"}) == "[\"e\"]");
  CHECK(payload(emit(""), {"1"}) == "[\"e\"]");
  CHECK(payload(action("{type: Acknowledge}"), {"1"}) == "[]");
  CHECK(payload(action("{type: Broadcast, event: 'say \"hi\"\n\n\u00e9'}"), {}) == "[\"say \\\"hi\\\"\\né\"]");
}

TEST_CASE("Plain scalars become JSON by the core schema of YAML 1.2", "[unit][server]") {
  const auto [yaml, json] = GENERATE(table<std::string, std::string>(
      {{"~", "null"},
       {"null", "null"},
       {"NULL", "null"},
       {"true", "true"},
       {"FALSE", "false"},
       {"True", "true"},
       {"yes", "\"yes\""},
       {"off", "\"off\""},
       {"'true'", "\"true\""},
       {"\"null\"", "\"null\""},
       {"'12'", "\"12\""},
       {"12", "12"},
       {"-0", "-0"},
       {"+7", "7"},
       {"007", "7"},
       {"000", "0"},
       {"0o17", "15"},
       {"0x1F", "31"},
       {"0xffffffffffffffff", "18446744073709551615"},
       {"123456789012345678901234567890", "123456789012345678901234567890"},
       {"1.50", "1.50"},
       {".5", "0.5"},
       {"-.5", "-0.5"},
       {"5.", "5"},
       {"5.e3", "5e3"},
       {"1E+5", "1e5"},
       {"1e-05", "1e-05"},
       {"1_000", "\"1_000\""},
       {"0b1", "\"0b1\""},
       {"0x", "\"0x\""},
       {"0o8", "\"0o8\""},
       {"1e", "\"1e\""},
       {"+", "\"+\""},
       {".", "\".\""},
       {"1.2.3", "\"1.2.3\""},
       {"2001-01-01", "\"2001-01-01\""},
       {"12s", "\"12s\""},
       {"$$1", "\"$1\""},
       {"$$", "\"$\""},
       {"$$$x", "\"$$x\""},
       {"'$$auth'", "\"$auth\""},
       {"a $1", "\"a $1\""},
       {"[]", "[]"},
       {"{}", "{}"},
       {"[[], {}, [1]]", "[[],{},[1]]"},
       {"{b: 1, a: {c: ~}, \"\\x01\": 2}", "{\"b\":1,\"a\":{\"c\":null},\"\\u0001\":2}"},
       {"{$1: 1, 2: x, true: y}", "{\"$1\":1,\"2\":\"x\",\"true\":\"y\"}"},
       {"\"\\x85\\xa0\\L\\e\"", "\"\u0085\u00a0\u2028\\u001b\""},
       {"\"\\u2028 \\t\"", "\"\u2028 \\t\""}}));
  CHECK(payload(emit("[" + yaml + "]"), {}) == "[\"e\"," + json + "]");
  CHECK(nlohmann::json::accept(json));
}

TEST_CASE("Neighbouring text is one piece, so that filling is few appends", "[unit][server]") {
  struct Recorder {
    std::vector<std::string> pieces;
    void text(std::string_view json) { pieces.emplace_back(json); }
    void argument(std::size_t index) { pieces.push_back("<" + std::to_string(index) + ">"); }
    void auth() { pieces.emplace_back("<auth>"); }
  };
  Recorder recorder;
  emit("[{a: [1, x], echo: $1}, true]").args.visit(1, recorder);
  CHECK(recorder.pieces == std::vector<std::string>{"{\"a\":[1,\"x\"],\"echo\":", "<0>", "},true"});
}

TEST_CASE("A visitor receives the used arguments, in the order of the text", "[unit][server]") {
  struct Recorder {
    std::string seen;
    void text(std::string_view json) { seen += json; }
    void argument(std::size_t index) { seen += "<" + std::to_string(index) + ">"; }
    void auth() { seen += "<auth>"; }
  };
  const auto used = emit("[$2, {a: $auth}, $args, $3]");
  Recorder recorder;
  used.args.visit(2, recorder);
  CHECK(recorder.seen == "<1>,{\"a\":<auth>},<0>,<1>,null");
}

TEST_CASE("Every type of action has its name, and every reserved event is refused", "[unit][server]") {
  for (const auto& [type, name] : server::kActionTypes) {
    const bool answers = type == server::ActionType::kAcknowledge;
    CHECK(action(fmt::format("{{type: {}{}}}", name, answers ? "" : ", event: e")).type == type);
  }
  CHECK(socketio::kReservedEvents.size() == 6);
  for (const auto name : socketio::kReservedEvents)
    CHECK_FALSE(server::read_config(fmt::format("namespaces: {{/: {{events: {{{}: []}}}}}}", name), "f.yaml"));
}

TEST_CASE("Durations are read and written as Go does it", "[unit][server]") {
  const auto [text, duration] = GENERATE(table<std::string, std::chrono::milliseconds>(
      {{"0", 0ms}, {"300ms", 300ms}, {"25s", 25s}, {"1m30s", 90s}, {"1h", 1h}, {"1h2m3s4ms", 1h + 2min + 3s + 4ms}}));
  CHECK(server::parse_duration(text) == duration);
  CHECK(server::format_duration(duration) == text);
}

TEST_CASE("Durations may have fractions, but nothing is rounded", "[unit][server]") {
  CHECK(server::parse_duration("1.5s") == 1500ms);
  CHECK(server::parse_duration(".25m") == 15s);
  CHECK(server::parse_duration("0.001s") == 1ms);
  CHECK(server::parse_duration("1.50000s") == 1500ms);
  CHECK(server::parse_duration("1000h") == 1000h);
  for (const auto* text : {"",
                           "5",
                           "s",
                           "1",
                           "1.s5",
                           "-1s",
                           "+1s",
                           "1s ",
                           " 1s",
                           "1d",
                           "1us",
                           "0.0001s",
                           "1.5",
                           "1e3s",
                           "1000h1ms",
                           "9999999999999h",
                           "99999999999999999999ms",
                           "1000000000000h",
                           "1ss",
                           "00"}) {
    INFO(text);
    CHECK_FALSE(server::parse_duration(text).has_value());
  }
}
