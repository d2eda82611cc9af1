#include <fmt/format.h>

#include "realtime-server/server/config.hpp"
#include "tests/support/catch.hpp"

namespace {

server::Config config_of(std::string_view yaml) {
  auto config = server::read_config(yaml, "f.yaml");
  INFO(yaml);
  if (!config) FAIL(config.error().message);
  return std::move(*config);
}

std::string error_of(std::string_view yaml) {
  const auto config = server::read_config(yaml, "f.yaml");
  if (config) return "no error";
  CHECK(config.error().kind == core::ErrorKind::kInvalidInput);
  return config.error().message;
}

struct Wrong {
  std::string yaml;
  std::string message;
};

void check_each(const std::vector<Wrong>& cases) {
  for (const auto& [yaml, message] : cases) {
    INFO(yaml.substr(0, 400));
    CHECK(error_of(yaml) == "f.yaml:" + message);
  }
}

std::string repeated(std::string_view text, int times) {
  std::string all;
  for (int i = 0; i < times; ++i) all += text;
  return all;
}

/// Rules of the main namespace with this in the event `m`.
std::string with_args(std::string_view args) {
  return fmt::format("namespaces: {{/: {{events: {{m: [{{type: Emit, event: e, args: {}}}]}}}}}}", args);
}

const std::string kDuration = ", for example 300ms, 25s or 1m30s";

}  // namespace

TEST_CASE("Values of the wrong type or size are reported with their position and how to fix them", "[unit][server]") {
  check_each({
      {"protocol: {pingInterval: 25}",
       "1:26: protocol.pingInterval is 25; write a duration from 100ms to 10m" + kDuration},
      {"protocol:\n  pingInterval: 99ms",
       "2:17: protocol.pingInterval is the text \"99ms\"; write a duration from 100ms to 10m" + kDuration},
      {"protocol:\n  pingInterval: 10m1ms",
       "2:17: protocol.pingInterval is the text \"10m1ms\"; write a duration from 100ms to 10m" + kDuration},
      {"protocol:\n  pingTimeout: -5s",
       "2:16: protocol.pingTimeout is the text \"-5s\"; write a duration from 50ms to 10m" + kDuration},
      {"protocol:\n  pingTimeout:\n  path: /x/",
       "2:3: protocol.pingTimeout is empty; write a duration from 50ms to 10m" + kDuration},
      {"protocol: {upgradeTimeout: [1s]}",
       "1:28: protocol.upgradeTimeout is a list; write a duration from 100ms to 10m" + kDuration},
      {"protocol: {connectTimeout: 1 s}",
       "1:28: protocol.connectTimeout is the text \"1 s\"; write a duration from 100ms to 10m" + kDuration},
      {"protocol: {connectTimeout: 0.0001s}",
       "1:28: protocol.connectTimeout is the text \"0.0001s\"; write a duration from 100ms to 10m" + kDuration},
      {"drain: {deadline: 25h}",
       "1:19: drain.deadline is the text \"25h\"; write a duration from 1s to 24h" + kDuration},
      {"drain: {propagationDelay: 1d}",
       "1:27: drain.propagationDelay is the text \"1d\"; write a duration from 0 to 10m" + kDuration},
      {"protocol: {maxPayload: 1023}",
       "1:24: protocol.maxPayload is 1023; write a number of bytes from 1024 to 67108864"},
      {"protocol: {maxPayload: 67108865}",
       "1:24: protocol.maxPayload is 67108865; write a number of bytes from 1024 to 67108864"},
      {"protocol: {maxPayload: 1MB}",
       "1:24: protocol.maxPayload is the text \"1MB\"; write a number of bytes from 1024 to 67108864"},
      {"protocol: {maxPayload: '2000'}",
       "1:24: protocol.maxPayload is the text \"2000\"; write a number of bytes from 1024 to 67108864"},
      {"limits: {sendQueueSegments: 1e3}",
       "1:29: limits.sendQueueSegments is 1e3; write a number of segments from 16 to 1000000"},
      {"limits: {maxConnections: -1}",
       "1:26: limits.maxConnections is -1; write a number of connections from 1 to 10000000"},
      {"limits: {maxConnections: 18446744073709551617}",
       "1:26: limits.maxConnections is 18446744073709551617; write a number of connections from 1 to 10000000"},
      {"demoPage: yes", "1:11: demoPage is the text \"yes\"; write true or false"},
      {"demoPage: 'true'", "1:11: demoPage is the text \"true\"; write true or false"},
      {"demoPage: {}", "1:11: demoPage is a mapping; write true or false"},
      {"redis: {channel: 7}", "1:18: redis.channel is 7; write a channel's name, in quotes if it looks like a number"},
      {"redis: {channel: ''}", "1:18: redis.channel is the text \"\"; write a channel's name of 1 to 256 bytes"},
      {"redis: redis://r", "1:8: redis is the text \"redis://r\"; write a mapping"},
      {"limits: [1]", "1:9: limits is a list; write a mapping"},
      {"- protocol", "1:1: the configuration is a list; write a mapping"},
      {"just text", "1:1: the configuration is the text \"just text\"; write a mapping"},
  });
}

