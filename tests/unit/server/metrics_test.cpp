#include "realtime-server/server/metrics.hpp"

#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <sstream>

#include <fmt/format.h>

#include "tests/support/catch.hpp"
#include "tests/support/checkout.hpp"

using server::ConnectOutcome;
using server::Exposition;
using server::Snapshot;

namespace {

/// The samples of an exposition, by name and labels as they stand.
using Samples = std::map<std::string, double>;

Samples samples(const std::string& text) {
  Samples all;
  std::istringstream lines{text};
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with('#')) continue;
    const auto space = line.rfind(' ');
    REQUIRE(all.emplace(line.substr(0, space), std::stod(line.substr(space + 1))).second);
  }
  return all;
}

constexpr std::array kFamilies{
    server::kConnections,   server::kSockets,         server::kConnects,       server::kCloses,
    server::kMessages,      server::kDropped,         server::kBytes,          server::kWrites,
    server::kSendQueue,     server::kSendQueueMemory, server::kReceivedMemory, server::kPauses,
    server::kLoopLag,       server::kRedisState,      server::kRedisPublishes, server::kRedisLost,
    server::kRedisMessages, server::kRedisRefused,    server::kDraining};

/// A snapshot in which everything is counted, each by a number of its own from `from` on.
Snapshot filled(std::uint64_t from) {
  Snapshot now;
  for (auto* figure :
       {&now.polling, &now.websocket, &now.sockets, &now.messages_in, &now.messages_out, &now.dropped, &now.bytes_in,
        &now.bytes_out, &now.writes, &now.pauses, &now.received_memory, &now.send_queue_bytes, &now.send_queue_memory,
        &now.backplane.published, &now.backplane.lost, &now.backplane.received, &now.backplane.refused})
    *figure = from++;
  for (auto& count : now.connects) count = from++;
  for (auto& count : now.closes) count = from++;
  return now;
}

}  // namespace

TEST_CASE("Every family is exposed from the first scrape on, with its type and help", "[unit][server]") {
  Exposition exposition;
  const auto text = exposition.text({});
  std::set<std::string_view> names;
  for (const auto& family : kFamilies) {
    INFO(family.name);
    CHECK(family.name.starts_with("realtime_server_"));
    CHECK(family.name.ends_with("_total") == (family.type == core::MetricType::kCounter));
    CHECK(names.insert(family.name).second);
    const auto* type = family.type == core::MetricType::kCounter ? "counter" : "gauge";
    CHECK_THAT(text, Catch::Contains(fmt::format("# TYPE {} {}\n", family.name, type)));
    CHECK_THAT(text, Catch::Contains(fmt::format("# HELP {} {}\n", family.name, family.help)));
  }
  for (std::size_t at = 0; (at = text.find("# TYPE realtime_server_", at)) != std::string::npos; ++at)
    CHECK(names.contains(text.substr(at + 7, text.find(' ', at + 7) - at - 7)));
  CHECK_THAT(text, Catch::Contains("process_resident_memory_bytes "));
}

TEST_CASE("Every entry of a catalogue is a separate sample, also if it is zero", "[unit][server]") {
  Exposition exposition;
  const auto all = samples(exposition.text({}));
  for (const auto outcome : server::kConnectOutcomes)
    CHECK(all.at(fmt::format("realtime_server_connects_total{{outcome=\"{}\"}}", outcome)) == 0);
  for (const auto& close : engineio::kCloseReasons)
    CHECK(all.at(fmt::format("realtime_server_closes_total{{reason=\"{}\"}}", close.name)) == 0);
  for (const auto* transport : {"polling", "websocket"})
    CHECK(all.at(fmt::format("realtime_server_connections{{transport=\"{}\"}}", transport)) == 0);
  for (const auto* direction : {"in", "out"}) {
    CHECK(all.at(fmt::format("realtime_server_messages_total{{direction=\"{}\"}}", direction)) == 0);
    CHECK(all.at(fmt::format("realtime_server_bytes_total{{direction=\"{}\"}}", direction)) == 0);
  }
}

TEST_CASE("The page about the metrics has every metric, outcome and reason, and no others", "[unit][server]") {
  std::ifstream file{support::project_root() / "docs/server-metrics.md"};
  const std::string page{std::istreambuf_iterator{file}, {}};
  const auto has = [&](std::string_view word) { return page.find(fmt::format("`{}`", word)) != std::string::npos; };
  for (const auto& family : kFamilies) CHECK_THAT(page, Catch::Contains(fmt::format("\n| `{}` |", family.name)));
  std::size_t rows = 0;
  for (std::size_t at = 0; (at = page.find("| `realtime_server_", at)) != std::string::npos; ++at) ++rows;
  CHECK(rows == kFamilies.size());
  for (const auto outcome : server::kConnectOutcomes) CHECK(has(outcome));
  for (const auto& close : engineio::kCloseReasons) CHECK(has(close.name));
}

