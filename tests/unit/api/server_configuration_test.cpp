// The configuration as the operator writes it and the server reads it: they share no code, so this test compares them.
#include "operator/api/v1alpha1/realtime_app.hpp"
#include "realtime-server/server/config.hpp"
#include "realtime-server/server/config_yaml.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/json.hpp"
#include "tests/support/yaml_object.hpp"

using namespace std::chrono_literals;
using nlohmann::json;

namespace {

/// This app's configuration as the server reads it.
server::Config read(const kube::Object& object) {
  const auto [app, problem] = api::decode(object);
  INFO(problem);
  REQUIRE(problem.empty());
  const auto text =
      api::server_configuration(*app.spec.server, app.spec.protocol, app.spec.drain, app.spec.redis.channel);
  const auto config = server::read_config(text, "config.yaml");
  INFO((config ? "" : config.error().message) << "\n" << text);
  REQUIRE(config);
  return *config;
}

server::Config read(const std::string& spec) {
  return read(support::from_yaml("metadata: {name: chat, namespace: n}\nspec: " + spec));
}

kube::Object with_arguments(const json& args) {
  json object{{"metadata", {{"name", "chat"}, {"namespace", "n"}}}};
  object["spec"]["server"]["namespaces"]["/"]["events"]["m"] = {{{"type", "Emit"}, {"event", "e"}, {"args", args}}};
  return support::object_of(object);
}

}  // namespace

TEST_CASE("The server reads every setting of a spec", "[unit][api]") {
  const auto config = read(R"({
    server: {namespaces: {/: {}, /custom: {}}, allowedOrigins: ["https://chat.example.com:8443"], maxPayload: 2000000,
             demoPage: false, allowCredentials: false, trustedProxies: [10.0.0.0/8],
             limits: {idleTimeout: 90s, headerBytes: 2048, maxConnections: 10, maxSessions: 11, perAddress: 12,
                      connectsPerSecond: 13, messagesPerSecond: 14, bytesPerSecond: 15, totalReceiveBytes: 8000001,
                      sendQueueBytes: 3000000, sendQueueSegments: 16, totalSendQueueBytes: 4000000}},
    protocol: {path: /ws/, transports: [websocket], pingInterval: 300ms, pingTimeout: 1m30s},
    drain: {deadline: 2m, maxDisconnectsPerMinute: 7}, redis: {channel: socketio, acceptPickles: true}})");
  CHECK(config.protocol.path == "/ws/");
  CHECK((config.protocol.transports.websocket && !config.protocol.transports.polling));
  CHECK((config.protocol.ping_interval == 300ms && config.protocol.ping_timeout == 90s));
  CHECK(config.protocol.max_payload == 2'000'000);
  CHECK(config.allowed_origins == std::vector<std::string>{"https://chat.example.com:8443"});
  CHECK_FALSE(config.demo_page);
  CHECK(config.allow_credentials == false);
  CHECK(config.trusted_proxies.size() == 1);
  CHECK((config.redis.channel == "socketio" && config.redis.accept_pickles));
  CHECK((config.limits.idle_timeout == 90s && config.limits.header_bytes == 2048));
  CHECK((config.limits.max_sessions == 11 && config.limits.per_address == 12));
  CHECK((config.limits.connects_per_second == 13 && config.limits.messages_per_second == 14));
  CHECK((config.limits.bytes_per_second == 15 && config.limits.total_receive_bytes == 8'000'001));
  CHECK((config.limits.max_connections == 10 && config.limits.send_queue_segments == 16));
  CHECK((config.limits.send_queue_bytes == 3'000'000 && config.limits.total_send_queue_bytes == 4'000'000));
  CHECK((config.drain.deadline == 120s && config.drain.max_disconnects_per_minute == 7));
  CHECK(config.namespaces.size() == 2);
}

TEST_CASE("Without settings the server has its defaults", "[unit][api]") {
  const auto config = read("{server: {}}");
  const server::Config by_itself;
  CHECK(config.drain.deadline == by_itself.drain.deadline);
  CHECK(config.protocol.path == by_itself.protocol.path);
  CHECK(config.namespaces.size() == 1);
  CHECK(config.demo_page);
}

TEST_CASE("The server runs the example's rule", "[unit][api]") {
  const auto config = read(support::from_yaml_file("examples/echo.yaml"));
  REQUIRE(config.namespaces.contains("/"));
  const auto& events = config.namespaces.at("/").events;
  REQUIRE(events.contains("message"));
  CHECK(events.at("message").size() == 1);
}

TEST_CASE("The server reads all arguments that a spec may contain", "[unit][api]") {
  json deep = 1;
  for (int i = 0; i < 24; ++i) deep = json::array({std::move(deep)});
  const auto args = GENERATE_COPY(
      json::array({"$1", "$64", "$auth", "$args", "$$x", "$$"}), json::array({{{"a", json::array({"$2"})}}}),
      json::array({json(), true, 1, -0.5, 1e300, 18446744073709551615U, ""}),
      json::array({"1", "null", "~", "yes", ": #", "line\nbreak", "\x01\x7f\" \\", "\xc2\x85\xe2\x80\xa8", "🚢"}),
      json::array({{{"", 1}, {"~", 2}, {"a b", 3}, {"\"", 4}, {"🚢", 5}, {"\n", 6}}}), json::array({deep}),
      json::array({{{std::string(998, 'k'), 1}}}), json::array({std::string(5000, 'x')}));
  read(with_arguments(args));
}

TEST_CASE("Rules of more values than the server reads are refused", "[unit][api]") {
  const auto decode_values = [](int count) {
    json object{{"metadata", {{"name", "chat"}, {"namespace", "n"}}}};
    object["spec"]["server"]["namespaces"]["/"]["onConnect"] = {
        {{"type", "Emit"}, {"event", "e"}, {"args", json::array({std::vector<int>(static_cast<std::size_t>(count))})}}};
    return api::decode(support::object_of(object));
  };
  int read = 0;
  for (int count = 19'980; count < 20'000; ++count) {
    const auto [app, problem] = decode_values(count);
    const auto text =
        api::server_configuration(*app.spec.server, app.spec.protocol, app.spec.drain, app.spec.redis.channel);
    const bool is_read = server::parse_yaml(*server::ConfigText::check(text, "configuration")).has_value();
    CHECK(problem.empty() == is_read);
    if (!is_read) CHECK_THAT(problem, Catch::Contains("spec.server.namespaces") && Catch::Contains("at most 20000"));
    read += is_read ? 1 : 0;
  }
  CHECK((read > 0 && read < 20));
}
