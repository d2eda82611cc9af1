#include <yaml-cpp/yaml.h>

#include "operator/api/v1alpha1/realtime_app.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/json.hpp"
#include "tests/support/yaml_object.hpp"

using nlohmann::json;

namespace {

api::DecodedApp decode(const std::string& spec) {
  return api::decode(support::from_yaml("metadata: {name: chat, namespace: n}\nspec: " + spec));
}

std::string configuration(const std::string& spec) {
  const auto [app, problem] = decode(spec);
  INFO(problem);
  REQUIRE(problem.empty());
  return api::server_configuration(*app.spec.server, app.spec.protocol, app.spec.drain, app.spec.redis.channel);
}

constexpr const char* kRich = R"({
  server: {
    image: "s:1", imagePullPolicy: Always, imagePullSecrets: [{name: pull}], resources: {limits: {memory: 64Mi}},
    namespaces: {
      /: {onConnect: [{type: Emit, event: auth, args: [$auth]}],
          events: {message: [{type: Broadcast, event: response, args: [{echo: $1}]}],
                   ask: [{type: Acknowledge, args: [$args]}, {type: Emit, event: done}]}},
      /custom: {}},
    allowedOrigins: ["https://chat.example.com"], maxPayload: 2000000, demoPage: false,
    allowCredentials: true, trustedProxies: [10.0.0.0/8, "fd00::1"],
    limits: {idleTimeout: 90s, headerBytes: 2048, maxConnections: 10, maxSessions: 11, perAddress: 12,
             connectsPerSecond: 13, messagesPerSecond: 14, bytesPerSecond: 15, totalReceiveBytes: 8000001, sendQueueBytes: 65536, sendQueueSegments: 16, totalSendQueueBytes: 1048576}},
  protocol: {path: /ws/, transports: [websocket], pingInterval: 300ms, pingTimeout: 1m30s},
  drain: {deadline: 2m, maxDisconnectsPerMinute: 0},
  redis: {channel: socketio, acceptPickles: true}})";

}  // namespace

TEST_CASE("Every field of the bundled server is read and reaches its configuration", "[unit][api]") {
  const auto [app, problem] = decode(kRich);
  CHECK(problem.empty());
  const auto& server = *app.spec.server;
  CHECK((server.image == "s:1" && server.image_pull_policy == "Always"));
  CHECK(server.image_pull_secrets == std::vector<std::string>{"pull"});
  CHECK(server.resources->limits == kube::Quantities{{"memory", "64Mi"}});
  CHECK(json::parse(configuration(kRich)) == json::parse(R"({
    "protocol": {"path": "/ws/", "transports": ["websocket"], "pingInterval": "300ms", "pingTimeout": "1m30s",
                 "maxPayload": 2000000},
    "allowedOrigins": ["https://chat.example.com"],
    "allowCredentials": true, "trustedProxies": ["10.0.0.0/8", "fd00::1"],
    "demoPage": false,
    "redis": {"channel": "socketio", "acceptPickles": true},
    "limits": {"idleTimeout": "1m30s", "headerBytes": 2048, "maxConnections": 10, "maxSessions": 11, "perAddress": 12,
               "connectsPerSecond": 13, "messagesPerSecond": 14, "bytesPerSecond": 15, "totalReceiveBytes": 8000001,
               "sendQueueBytes": 65536, "sendQueueSegments": 16, "totalSendQueueBytes": 1048576},
    "drain": {"deadline": "2m", "maxDisconnectsPerMinute": 0},
    "namespaces": {
      "/": {"onConnect": [{"type": "Emit", "event": "auth", "args": ["$auth"]}],
            "events": {"message": [{"type": "Broadcast", "event": "response", "args": [{"echo": "$1"}]}],
                       "ask": [{"type": "Acknowledge", "args": ["$args"]}, {"type": "Emit", "event": "done"}]}},
      "/custom": {}}})"));
}

