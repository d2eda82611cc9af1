// Lists that an API server, or what is between, refuses, cuts or spoils; of watches: reflector_watches_test.cpp.
#include <atomic>

#include "operator/runtime/reflector.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/reflector_scene.hpp"

using namespace std::chrono_literals;
using namespace scenes;
using support::ScriptedReply;
using support::ScriptedRequest;

TEST_CASE("A version that is gone is answered with a new list, and what that lacks is deleted", "[unit][runtime]") {
  const auto first = answer(200, list("5", {object("a", "1"), object("b", "2")}));
  const auto second = answer(200, list("9", {object("b", "7")}));
  SECTION("as a status") {
    Steps steps{{first, second}, {answer(410, kGone), kQuiet}};
    const Scene scene{steps.script()};
    CHECK(scene.holds("b=7"));
    REQUIRE(scene.until([&] { return scene.targets(Request::kWatch).size() == 2; }));
    CHECK(scene.targets(Request::kWatch)[1].find("resourceVersion=9") != std::string::npos);
  }
  SECTION("in the stream") {
    Steps steps{{first, second}, {stream(event("MODIFIED", object("a", "6")) + event("ERROR", kGone)), kQuiet}};
    const Scene scene{steps.script()};
    CHECK(scene.holds("b=7"));
  }
}

TEST_CASE("A list of several pages that expires in the middle begins again", "[unit][runtime]") {
  Steps steps{{answer(200, list("5", {object("a", "1")}, "token")), answer(410, kGone),
               answer(200, list("8", {object("b", "2")}, "other")), answer(200, list("8", {object("c", "3")}))},
              {kQuiet}};
  const Scene scene{steps.script()};
  CHECK(scene.holds("b=2,c=3"));
  const auto lists = scene.targets(Request::kPage);
  REQUIRE(lists.size() == 4);
  CHECK(lists[1].find("continue=token") != std::string::npos);
  CHECK(lists[2].find("continue") == std::string::npos);
  for (const auto& target : lists) CHECK(target.find("limit=500") != std::string::npos);
}

TEST_CASE("A page that is too large is asked for in parts", "[unit][runtime]") {
  const std::string padding(kube::Transport::kMaxAnswerBytes + 1, ' ');
  Steps steps{{answer(200, list("5", {object("a", "1")}, "token")), answer(200, padding), answer(200, padding),
               answer(200, list("5", {object("b", "2")}))},
              {kQuiet}};
  const Scene scene{steps.script()};
  CHECK(scene.holds("a=1,b=2"));
  const auto lists = scene.targets(Request::kPage);
  REQUIRE(lists.size() == 4);
  CHECK_THAT(lists[1], Catch::Contains("limit=500") && Catch::Contains("continue=token"));
  CHECK_THAT(lists[2], Catch::Contains("limit=100") && Catch::Contains("continue=token"));
  CHECK_THAT(lists[3], Catch::Contains("limit=20") && Catch::Contains("continue=token"));
}

TEST_CASE("Every request is for what is wanted only, and every watch has an end", "[unit][runtime]") {
  Steps steps{{answer(200, list("5", {}))}, {kQuiet}};
  const Scene scene{steps.script()};
  REQUIRE(scene.until([&] { return scene.targets(Request::kWatch).size() == 1; }));
  const auto asked = scene.server().requests();
  REQUIRE(asked.size() == 3);
  for (const auto& request : asked) {
    CHECK(request.target.starts_with("/api/v1/namespaces/n/services?"));
    CHECK_THAT(request.target, Catch::Contains("labelSelector=app%3Dchat"));
    if (kind_of(request) != Request::kPage) CHECK_THAT(request.target, Catch::Contains("timeoutSeconds=60"));
  }
  static constexpr runtime::ReflectorTimes kDefaults;
  STATIC_REQUIRE(kDefaults.first_backoff == 800ms);
  STATIC_REQUIRE(kDefaults.last_backoff == 30s);
  STATIC_REQUIRE((kDefaults.watch_margin > 1s && kDefaults.watch_duration + kDefaults.watch_margin < 60s));
}

TEST_CASE("A version that the server does not take is not asked for for ever", "[unit][runtime]") {
  Steps steps{{answer(200, list("5", {object("a", "1")})), answer(200, list("9", {object("b", "7")}))},
              {answer(400, R"({"kind": "Status", "code": 400, "message": "invalid resource version"})"), kQuiet}};
  const Scene scene{steps.script()};
  CHECK(scene.holds("b=7"));
}

