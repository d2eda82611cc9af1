#include "realtime-server/server/config.hpp"

#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "core/digest.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/checkout.hpp"
#include "tests/support/payloads.hpp"

namespace {

using namespace std::chrono_literals;

server::Config good(std::string_view yaml) {
  auto config = server::read_config(yaml, "f.yaml");
  INFO(yaml);
  if (!config) FAIL(config.error().message);
  return std::move(*config);
}

/// The examples of the guide; the first names every field.
std::vector<std::string> guide() {
  std::ifstream stream{support::project_root() / "docs" / "server-configuration.md"};
  const std::string text{std::istreambuf_iterator<char>{stream}, {}};
  std::vector<std::string> examples;
  constexpr std::string_view kFence = "```yaml\n";
  for (auto at = text.find(kFence); at != std::string::npos; at = text.find(kFence, at)) {
    at += kFence.size();
    examples.push_back(text.substr(at, text.find("```", at) - at));
  }
  return examples;
}

}  // namespace

TEST_CASE("Fields that are left out have the defaults that the guide documents", "[unit][server]") {
  const auto empty = "protocol:\nlimits: {}\nnamespaces: ~\nallowedOrigins:\n";
  for (const auto& yaml : std::vector<std::string>{"", "# nothing\n", "---\n", "{}", empty, guide().at(0)}) {
    const auto config = good(yaml);
    CHECK(config.protocol.path == "/socket.io/");
    CHECK((config.protocol.transports.polling && config.protocol.transports.websocket));
    CHECK(config.protocol.ping_interval == 25s);
    CHECK(config.protocol.ping_timeout == 20s);
    CHECK(config.protocol.upgrade_timeout == 10s);
    CHECK(config.protocol.connect_timeout == 45s);
    CHECK(config.protocol.max_payload == 1'000'000);
    CHECK(config.allowed_origins.empty());
    CHECK(config.demo_page);
    CHECK(config.limits.header_timeout == 10s);
    CHECK(config.limits.body_timeout == 20s);
    CHECK(config.limits.max_connections == 100'000);
    CHECK(config.limits.send_queue_bytes == 4'194'304);
    CHECK(config.limits.send_queue_segments == 16'384);
    CHECK(config.limits.total_send_queue_bytes == 268'435'456);
    CHECK(config.limits.tcp_user_timeout == 30s);
    CHECK(config.redis.channel == "flask-socketio");
    CHECK(config.drain.propagation_delay == 5s);
    CHECK(config.drain.deadline == 60s);
    CHECK(config.drain.max_disconnects_per_minute == 600);
    REQUIRE(config.namespaces.size() == 1);
    CHECK(config.namespaces.at("/").on_connect.empty());
    CHECK(config.namespaces.at("/").events.empty());
  }
}

TEST_CASE("What may be received grows with the largest message, unless it is set", "[unit][server]") {
  CHECK(good("protocol: {maxPayload: 4000000}").limits.total_receive_bytes == 64U << 20U);
  CHECK(good("{protocol: {maxPayload: 20000000}, limits: {sendQueueBytes: 20000000}}").limits.total_receive_bytes ==
        80'000'000);
  CHECK(good("{protocol: {maxPayload: 4000000}, limits: {totalReceiveBytes: 16000000}}").limits.total_receive_bytes ==
        16'000'000);
}

TEST_CASE("Every field is read, from YAML and from JSON", "[unit][server]") {
  const auto config =
      good(GENERATE(as<std::string>{}, R"(
protocol:
  path: /chat/v1/
  transports: [websocket]
  pingInterval: 1m30s
  pingTimeout: 1.5s
  upgradeTimeout: 3s
  connectTimeout: "4s"
  maxPayload: 0x10000
allowedOrigins: ["*"]
allowCredentials: true
trustedProxies: [10.0.0.0/8, "fd00::1"]
demoPage: false
limits:
  headerTimeout: 1s
  bodyTimeout: 2s
  idleTimeout: 90s
  headerBytes: 2048
  maxConnections: 5
  maxSessions: 6
  perAddress: 7
  connectsPerSecond: 8
  messagesPerSecond: 9
  bytesPerSecond: 10
  totalReceiveBytes: 3000000
  sendQueueBytes: 70000
  sendQueueSegments: 17
  totalSendQueueBytes: 2000000
  tcpUserTimeout: 1m
redis: {channel: socketio, acceptPickles: true}
drain: {propagationDelay: 0, deadline: 1h, maxDisconnectsPerMinute: 0}
namespaces: {/custom: , "/": {}}
)",
                    R"({"protocol":{"path":"/chat/v1/","transports":["websocket"],"pingInterval":"1m30s",
"pingTimeout":"1500ms","upgradeTimeout":"3s","connectTimeout":"4s","maxPayload":65536},"allowedOrigins":["*"],
"allowCredentials":true,"trustedProxies":["10.0.0.0/8","fd00::1"],
"demoPage":false,"limits":{"headerTimeout":"1s","bodyTimeout":"2s","idleTimeout":"1m30s","headerBytes":2048,
"maxConnections":5,"maxSessions":6,"perAddress":7,"connectsPerSecond":8,"messagesPerSecond":9,"bytesPerSecond":10,
"totalReceiveBytes":3000000,"sendQueueBytes":70000,
"sendQueueSegments":17,"totalSendQueueBytes":2000000,"tcpUserTimeout":"1m"},"redis":{"channel":"socketio","acceptPickles":true},
"drain":{"propagationDelay":"0s","deadline":"1h","maxDisconnectsPerMinute":0},"namespaces":{"/custom":null,"/":{}}})"));
  CHECK(config.protocol.path == "/chat/v1/");
  CHECK_FALSE(config.protocol.transports.polling);
  CHECK(config.protocol.transports.websocket);
  CHECK(config.protocol.ping_interval == 90s);
  CHECK(config.protocol.ping_timeout == 1500ms);
  CHECK(config.protocol.upgrade_timeout == 3s);
  CHECK(config.protocol.connect_timeout == 4s);
  CHECK(config.protocol.max_payload == 65'536);
  CHECK(config.allowed_origins == std::vector<std::string>{"*"});
  CHECK_FALSE(config.demo_page);
  CHECK(config.limits.header_timeout == 1s);
  CHECK(config.limits.body_timeout == 2s);
  CHECK(config.allow_credentials == true);
  REQUIRE(config.trusted_proxies.size() == 2);
  CHECK(config.trusted_proxies[0].contains(boost::asio::ip::make_address("10.1.2.3")));
  CHECK(config.limits.idle_timeout == 90s);
  CHECK(config.limits.header_bytes == 2'048);
  CHECK(config.limits.max_sessions == 6);
  CHECK(config.limits.per_address == 7);
  CHECK(config.limits.connects_per_second == 8);
  CHECK(config.limits.messages_per_second == 9);
  CHECK(config.limits.bytes_per_second == 10);
  CHECK(config.limits.total_receive_bytes == 3'000'000);
  CHECK(config.redis.accept_pickles);
  CHECK(config.limits.max_connections == 5);
  CHECK(config.limits.send_queue_bytes == 70'000);
  CHECK(config.limits.send_queue_segments == 17);
  CHECK(config.limits.total_send_queue_bytes == 2'000'000);
  CHECK(config.limits.tcp_user_timeout == 1min);
  CHECK(config.redis.channel == "socketio");
  CHECK(config.drain.propagation_delay == 0ms);
  CHECK(config.drain.deadline == 1h);
  CHECK(config.drain.max_disconnects_per_minute == 0);
  REQUIRE(config.namespaces.size() == 2);
  CHECK(config.namespaces.contains("/custom"));
}

TEST_CASE("Files that cannot be read are named", "[unit][server]") {
  const auto missing = server::load_config("/nowhere/f.yaml");
  REQUIRE_FALSE(missing);
  CHECK(missing.error().kind == core::ErrorKind::kInvalidInput);
  CHECK(missing.error().message == "/nowhere/f.yaml: cannot be read: No such file or directory");
  const auto folder = server::load_config("/tmp");
  REQUIRE_FALSE(folder);
  CHECK(folder.error().message == "/tmp: cannot be read: Is a directory");
  const auto file = std::filesystem::temp_directory_path() / ("config-test-" + core::random_hex(6));
  std::ofstream{file} << "#" << std::string(2 << 20, 'x');
  const auto large = server::load_config(file);
  std::ofstream{file} << "demoPage: false";
  const auto small = server::load_config(file);
  std::filesystem::remove(file);
  REQUIRE_FALSE(large);
  CHECK_THAT(large.error().message, Catch::EndsWith(": is larger than 1048576 bytes"));
  REQUIRE(small);
  CHECK_FALSE(small->demo_page);
}

TEST_CASE("The examples are configurations", "[unit][server]") {
  CHECK(guide().size() == 2);
  for (const auto& example : guide()) good(example);
  const auto examples = support::project_root() / "examples" / "server";
  const auto echo = server::load_config(examples / "echo.yaml");
  if (!echo) FAIL(echo.error().message);
  const auto& message = echo->namespaces.at("/").events.find("message")->second;
  REQUIRE(message.size() == 1);
  CHECK(message[0].type == server::ActionType::kBroadcast);
  CHECK(support::payload_of(message[0], std::array{std::string_view{"\"hi\""}}) == R"(["response",{"echo":"hi"}])");

  const auto suite = server::load_config(examples / "protocol-suite.yaml");
  if (!suite) FAIL(suite.error().message);
  CHECK(suite->protocol.ping_interval == 300ms);
  CHECK(suite->protocol.ping_timeout == 200ms);
  CHECK(suite->protocol.max_payload == 1'000'000);
  CHECK(suite->namespaces.size() == 2);
  for (const auto* name : {"/", "/custom"}) {
    const auto& rules = suite->namespaces.at(name);
    REQUIRE(rules.on_connect.size() == 1);
    CHECK(support::payload_of(rules.on_connect[0], {}, R"({"token":"x"})") == R"(["auth",{"token":"x"}])");
    const auto args = std::array<std::string_view, 2>{"1", "[2]"};
    CHECK(support::payload_of(rules.events.find("message")->second.at(0), args) == R"(["message-back",1,[2]])");
    CHECK(support::payload_of(rules.events.find("message-with-ack")->second.at(0), args) == "[1,[2]]");
  }
}
