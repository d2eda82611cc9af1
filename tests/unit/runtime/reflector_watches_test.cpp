// Watches that an API server, or what is between, ends, cuts or spoils; the real one is watched in tests/integration.
#include <fmt/format.h>

#include "operator/runtime/reflector.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/reflector_scene.hpp"

using namespace std::chrono_literals;
using namespace scenes;
using support::ScriptedReply;

TEST_CASE("A frame that comes byte by byte is one event", "[unit][runtime]") {
  Steps steps{{answer(200, list("5", {}))}, {[](ScriptedReply& reply) {
                reply.begin_stream();
                for (const char byte : event("ADDED", object("a", "6")) + event("ADDED", object("b", "7")))
                  reply.raw({&byte, 1});
                reply.hold();
              }}};
  const Scene scene{steps.script()};
  CHECK(scene.holds("a=6,b=7"));
}

TEST_CASE("A watch that ends continues from the last bookmark", "[unit][runtime]") {
  Steps steps{{answer(200, list("5", {object("a", "1")}))},
              {stream_and_end(event("BOOKMARK", R"({"metadata": {"resourceVersion": "77"}})")), kQuiet}};
  const Scene scene{steps.script()};
  REQUIRE(scene.until([&] { return scene.targets(Request::kWatch).size() == 2; }));
  CHECK(scene.targets(Request::kWatch)[1].find("resourceVersion=77") != std::string::npos);
  CHECK(scene.targets(Request::kPage).size() == 1);
  CHECK(scene.holds("a=1"));
}

TEST_CASE("A watch that is cut in the middle of a frame continues after the last whole one", "[unit][runtime]") {
  const auto half = event("ADDED", object("b", "7"));
  Steps steps{{answer(200, list("5", {object("a", "1")}))},
              {stream_and_end(event("MODIFIED", object("a", "6")) + half.substr(0, half.size() / 2)), stream(half)}};
  const Scene scene{steps.script()};
  CHECK(scene.holds("a=6,b=7"));
  REQUIRE(scene.targets(Request::kWatch).size() == 2);
  CHECK(scene.targets(Request::kWatch)[1].find("resourceVersion=6") != std::string::npos);
  CHECK(scene.targets(Request::kPage).size() == 1);
}

TEST_CASE("A stream of something else is given up, and nothing of what was known is lost", "[unit][runtime]") {
  Steps steps{{answer(200, list("5", {object("a", "1")}))},
              {stream("<html>Welcome to the proxy</html>\n"), stream(event("ADDED", object("b", "7")))}};
  const Scene scene{steps.script()};
  CHECK(scene.holds("a=1,b=7"));
}

TEST_CASE("A server that asks for patience gets it", "[unit][runtime]") {
  const int status = GENERATE(429, 503);
  const auto busy = answer(status, R"({"kind": "Status", "message": "try again later"})", "Retry-After: 1\r\n");
  Steps steps{{busy, answer(200, list("5", {object("a", "1")}))}, {busy, stream(event("ADDED", object("b", "7")))}};
  const auto start = std::chrono::steady_clock::now();
  const Scene scene{steps.script()};
  CHECK(scene.holds("a=1,b=7"));
  CHECK(std::chrono::steady_clock::now() - start >= 2s);
}

TEST_CASE("A version is no number", "[unit][runtime]") {
  Steps steps{{answer(200, list("zz", {object("a", "q")}))},
              {stream_and_end(event("MODIFIED", object("a", "b/1"))), stream(event("MODIFIED", object("a", "a")))}};
  const Scene scene{steps.script()};
  CHECK(scene.holds("a=a"));
  REQUIRE(scene.targets(Request::kWatch).size() == 2);
  CHECK_THAT(scene.targets(Request::kWatch)[0], Catch::Contains("resourceVersion=zz&"));
  CHECK_THAT(scene.targets(Request::kWatch)[1], Catch::Contains("resourceVersion=b%2F1&"));
}

TEST_CASE("An object of megabytes comes through a watch whole", "[unit][runtime]") {
  const auto frame =
      fmt::format(
          R"({{"type": "ADDED", "object": {{"metadata": {{"name": "a", "namespace": "n", "resourceVersion": "6"}}, "data": "{}"}}}})",
          std::string(3U << 20U, 'x')) +
      "\n";
  Steps steps{{answer(200, list("5", {}))}, {[&](ScriptedReply& reply) {
                static constexpr std::size_t kPiece = 16U << 10U;
                reply.begin_stream();
                for (std::size_t at = 0; at < frame.size(); at += kPiece)
                  reply.raw(std::string_view{frame}.substr(at, kPiece));
                reply.raw(event("ADDED", object("b", "7")));
                reply.hold();
              }}};
  const Scene scene{steps.script()};
  CHECK(scene.holds("a=6,b=7"));
}

TEST_CASE("After a watch that was well, the first back-off is short again", "[unit][runtime]") {
  const auto broken = answer(500, "{}");
  Steps steps{{broken, broken, broken, broken, broken, answer(200, list("5", {}))},
              {stream_and_end(event("ADDED", object("a", "6"))), broken, stream(event("ADDED", object("b", "7")))}};
  auto times = kTimes;
  times.first_backoff = 40ms;
  times.last_backoff = 30s;
  const Scene scene{steps.script(), times};
  CHECK(scene.holds("a=6,b=7"));
  const auto asked = scene.server().requests();
  // 40 + 80 + 160 + 320 + 640 ms; the next would be 1280 at least.
  CHECK(asked.back().at - asked.front().at >= 1240ms);
  CHECK(asked.back().at - asked[asked.size() - 2].at < 1280ms);
}

TEST_CASE("A connection that is only half open is given up, and what was missed is seen", "[unit][runtime]") {
  Steps steps{{},
              {stream(event("ADDED", object("b", "7")))},
              {stream(event("ADDED", object("a", "1")) + event("BOOKMARK", kEndOfInitialEvents))}};
  auto times = kTimes;
  times.watch_duration = std::chrono::seconds{0};
  times.watch_margin = 200ms;
  const Scene scene{steps.script(), times};
  CHECK(scene.holds("a=1,b=7"));
}

TEST_CASE("A server that ends each watch at once is not asked without a pause", "[unit][runtime]") {
  Steps steps{{answer(200, list("5", {}))}, {stream_and_end("")}};
  auto times = kTimes;
  times.first_backoff = 400ms;  // a watch that lasts as long is none that was ended at once
  times.last_backoff = 500ms;
  const auto start = std::chrono::steady_clock::now();
  const Scene scene{steps.script(), times};
  REQUIRE(scene.until([&] { return scene.targets(Request::kWatch).size() == 3; }));
  CHECK(std::chrono::steady_clock::now() - start >= 900ms);
}