TEST_CASE("The names of a catalogue are those of its enumeration", "[unit][server]") {
  for (const auto& [outcome, word] :
       std::map<ConnectOutcome, std::string_view>{{ConnectOutcome::kPolling, "polling"},
                                                  {ConnectOutcome::kWebSocket, "websocket"},
                                                  {ConnectOutcome::kUpgraded, "upgraded"},
                                                  {ConnectOutcome::kRefused, "refused"},
                                                  {ConnectOutcome::kForbidden, "forbidden"},
                                                  {ConnectOutcome::kGoingAway, "draining"},
                                                  {ConnectOutcome::kTooMany, "too_many"},
                                                  {ConnectOutcome::kTooManySessions, "too_many_sessions"},
                                                  {ConnectOutcome::kTooManyOfAddress, "too_many_of_address"},
                                                  {ConnectOutcome::kTooFast, "too_fast"},
                                                  {ConnectOutcome::kNamespace, "namespace"},
                                                  {ConnectOutcome::kUnknownNamespace, "unknown_namespace"}})
    CHECK(server::kConnectOutcomes.at(static_cast<std::size_t>(outcome)) == word);
  std::set<std::string_view> reasons;
  for (std::size_t i = 0; i < engineio::kCloseReasons.size(); ++i) {
    CHECK(engineio::kCloseReasons.at(i).reason == static_cast<engineio::CloseReason>(i));
    CHECK(reasons.insert(engineio::kCloseReasons.at(i).name).second);
  }
  Snapshot counted;
  ++counted.of(ConnectOutcome::kForbidden);
  ++counted.of(engineio::CloseReason::kSlowConsumer);
  Exposition exposition;
  const auto all = samples(exposition.text(counted));
  CHECK(all.at(R"(realtime_server_connects_total{outcome="forbidden"})") == 1);
  CHECK(all.at(R"(realtime_server_closes_total{reason="slow_consumer"})") == 1);
}

TEST_CASE("Every figure of a snapshot has its own sample", "[unit][server]") {
  auto now = filled(100);
  now.loop_lag = std::chrono::milliseconds{250};
  now.draining = true;
  Exposition exposition;
  const auto all = samples(exposition.text(now));
  const std::map<std::string, std::uint64_t> expected{{R"(connections{transport="polling"})", now.polling},
                                                      {R"(connections{transport="websocket"})", now.websocket},
                                                      {"tcp_connections", now.sockets},
                                                      {R"(messages_total{direction="in"})", now.messages_in},
                                                      {R"(messages_total{direction="out"})", now.messages_out},
                                                      {"messages_dropped_total", now.dropped},
                                                      {R"(bytes_total{direction="in"})", now.bytes_in},
                                                      {R"(bytes_total{direction="out"})", now.bytes_out},
                                                      {"websocket_writes_total", now.writes},
                                                      {"pauses_total", now.pauses},
                                                      {"received_memory_bytes", now.received_memory},
                                                      {"send_queue_bytes", now.send_queue_bytes},
                                                      {"send_queue_memory_bytes", now.send_queue_memory},
                                                      {"redis_publishes_total", now.backplane.published},
                                                      {"redis_publishes_lost_total", now.backplane.lost},
                                                      {"redis_messages_total", now.backplane.received},
                                                      {"redis_messages_refused_total", now.backplane.refused}};
  for (const auto& [name, value] : expected) {
    INFO(name);
    CHECK(all.at("realtime_server_" + name) == static_cast<double>(value));
  }
  for (std::size_t i = 0; i < now.connects.size(); ++i)
    CHECK(all.at(fmt::format("realtime_server_connects_total{{outcome=\"{}\"}}", server::kConnectOutcomes.at(i))) ==
          static_cast<double>(now.connects.at(i)));
  for (std::size_t i = 0; i < now.closes.size(); ++i)
    CHECK(all.at(fmt::format("realtime_server_closes_total{{reason=\"{}\"}}", engineio::kCloseReasons.at(i).name)) ==
          static_cast<double>(now.closes.at(i)));
  CHECK(all.at("realtime_server_loop_lag_seconds") == 0.25);
  CHECK(all.at("realtime_server_draining") == 1);
}

TEST_CASE("Exactly one state of the backplane is set", "[unit][server]") {
  Exposition exposition;
  for (const auto state : {adapter::State::kConnecting, adapter::State::kConnected, adapter::State::kNotReceiving,
                           adapter::State::kDisconnected, adapter::State::kLocal}) {
    Snapshot now;
    now.redis = state;
    const auto all = samples(exposition.text(now));
    for (const auto* word : {"local", "connecting", "connected", "not_receiving", "disconnected"})
      CHECK(all.at(fmt::format("realtime_server_redis_state{{state=\"{}\"}}", word)) ==
            (adapter::name_of(state) == word ? 1 : 0));
  }
}

TEST_CASE("Counters tell the last snapshot, gauges too when they fall", "[unit][server]") {
  Exposition exposition;
  exposition.text(filled(100));
  auto now = filled(200);
  now.polling = 3;
  const auto all = samples(exposition.text(now));
  CHECK(all.at(R"(realtime_server_connections{transport="polling"})") == 3);
  CHECK(all.at("realtime_server_websocket_writes_total") == static_cast<double>(now.writes));
  CHECK(all.at(R"(realtime_server_connects_total{outcome="polling"})") == static_cast<double>(now.connects.at(0)));
  CHECK(samples(exposition.text(now)).at("realtime_server_websocket_writes_total") == static_cast<double>(now.writes));
}

TEST_CASE("A scrape that arrives late decreases no counter, and counts nothing twice", "[unit][server]") {
  Exposition exposition;
  const auto first = filled(100);
  auto second = filled(200);
  exposition.text(second);
  for (const auto& snapshot : {first, second, first, second}) {
    const auto all = samples(exposition.text(snapshot));
    CHECK(all.at("realtime_server_redis_messages_total") == static_cast<double>(second.backplane.received));
    CHECK(all.at(R"(realtime_server_closes_total{reason="answer_timeout"})") ==
          static_cast<double>(second.of(engineio::CloseReason::kAnswerTimeout)));
  }
}