TEST_CASE("A configuration contains what the spec sets and what the operator relies on, nothing else", "[unit][api]") {
  CHECK(json::parse(configuration("{server: {}}")) ==
        json::parse(R"({"protocol": {"path": "/socket.io/"}, "drain": {"deadline": "1m"}})"));
}

TEST_CASE("Equal specs give equal bytes, however they are written", "[unit][api]") {
  const auto one = configuration("{server: {demoPage: true, maxPayload: 5000}, drain: {deadline: 1m30s}}");
  CHECK(one == configuration("{drain: {deadline: 90s}, server: {maxPayload: 5000, demoPage: true}}"));
  CHECK(one != configuration("{server: {demoPage: true, maxPayload: 5000}, drain: {deadline: 91s}}"));
}

TEST_CASE("A configuration is YAML, in which text stays text and numbers stay numbers", "[unit][api]") {
  json object{{"metadata", {{"name", "chat"}, {"namespace", "n"}}}};
  const json args = {"1",
                     "yes",
                     "line\nbreak \" \\ \x01 \xc2\x85 \xe2\x80\xa8",
                     "\xf0\x9f\x9a\xa2",
                     "",
                     ": #",
                     1,
                     1.5,
                     -2e30,
                     true,
                     json(),
                     {{"~", json::array({"null"})}}};
  object["spec"]["server"]["namespaces"]["/"]["onConnect"] = {{{"type", "Emit"}, {"event", "a"}, {"args", args}}};
  const auto decoded = api::decode(support::object_of(object));
  REQUIRE(decoded.problem.empty());
  const auto text = api::server_configuration(*decoded.app.spec.server, {}, {}, {});
  const auto read = support::to_json(YAML::Load(text));
  const auto& got = read["namespaces"]["/"]["onConnect"][0]["args"];
  REQUIRE(got.size() == args.size());
  for (std::size_t i = 0; i < args.size(); ++i) CHECK(got[i] == args[i]);
}

TEST_CASE("Invalid arguments of a rule are reported with their position", "[unit][api]") {
  const auto [args, words] =
      GENERATE(table<std::string, std::string>({{"[$]", "\"$\""},
                                                {"[$0]", "\"$0\""},
                                                {"[$01]", "\"$01\""},
                                                {"[$65]", "\"$65\""},
                                                {"[$name]", "$1 to $64, $auth and (as a separate argument) $args"},
                                                {"[{a: [$args]}]", "\"$args\""},
                                                {"[{a: {b: $x}}]", "\"$x\""}}));
  const auto problem =
      decode("{server: {namespaces: {/: {events: {m: [{type: Emit, event: e, args: " + args + "}]}}}}}").problem;
  CHECK_THAT(problem, Catch::Contains("spec.server.namespaces./.events.m[0].args has the text"));
  CHECK_THAT(problem, Catch::Contains(words));
}

TEST_CASE("Valid arguments of a rule are accepted", "[unit][api]") {
  const auto args = GENERATE("[$1, $64]", "[$args, $auth]", "[{a: [$1, {b: $auth}]}]", "[$$args, $$, $$x]", "[a$b]");
  CAPTURE(args);
  CHECK(decode(std::string{"{server: {namespaces: {/: {events: {m: [{type: Acknowledge, args: "} + args + "}]}}}}}")
            .problem.empty());
}

TEST_CASE("Arguments that nest too deep are refused", "[unit][api]") {
  const auto nested = [](std::size_t depth) {
    return decode("{server: {namespaces: {/: {onConnect: [{type: Emit, event: e, args: [" + std::string(depth, '[') +
                  std::string(depth, ']') + "]}]}}}}")
        .problem;
  };
  CHECK(nested(24).empty());
  CHECK_THAT(nested(25), Catch::Contains("nests more than 24"));
}

TEST_CASE("A connect has no arguments", "[unit][api]") {
  const auto args = GENERATE("[$1]", "[$args]", "[{a: $2}]");
  const auto problem =
      decode(std::string{"{server: {namespaces: {/: {onConnect: [{type: Emit, event: e, args: "} + args + "}]}}}}")
          .problem;
  CHECK_THAT(problem, Catch::Contains("here $auth is the only variable"));
}