TEST_CASE("Paths, transports and origins that no client could use are refused", "[unit][server]") {
  const std::string path =
      "write a path of letters, digits and - . _ ~ that begins and ends with a slash, for example /socket.io/";
  check_each({
      {"protocol: {path: /socket.io}", "1:18: protocol.path is the text \"/socket.io\"; " + path},
      {"protocol: {path: socket.io/}", "1:18: protocol.path is the text \"socket.io/\"; " + path},
      {"protocol: {path: /}", "1:18: protocol.path is the text \"/\"; " + path},
      {"protocol: {path: /a//b/}", "1:18: protocol.path is the text \"/a//b/\"; " + path},
      {"protocol: {path: /a/../b/}", "1:18: protocol.path is the text \"/a/../b/\"; " + path},
      {"protocol: {path: \"/a?b/\"}", "1:18: protocol.path is the text \"/a?b/\"; " + path},
      {"protocol: {path: 5}",
       "1:18: protocol.path is 5; write a path, for example /socket.io/, in quotes if it looks like a number"},
      {"protocol: {transports: []}",
       "1:24: protocol.transports is an empty list; write [polling, websocket] or one of them"},
      {"protocol: {transports: [polling, webtransport]}",
       "1:34: protocol.transports[1] is the text \"webtransport\"; write polling or websocket"},
      {"protocol: {transports: [polling, polling]}", "1:34: protocol.transports[1] is named twice"},
      {"protocol: {transports: polling}", "1:24: protocol.transports is the text \"polling\"; write a list"},
      {"allowedOrigins: ['*', https://a.example]",
       "1:18: allowedOrigins[0] is *, which allows all; write only it, or leave it out"},
      {"allowedOrigins: [chat.example.com]",
       "1:18: allowedOrigins[0] is the text \"chat.example.com\"; write an origin, for example "
       "https://chat.example.com"},
      {"allowedOrigins: [https://chat.example.com/]",
       "1:18: allowedOrigins[0] is the text \"https://chat.example.com/\"; write \"https://chat.example.com\" without "
       "the "
       "path, as browsers send it"},
      {"allowedOrigins: [https://*.example.com]",
       "1:18: allowedOrigins[0] is the text \"https://*.example.com\"; write each origin separately, or [\"*\"] for "
       "all "
       "of them"},
      {"allowedOrigins: [https://käse.example.com]",
       "1:18: allowedOrigins[0] is the text \"https://käse.example.com\"; write an origin as browsers send it, with "
       "international names in their xn-- form"},
      {"allowedOrigins: [null]",
       "1:18: allowedOrigins[0] is empty; write an origin, for example https://chat.example.com"},
  });
  CHECK(
      config_of("allowedOrigins: [http://a.example:8080, 'https://[::1]:8443', capacitor://localhost, 'null', file://, "
                "https://Chat.example.com:443, wss://b.example]")
          .allowed_origins.size() == 7);
}