TEST_CASE("What is forbidden is asked again, as permissions may come later", "[unit][runtime]") {
  const auto no = R"({"kind": "Status", "code": 403, "reason": "Forbidden", "message": "services is forbidden"})";
  Steps steps{{answer(403, no), answer(403, no), answer(200, list("5", {object("a", "1")}))},
              {answer(403, no), kQuiet}};
  const Scene scene{steps.script()};
  CHECK(scene.holds("a=1"));
  CHECK(scene.until([&] { return scene.targets(Request::kWatch).size() == 2; }));
}

TEST_CASE("A list that is cut off or spoilt changes nothing and is asked again", "[unit][runtime]") {
  const auto whole = list("9", {object("b", "7")});
  const auto cut = [&](ScriptedReply& reply) {
    reply.raw("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + whole);
    reply.cut();
  };
  Steps steps{{answer(200, list("5", {object("a", "1")})), cut, answer(200, "null"), answer(200, R"({"items": 3})"),
               answer(200, R"({"metadata": {}, "items": []})"), answer(200, whole)},
              {answer(410, kGone), kQuiet}};
  const Scene scene{steps.script()};
  CHECK(scene.holds("b=7"));
  CHECK(scene.targets(Request::kPage).size() == 6);
}

TEST_CASE("A first list that never ends keeps nobody from stopping", "[unit][runtime]") {
  Steps steps{{[](ScriptedReply& reply) {
                reply.raw("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n{\"items\": [");
                reply.hold();
              }},
              {kQuiet}};
  const auto start = std::chrono::steady_clock::now();
  {
    Scene scene{steps.script()};
    REQUIRE(scene.until([&] { return scene.targets(Request::kPage).size() == 1; }));
    CHECK_FALSE(scene.reflector().synced());
    scene.reflector().stop();
  }
  CHECK(std::chrono::steady_clock::now() - start < 5s);
}

TEST_CASE("Where lists are streamed, one request brings what is there and what comes", "[unit][runtime]") {
  const auto initial = event("ADDED", object("a", "1")) + event("ADDED", object("b", "2"));
  const auto end = event("BOOKMARK", kEndOfInitialEvents);
  SECTION("at once") {
    Steps steps{{}, {}, {stream(initial + end + event("MODIFIED", object("b", "6")))}};
    const Scene scene{steps.script()};
    CHECK(scene.holds("a=1,b=6"));
    const auto asked = scene.server().requests();
    REQUIRE(asked.size() == 1);
    for (const auto* wanted : {"watch=true", "resourceVersionMatch=NotOlderThan", "allowWatchBookmarks=true"})
      CHECK_THAT(asked[0].target, Catch::Contains(wanted));
  }
  SECTION("with changes among what is listed") {
    Steps steps{
        {}, {}, {stream(initial + event("MODIFIED", object("b", "3")) + event("DELETED", object("a", "4")) + end)}};
    const Scene scene{steps.script()};
    CHECK(scene.holds("b=3"));
    CHECK(scene.reflector().synced());
  }
  SECTION("with a watch from there once it ends") {
    Steps steps{{}, {stream(event("ADDED", object("c", "9")))}, {stream_and_end(initial + end)}};
    const Scene scene{steps.script()};
    CHECK(scene.holds("a=1,b=2,c=9"));
    CHECK_THAT(scene.targets(Request::kWatch).at(0), Catch::Contains("resourceVersion=5"));
  }
  SECTION("and again what is gone is deleted") {
    Steps steps{
        {}, {}, {stream(initial + end + event("ERROR", kGone)), stream(event("ADDED", object("b", "7")) + end)}};
    const Scene scene{steps.script()};
    CHECK(scene.holds("b=7"));
  }
}

TEST_CASE("What a streaming list brought before it was cut off is not taken for complete", "[unit][runtime]") {
  const auto end = event("BOOKMARK", kEndOfInitialEvents);
  const auto busy = R"({"kind": "Status", "code": 429, "reason": "TooManyRequests", "message": "try again later"})";
  Steps steps{{answer(429, busy)},
              {},
              {stream_and_end(event("ADDED", object("a", "1")) +
                              event("BOOKMARK", R"({"metadata": {"resourceVersion": "3"}})")),
               stream(event("ADDED", object("b", "7")) + end)}};
  const Scene scene{steps.script()};
  CHECK(scene.holds("b=7"));
  CHECK(scene.targets(Request::kWatch).empty());
}

TEST_CASE("A server that does not stream lists is asked for pages, and not again for streams", "[unit][runtime]") {
  Steps steps{{answer(200, list("5", {object("a", "1")})), answer(200, list("9", {object("b", "7")}))},
              {answer(410, kGone), kQuiet}};
  const Scene scene{steps.script()};
  CHECK(scene.holds("b=7"));
  CHECK(scene.targets(Request::kStreamingList).size() == 1);
}

TEST_CASE("A streaming list that does not come is no reason to do without one", "[unit][runtime]") {
  const auto [status, body] = GENERATE(table<int, std::string>({{403, R"({"kind": "Status", "reason": "Forbidden"})"},
                                                                {404, "<html>no such page</html>"},
                                                                {200, "<html>Welcome</html>\n"},
                                                                {501, "{}"}}));
  Steps steps{
      {answer(200, list("5", {object("a", "1")}))},
      {answer(410, kGone)},
      {answer(status, body), stream(event("ADDED", object("b", "7")) + event("BOOKMARK", kEndOfInitialEvents))}};
  const Scene scene{steps.script()};
  // Not refused for good: the next list is streamed.
  CHECK(scene.holds("b=7"));
  CHECK(scene.targets(Request::kPage).size() == 1);
}

TEST_CASE("A streaming list that never ends is given up for one of pages", "[unit][runtime]") {
  Steps steps{{answer(200, list("5", {object("a", "1"), object("b", "2")}))},
              {kQuiet},
              {stream(event("ADDED", object("a", "1")))}};
  auto times = kTimes;
  times.list_idle = 50ms;
  const Scene scene{steps.script(), times};
  CHECK(scene.holds("a=1,b=2"));
  CHECK(scene.until([&] { return scene.targets(Request::kWatch).size() == 1; }));
}

namespace {

/// What an API server says of a kind that it does not know.
void refuse_kind(ScriptedReply& reply) { reply.answer(404, "404 page not found\n"); }

}  // namespace

TEST_CASE("A kind that is not served counts as synced, and is listed and watched once it is", "[unit][runtime]") {
  const auto there = event("ADDED", object("a", "1")) + event("BOOKMARK", kEndOfInitialEvents);
  const auto page = answer(200, list("5", {object("a", "1")}));
  Steps streams{{page}, {stream(event("ADDED", object("b", "7")))}, {stream_and_end(there)}};
  Steps pages{{page}, {stream(event("ADDED", object("b", "7")))}};
  const auto serve = GENERATE(true, false) ? streams.script() : pages.script();
  std::atomic<bool> is_served = false;
  const Scene scene{[&](const ScriptedRequest& request, ScriptedReply& reply) {
    is_served ? serve(request, reply) : refuse_kind(reply);
  }};
  REQUIRE(scene.until([&] { return scene.reflector().synced(); }));
  // It is looked for again, and stays synced.
  REQUIRE(scene.until([&] { return scene.targets(Request::kPage).size() >= 3; }));
  CHECK(scene.reflector().synced());
  CHECK(scene.held().empty());
  CHECK(scene.targets(Request::kWatch).empty());
  is_served = true;
  CHECK(scene.holds("a=1,b=7"));
  CHECK(scene.reflector().synced());
  CHECK_THAT(scene.targets(Request::kWatch).at(0), Catch::Contains("resourceVersion=5"));
}

TEST_CASE("Of a kind that is served no more, nothing is left", "[unit][runtime]") {
  std::atomic<bool> is_served = true;
  std::atomic<bool> is_seen = false;
  const auto end = event("BOOKMARK", kEndOfInitialEvents);
  Steps steps{{refuse_kind},
              {[&](ScriptedReply& reply) {
                is_seen.wait(false);
                is_served = false;
                refuse_kind(reply);
              }},
              {stream_and_end(event("ADDED", object("a", "1")) + end), stream(event("ADDED", object("b", "7")) + end)}};
  const auto serve = steps.script();
  const Scene scene{[&](const ScriptedRequest& request, ScriptedReply& reply) {
    is_served ? serve(request, reply) : refuse_kind(reply);
  }};
  CHECK(scene.holds("a=1"));
  is_seen = true;
  is_seen.notify_all();
  CHECK(scene.holds(""));
  CHECK(scene.reflector().synced());
  is_served = true;
  CHECK(scene.holds("b=7"));
}