TEST_CASE("What would be treated as an attachment is refused", "[unit][api]") {
  CHECK_THAT(
      decode("{server: {namespaces: {/: {onConnect: [{type: Emit, event: e, args: [[{_placeholder: 1}]]}]}}}}").problem,
      Catch::Contains("_placeholder"));
}

TEST_CASE("A key longer than YAML allows is refused", "[unit][api]") {
  const auto problem = [](std::size_t length) {
    return decode("{server: {namespaces: {/: {onConnect: [{type: Emit, event: e, args: [{\"" +
                  std::string(length, 'k') + "\": 1}]}]}}}}")
        .problem;
  };
  CHECK(problem(998).empty());
  CHECK_THAT(problem(999), Catch::Contains("a key of more than 1000 bytes"));
}

TEST_CASE("Rules that make a larger file than the server reads are refused", "[unit][api]") {
  const auto problem = [](std::size_t length) {
    return decode("{server: {namespaces: {/: {onConnect: [{type: Emit, event: e, args: [\"" + std::string(length, 'a') +
                  "\"]}]}}}}")
        .problem;
  };
  CHECK(problem(1'000'000).empty());
  CHECK_THAT(problem(1U << 20U), Catch::Contains("at most 1048576; use fewer and shorter arguments"));
}

TEST_CASE("Names of namespaces and events are their whole text, with a NUL in it too", "[unit][api]") {
  json object{{"metadata", {{"name", "chat"}, {"namespace", "n"}}}};
  auto& events = object["spec"]["server"]["namespaces"]["/"]["events"];
  const std::string longer{"a\0b", 3};
  events["a"] = {{{"type", "Emit"}, {"event", "one"}}};
  events[longer] = {{{"type", "Emit"}, {"event", "other"}}};
  const auto [app, problem] = api::decode(support::object_of(object));
  CHECK(problem.empty());
  CHECK(app.spec.server->namespaces.at("/").events.at("a").at(0).event == "one");
  CHECK(app.spec.server->namespaces.at("/").events.at(longer).at(0).event == "other");
}

TEST_CASE("A namespace's name is bounded in bytes", "[unit][api]") {
  json object{{"metadata", {{"name", "chat"}, {"namespace", "n"}}}};
  std::string name = "/";
  for (int i = 0; i < 64; ++i) name += "é";
  object["spec"]["server"]["namespaces"][name] = json::object();
  CHECK_THAT(api::decode(support::object_of(object)).problem, Catch::Contains("more than 128 bytes"));
}

TEST_CASE("Exactly one of server and app is run", "[unit][api]") {
  CHECK_THAT(decode("{}").problem, Catch::Contains("set exactly one of them"));
  CHECK_THAT(decode("{server: {}, app: {image: i}}").problem, Catch::Contains("set exactly one of them"));
  CHECK(decode("{server: {}}").problem.empty());
  CHECK(decode("{app: {image: i}}").problem.empty());
}

TEST_CASE("An incomplete action is reported", "[unit][api]") {
  const auto problem = [](const std::string& action) {
    return decode("{server: {namespaces: {/: {onConnect: [" + action + "]}}}}").problem;
  };
  CHECK_THAT(problem("{event: e}"), Catch::Contains("onConnect[0].type is missing"));
  CHECK_THAT(problem("{type: Send, event: e}"), Catch::Contains("none of Emit, Broadcast, Acknowledge"));
  CHECK_THAT(problem("{type: Emit}"), Catch::Contains("onConnect[0].event is required for Emit and Broadcast"));
  CHECK_THAT(problem("{type: Acknowledge, event: e}"),
             Catch::Contains("onConnect[0].event is required for Emit and Broadcast"));
  CHECK_THAT(problem("{type: Emit, event: e, args: {}}"), Catch::Contains("onConnect[0].args is no list"));
}