TEST_CASE("Proxies that are no addresses are refused", "[unit][server]") {
  const std::string proxy = "write an address or a network, for example 10.0.0.7 or 10.0.0.0/8";
  check_each({
      {"trustedProxies: [ingress]", "1:18: trustedProxies[0] is the text \"ingress\"; " + proxy},
      {"trustedProxies: [10.0.0.0/33]", "1:18: trustedProxies[0] is the text \"10.0.0.0/33\"; " + proxy},
      {"trustedProxies: [10.0.0.0/]", "1:18: trustedProxies[0] is the text \"10.0.0.0/\"; " + proxy},
      {"trustedProxies: 10.0.0.1", "1:17: trustedProxies is the text \"10.0.0.1\"; write a list"},
  });
}

TEST_CASE("Unknown and duplicate keys are refused, with the key that was probably meant", "[unit][server]") {
  check_each({
      {"protocol: {pinginterval: 25s}", "1:12: protocol.pinginterval is unknown; did you mean pingInterval?"},
      {"demoPages: true", "1:1: demoPages is unknown; did you mean demoPage?"},
      {"drain:\n  deadlin: 1s", "2:3: drain.deadlin is unknown; did you mean deadline?"},
      {"redis: {url: x}", "1:9: redis.url is unknown; the known keys are channel, acceptPickles"},
      {"server: {}",
       "1:1: server is unknown; the known keys are protocol, allowedOrigins, allowCredentials, trustedProxies, "
       "demoPage, limits, redis, drain, namespaces"},
      {"namespaces: {/: {onEvent: []}}",
       "1:18: namespaces[\"/\"].onEvent is unknown; the known keys are onConnect, events"},
      {"namespaces: {/: {onConnect: [{type: Emit, event: e, arg: []}]}}",
       "1:53: namespaces[\"/\"].onConnect[0].arg is unknown; did you mean args?"},
      {"demoPage: true\ndemoPage: false", "2:1: the duplicate key \"demoPage\"; it is already in line 1"},
      {with_args("[{a: 1, \"a\": 2}]"), "1:68: the duplicate key \"a\"; it is already in line 1"},
  });
}

