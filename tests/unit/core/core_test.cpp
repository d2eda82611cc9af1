#include <set>

#include "core/build_id.hpp"
#include "core/digest.hpp"
#include "core/log.hpp"
#include "core/metrics.hpp"
#include "core/result.hpp"
#include "core/time.hpp"
#include "operator/controllers/realtimeapp/metrics.hpp"
#include "operator/kube/metrics.hpp"
#include "operator/runtime/metrics.hpp"
#include "tests/support/catch.hpp"

TEST_CASE("Every kind of error has a name of its own", "[unit][core]") {
  std::set<std::string_view> names;
  const int last = static_cast<int>(core::ErrorKind::kInternal);
  for (int kind = 0; kind <= last; ++kind) names.insert(core::error_kind_name(static_cast<core::ErrorKind>(kind)));
  CHECK(names.size() == static_cast<std::size_t>(last) + 1);
}

TEST_CASE("Times are written as Kubernetes writes them", "[unit][core]") {
  const core::SystemTime time{std::chrono::microseconds{1'136'214'245'000'123}};
  CHECK(core::format_time(time) == "2006-01-02T15:04:05Z");
  CHECK(core::format_micro_time(time) == "2006-01-02T15:04:05.000123Z");
}

TEST_CASE("Times are read as RFC 3339 has them", "[unit][core]") {
  for (const auto* text : {"2006-01-02T15:04:05Z", "2006-01-02T15:04:05.999999999Z", "2006-01-02T17:34:05+02:30",
                           "2006-01-02T07:04:05-08:00"}) {
    INFO(text);
    CHECK(core::parse_time(text) == core::SystemTime{std::chrono::seconds{1'136'214'245}});
  }
  // As those say who mean never and always.
  CHECK(core::parse_time("0001-01-01T00:00:00Z") < core::SystemTime{});
  CHECK(core::parse_time("9999-12-31T23:59:59Z") > core::parse_time("2200-01-01T00:00:00Z"));
  for (const auto* text :
       {"", "soon", "2006-01-02", "2006-01-02T15:04:05", "2006-01-02T15:04:05Z or later", "2006-13-02T15:04:05Z"}) {
    INFO(text);
    CHECK_FALSE(core::parse_time(text).has_value());
  }
}

TEST_CASE("Base64 of any length is read back as it was written", "[unit][core]") {
  for (const auto& bytes : std::vector<std::string>{"", "a", "ab", "abc", "abcd", std::string("\0\xff\n", 3)})
    CHECK(core::base64_decode(core::base64_encode(bytes)) == bytes);
  CHECK(core::base64_encode("hello") == "aGVsbG8=");
  CHECK(core::base64_decode("aGVs\nbG8=\n") == "hello");
  CHECK_FALSE(core::base64_decode("aGVsbG8").has_value());
  for (const auto* text : {"a*==", "====", "a===", "aG=s", "aGVs====", "aG==bG8=", "aGVs----", "=", "aGV\x80"}) {
    INFO(text);
    CHECK_FALSE(core::base64_decode(text).has_value());
  }
}

TEST_CASE("Digests are the head of SHA-256", "[unit][core]") {
  CHECK(core::digest("abc") == "ba7816bf8f01cfea414140de5dae2223");
  CHECK(core::base64_encode(core::sha256("abc")) == "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=");
}

TEST_CASE("A fingerprint has the bits of the digest", "[unit][core]") {
  const auto fingerprint = core::fingerprint("abc");
  const std::string_view bytes{reinterpret_cast<const char*>(fingerprint.data()), sizeof fingerprint};
  CHECK(bytes == core::sha256("abc").substr(0, bytes.size()));
}

TEST_CASE("A program knows which build it is", "[unit][core]") {
  CHECK(core::build_id().size() >= 8);
  CHECK(core::build_id() == core::build_id());
}

TEST_CASE("Random secrets have the length asked for and do not repeat", "[unit][core]") {
  CHECK(core::random_hex(24).size() == 48);
  CHECK(core::random_hex(24) != core::random_hex(24));
}

TEST_CASE("A log level that does not exist is refused with those that do", "[unit][core]") {
  const auto outcome = core::configure_logs("loud");
  REQUIRE_FALSE(outcome);
  CHECK(outcome.error().message == "log level \"loud\" is not one of debug, info, warning, error");
  CHECK(core::configure_logs("warning"));
}

TEST_CASE("Metrics appear in the exposition with their labels", "[unit][core]") {
  core::Metrics metrics;
  metrics.increment(kube::metrics::kRequests, {{"code", "200"}, {"method", "GET"}, {"host", "h"}});
  metrics.increment(kube::metrics::kRequests, {{"code", "200"}, {"method", "GET"}, {"host", "h"}});
  metrics.set(runtime::metrics::kDepth, {{"name", "q"}}, 3);
  metrics.observe(runtime::metrics::kReconcileTime, {{"controller", "c"}}, 0.02);
  const auto text = metrics.exposition();
  CHECK_THAT(text, Catch::Contains(R"(rest_client_requests_total{code="200",host="h",method="GET"} 2)"));
  CHECK_THAT(text, Catch::Contains(R"(workqueue_depth{name="q"} 3)"));
  CHECK_THAT(text, Catch::Contains(R"(controller_runtime_reconcile_time_seconds_count{controller="c"} 1)"));
  CHECK_THAT(text, Catch::Contains("process_resident_memory_bytes"));
}

TEST_CASE("What is shown is looked up at each exposition", "[unit][core]") {
  core::Metrics metrics;
  double value = 1;
  metrics.show({core::MetricType::kGauge, "shown", "Help."}, [&value] {
    return std::vector<core::Metrics::Sample>{{{{"a", "\"x\""}}, value}};
  });
  CHECK_THAT(metrics.exposition(), Catch::Contains("# TYPE shown gauge\nshown{a=\"\\\"x\\\"\"} 1\n"));
  value = 2;
  CHECK_THAT(metrics.exposition(), Catch::Contains("shown{a=\"\\\"x\\\"\"} 2\n"));
  CHECK_THAT(metrics.exposition(), Catch::Contains("# TYPE process_cpu_seconds_total counter\n"));
}

TEST_CASE("No two metrics of the catalogues share a name", "[unit][core]") {
  std::set<std::string_view> names;
  for (const auto& info : kube::metrics::kAll) CHECK(names.insert(info.name).second);
  for (const auto& info : runtime::metrics::kAll) CHECK(names.insert(info.name).second);
  for (const auto& info : controllers::metrics::kAll) CHECK(names.insert(info.name).second);
}