TEST_CASE("Rules that could never work are refused", "[unit][server]") {
  check_each({
      {"namespaces: {}", "1:13: namespaces has no namespace; add /: {}, or leave it out"},
      {"namespaces: [/]", "1:13: namespaces is a list; write a mapping"},
      {"namespaces: {chat: {}}", "1:14: namespaces.chat is not a namespace; add a slash before its name"},
      {"namespaces: {'/a,b': {}}",
       "1:14: namespaces[\"/a,b\"] contains a comma, which ends a namespace in the protocol; leave it out"},
      {"namespaces: {/" + std::string(128, 'x') + ": {}}",
       "1:14: namespaces[\"/" + std::string(59, 'x') + "\"…] has more than 128 bytes; shorten it"},
      {"namespaces:\n  /:\n    events:\n      disconnect: []",
       "4:7: namespaces[\"/\"].events.disconnect is disconnect, which the protocol reserves; use a name other than "
       "connect, "
       "connect_error, disconnect, disconnecting, newListener, removeListener"},
      {"namespaces:\n  /:\n    events:\n      '': []",
       "4:7: namespaces[\"/\"].events[\"\"] is an event without a name; write one"},
      {"namespaces: {/: {onConnect: [{type: Emit, event: connect}]}}",
       "1:50: namespaces[\"/\"].onConnect[0].event is connect, which the protocol reserves; use a name other than "
       "connect, "
       "connect_error, disconnect, disconnecting, newListener, removeListener"},
      {"namespaces: {/: {onConnect: [{type: Emit, event: 5}]}}",
       "1:50: namespaces[\"/\"].onConnect[0].event is 5; write the name of an event, in quotes if it looks like a "
       "number"},
      {"namespaces: {/: {onConnect: [{type: Emit}]}}",
       "1:30: namespaces[\"/\"].onConnect[0] has no event; write event: and its name"},
      {"namespaces: {/: {onConnect: [{event: e}]}}",
       "1:30: namespaces[\"/\"].onConnect[0] has no type; write type: and Emit or Broadcast"},
      {"namespaces: {/: {onConnect: [{type: emit, event: e}]}}",
       "1:37: namespaces[\"/\"].onConnect[0].type is the text \"emit\"; write Emit or Broadcast"},
      {"namespaces: {/: {onConnect: [{type: Acknowledge}]}}",
       "1:37: namespaces[\"/\"].onConnect[0].type is Acknowledge, which onConnect cannot use; write Emit or "
       "Broadcast"},
      {"namespaces: {/: {onConnect: [Emit]}}",
       "1:30: namespaces[\"/\"].onConnect[0] is the text \"Emit\"; write a mapping, for example {type: Emit, event: "
       "answer, args: "
       "[$auth]}"},
      {"namespaces: {/: {onConnect: {type: Emit, event: e}}}",
       "1:29: namespaces[\"/\"].onConnect is a mapping; write a list"},
      {"namespaces: {/: {events: {m: [{type: Acknowledge, event: e}]}}}",
       "1:51: namespaces[\"/\"].events.m[0].event has no effect: Acknowledge sends no event; leave it out"},
      {"namespaces: {/: {events: {m: [{type: Acknowledge}, {type: Acknowledge}]}}}",
       "1:52: namespaces[\"/\"].events.m[1] is a second Acknowledge; an event can be acknowledged only once"},
      {"namespaces: {/: {events: {m: {type: Acknowledge}}}}",
       "1:30: namespaces[\"/\"].events.m is a mapping; write a list"},
  });
}

TEST_CASE("Invalid values of actions are refused", "[unit][server]") {
  const std::string place = "1:61: namespaces[\"/\"].events.m[0].args[0] ";
  const std::string variables = "write $1, $2 and so on to $64, $args or $auth, or $";
  check_each({
      {with_args("[$0]"), place + "is the text \"$0\"; " + variables + "$0 for this literal text"},
      {with_args("[$65]"), place + "is the text \"$65\"; " + variables + "$65 for this literal text"},
      {with_args("[$01]"), place + "is the text \"$01\"; " + variables + "$01 for this literal text"},
      {with_args("[$name]"), place + "is the text \"$name\"; " + variables + "$name for this literal text"},
      {with_args("['$']"), place + "is the text \"$\"; " + variables + "$ for this literal text"},
      {with_args("[.nan]"), place + "is .nan, which JSON does not have"},
      {with_args("[-.inf]"), place + "is -.inf, which JSON does not have"},
      {with_args("[1e999]"), place + "is too large a number for JSON; put it into quotes"},
      {with_args("$1"), "1:60: namespaces[\"/\"].events.m[0].args is the text \"$1\"; write a list"},
      {with_args("[[$args]]"),
       "1:62: namespaces[\"/\"].events.m[0].args[0][0] is $args, which is replaced by several values; write "
       "it directly in args"},
      {with_args("[{_placeholder: true}]"),
       "1:62: namespaces[\"/\"].events.m[0].args[0]._placeholder marks an attachment "
       "in Socket.IO; use another name"},
      {"namespaces: {/: {onConnect: [{type: Emit, event: e, args: [$1]}]}}",
       "1:60: namespaces[\"/\"].onConnect[0].args[0] is the text \"$1\"; write $auth, or $$1 for this literal text"},
      {"namespaces: {/: {onConnect: [{type: Emit, event: e, args: [$args]}]}}",
       "1:60: namespaces[\"/\"].onConnect[0].args[0] is the text \"$args\"; write $auth, or $$args for this literal "
       "text"},
  });
}

TEST_CASE("Fields that do not fit each other are refused at the one that is written", "[unit][server]") {
  check_each({
      {"protocol: {maxPayload: 5000000}",
       "1:24: protocol.maxPayload does not fit: protocol.maxPayload is 5000000 and may be at "
       "most limits.sendQueueBytes, which is 4194304"},
      {"limits: {sendQueueBytes: 65536}",
       "1:26: limits.sendQueueBytes does not fit: protocol.maxPayload is 1000000 and may be at most "
       "limits.sendQueueBytes, which is 65536"},
      {"limits: {totalSendQueueBytes: 1048576}",
       "1:31: limits.totalSendQueueBytes does not fit: limits.sendQueueBytes is 4194304 and "
       "may be at most limits.totalSendQueueBytes, which is 1048576"},
      {"drain: {deadline: 3s}",
       "1:19: drain.deadline does not fit: drain.propagationDelay is 5s and may be at most drain.deadline, which is "
       "3s"},
      {"drain: {propagationDelay: 2m}",
       "1:27: drain.propagationDelay does not fit: drain.propagationDelay is 2m and may be at "
       "most drain.deadline, which is 1m"},
  });
}

TEST_CASE("What is not a single document of plain YAML is refused", "[unit][server]") {
  check_each({
      {"a: [1", "1:1: invalid YAML: end of sequence flow not found"},
      {"a: b: c", "1:5: invalid YAML: illegal map value"},
      {"demoPage: true\n\tx: 1", "2:1: invalid YAML: illegal tab when looking for indentation"},
      {"{}\n---\n{}", "2:1: a second document, or text after the end of the first; write one document"},
      {"{\"demoPage\": true} }", "1:20: invalid YAML: illegal flow end"},
      {"demoPage: !!bool true", "1:11: a tag; tags are not supported, put text into quotes"},
      {"redis: !mine {}", "1:8: a tag; tags are not supported, put text into quotes"},
      {"? [a]\n: b", "1:3: a list or mapping as a key, or one that is not closed; keys must be text"},
      {"~: b", "1:1: a key that is missing, null or an alias; keys must be text"},
      {"&a redis: {}", "1:1: an anchor on a key; anchors are for values"},
      {"redis: *none", "1:8: invalid YAML: the referenced anchor is not defined"},
      {"redis: &a {channel: *a}", "1:21: an alias inside the value that it refers to"},
      {"# caf\xE9\nredis: {}", "1:6: the byte 0xe9, which is not UTF-8 text"},
      {"redis: {channel: \"ä\xED\xA0\x80\"}", "1:20: the byte 0xed, which is not UTF-8 text"},
      {"redis: {channel: \"a\\_b\"}", "1:18: the escape \\N or \\_; write \\x85 or \\xa0"},
      {"{\"\\N\": 1}", "1:2: the escape \\N or \\_; write \\x85 or \\xa0"},
      {"redis:\n  channel: a\x01", "2:13: the byte 0x01, which is not UTF-8 text"},
      {std::string("demoPage: \0", 11), "1:11: the byte 0x00, which is not UTF-8 text"},
      {with_args(repeated("[", 40) + repeated("]", 40)), "1:86: values nested more than 32 deep"},
      {repeated("- ", 5000), "1:65: values nested more than 32 deep"},
      {repeated("{a: ", 100'000), "1:1: a list or mapping as a key, or one that is not closed; keys must be text"},
  });
  CHECK(error_of("#" + std::string(1 << 20, 'x')) == "f.yaml: is larger than 1048576 bytes");
}

TEST_CASE("Aliases are followed, but not without bound", "[unit][server]") {
  const auto config = config_of(
      "namespaces:\n  /a: &rules\n    events:\n      m: &actions [{type: Emit, event: &e e, args: [$1]}]\n      n: "
      "*actions\n"
      "      o: [{type: Broadcast, event: *e}]\n  /b: *rules\n");
  CHECK(config.namespaces.at("/b").events.size() == 3);
  CHECK(config.namespaces.at("/b").events.find("n")->second.at(0).event == "\"e\"");
  CHECK(config.namespaces.at("/a").events.find("o")->second.at(0).event == "\"e\"");
  // Each level ten times the one before.
  std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 10; ++i)
    bomb += fmt::format("a{0}: &a{0} [{1}*a{2}]\n", i, repeated(fmt::format("*a{}, ", i - 1), 9), i - 1);
  CHECK_THAT(error_of(bomb), Catch::StartsWith("f.yaml:4:") && Catch::Contains("more than 20000 values"));
  // Few values, but much text.
  const auto text = "a: &a " + std::string(100'000, 'x') + "\nb: [" + repeated("*a, ", 100) + "*a]";
  CHECK_THAT(error_of(text), Catch::StartsWith("f.yaml:2:") && Catch::Contains("4194304 bytes of text"));
  // One level deeper with each line, through aliases.
  std::string deep = "a0: &a0 [x]\n";
  for (int i = 1; i < 40; ++i) deep += fmt::format("a{0}: &a{0} [*a{1}]\n", i, i - 1);
  CHECK_THAT(error_of(deep), Catch::StartsWith("f.yaml:32:") && Catch::Contains("nested more than 32 deep"));
}

TEST_CASE("All errors are reported at once, in the order of the file", "[unit][server]") {
  CHECK(error_of("demoPage: 1\nredis: {a: b}\nprotocol: {maxPayload: x}") ==
        "f.yaml:1:11: demoPage is 1; write true or false\n"
        "f.yaml:2:9: redis.a is unknown; the known keys are channel, acceptPickles\n"
        "f.yaml:3:24: protocol.maxPayload is the text \"x\"; write a number of bytes from 1024 to 67108864");
  std::string many;
  for (int i = 0; i < 25; ++i) many += fmt::format("unknown{}: 1\n", i);
  CHECK_THAT(error_of(many), Catch::Contains("f.yaml:20:1:") && Catch::EndsWith("\nand 5 more"));
}

TEST_CASE("Columns count characters, also after JSON escapes", "[unit][server]") {
  CHECK_THAT(error_of("\xEF\xBB\xBF\"ä🚢\": {}"), Catch::StartsWith("f.yaml:1:1: [\"ä🚢\"] is unknown"));
  CHECK_THAT(error_of("redis: {\"ä🚢\": 1}"), Catch::StartsWith("f.yaml:1:9: redis[\"ä🚢\"] is unknown"));
  CHECK_THAT(error_of("{\"redis\": {\"channel\": \"\\ud83d\\udea2\"}, \"b\": 1}"),
             Catch::StartsWith("f.yaml:1:40: b is unknown"));
  CHECK_THAT(error_of("{\"redis\": {\"channel\": \"🚢\"}, \"b\": 1}"), Catch::StartsWith("f.yaml:1:29: b is unknown"));
  CHECK(config_of("{\"redis\": {\"channel\": \"\\ud83d\\udea2 \\\\ud83d\\\\udea2 \\u00e9 \\/\"}}").redis.channel ==
        "🚢 \\ud83d\\udea2 é /");
  // Behind an escaped backslash no surrogate begins.
  CHECK_THAT(error_of("{\"redis\": {\"channel\": \"\\\\ud83d\\udea2\"}}"), Catch::Contains("invalid unicode"));
  CHECK_THAT(error_of("{\"redis\": {\"channel\": \"\\ud83d\"}}"),
             Catch::StartsWith("f.yaml:1:30: invalid YAML: invalid unicode"));
}
