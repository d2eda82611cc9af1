// Lists and watches that an API server, or what is between, ends, cuts or spoils; the real one is watched in
// tests/integration.
#include "operator/runtime/reflector.hpp"

#include <mutex>

#include <fmt/format.h>

#include "tests/support/catch.hpp"
#include "tests/support/scripted_server.hpp"

using namespace std::chrono_literals;
using support::ScriptedReply;
using support::ScriptedRequest;
using support::ScriptedServer;

namespace {

using Store = runtime::Store<std::string>;

std::string object(const std::string& name, const std::string& version) {
  return fmt::format(R"({{"metadata": {{"name": "{}", "namespace": "n", "resourceVersion": "{}"}}}})", name, version);
}

std::string list(const std::string& version, const std::vector<std::string>& items, const std::string& next = "") {
  return fmt::format(R"({{"metadata": {{"resourceVersion": "{}", "continue": "{}"}}, "items": [{}]}})", version, next,
                     fmt::join(items, ", "));
}

std::string event(const std::string& type, const std::string& what) {
  return fmt::format(R"({{"type": "{}", "object": {}}})", type, what) + "\n";
}

constexpr const char* kGone = R"({"kind": "Status", "code": 410, "reason": "Expired", "message": "too old"})";

const std::string kEndOfInitialEvents =
    R"({"metadata": {"resourceVersion": "5", "annotations": {"k8s.io/initial-events-end": "true"}}})";

enum class Request { kPage, kWatch, kStreamingList };

Request kind_of(const ScriptedRequest& request) {
  const auto asks = [&](const char* what) { return request.target.find(what) != std::string::npos; };
  if (asks("sendInitialEvents=true")) return Request::kStreamingList;
  return asks("watch=true") ? Request::kWatch : Request::kPage;
}

/// Short back-offs, and connections that are not given up.
constexpr runtime::ReflectorTimes kTimes{20ms, 100ms, std::chrono::seconds{60}, 60s, 60s};

/// A reflector of some Services that is driven by a script, and what it has.
class Scene {
 public:
  explicit Scene(ScriptedServer::Script script, runtime::ReflectorTimes times = kTimes)
      : server_{std::move(script)},
        transport_{{.server = server_.url(), .ca = server_.authority()}},
        client_{transport_, metrics_},
        reflector_{threads_,
                   client_,
                   kube::types::kService,
                   kube::Selection{"n", "app=chat"},
                   std::make_unique<runtime::StoreTarget<std::string>>(
                       store_, "n", [](const kube::Object& object) { return object.resource_version(); }),
                   times} {
    reflector_.start();
  }

  /// The names with their versions, as a=1,b=2.
  std::string held() const {
    std::map<std::string, std::string> sorted;
    store_.visit([&](const kube::ObjectKey& key, const std::string& version) { sorted[key.name] = version; });
    std::string text;
    for (const auto& [name, version] : sorted) text += (text.empty() ? "" : ",") + name + "=" + version;
    return text;
  }

  bool until(const std::function<bool()>& condition) const {
    const auto end = std::chrono::steady_clock::now() + 10s;
    while (!condition()) {
      if (std::chrono::steady_clock::now() > end) return false;
      std::this_thread::yield();
    }
    return true;
  }

  bool holds(const std::string& wanted) const {
    const bool came = until([&] { return held() == wanted; });
    INFO(held());
    CHECK(held() == wanted);
    return came;
  }

  std::vector<std::string> targets(Request kind) const {
    std::vector<std::string> found;
    for (const auto& request : server_.requests())
      if (kind_of(request) == kind) found.push_back(request.target);
    return found;
  }

  const ScriptedServer& server() const { return server_; }
  runtime::Reflector& reflector() { return reflector_; }
  const runtime::Reflector& reflector() const { return reflector_; }

 private:
  ScriptedServer server_;
  core::Metrics metrics_;
  kube::Transport transport_;
  kube::Client client_;
  Store store_;
  runtime::ReflectorThreads threads_;
  runtime::Reflector reflector_;
};

/// What a script does at its first, second, … request of each kind; the last is done again and again. Streaming lists
/// are refused, as by an older server, where it is not said otherwise.
class Steps {
 public:
  using Step = std::function<void(ScriptedReply&)>;

  Steps(std::vector<Step> pages, std::vector<Step> watches, std::vector<Step> streaming_lists = {refuse()})
      : steps_{{Request::kPage, {std::move(pages)}},
               {Request::kWatch, {std::move(watches)}},
               {Request::kStreamingList, {std::move(streaming_lists)}}} {}

  ScriptedServer::Script script() {
    return [this](const ScriptedRequest& request, ScriptedReply& reply) {
      Step step;
      {
        const std::lock_guard lock{mutex_};
        auto& [steps, done] = steps_.at(kind_of(request));
        step = steps.at(std::min(done++, steps.size() - 1));
      }
      step(reply);
    };
  }

 private:
  struct Sequence {
    std::vector<Step> steps;
    std::size_t done = 0;
  };

  static Step refuse() {
    return [](ScriptedReply& reply) {
      reply.answer(422, R"({"kind": "Status", "code": 422, "reason": "Invalid", "message": "ListOptions is invalid"})");
    };
  }

  std::mutex mutex_;
  std::map<Request, Sequence> steps_;
};

Steps::Step answer(int status, const std::string& body, const std::string& headers = "") {
  return [=](ScriptedReply& reply) { reply.answer(status, body, headers); };
}

/// A watch that tells these events, and then nothing.
Steps::Step stream(const std::string& events) {
  return [=](ScriptedReply& reply) {
    reply.begin_stream();
    reply.raw(events);
    reply.hold();
  };
}

/// The same, and then it ends.
Steps::Step stream_and_end(const std::string& events) {
  return [=](ScriptedReply& reply) {
    reply.begin_stream();
    reply.raw(events);
    reply.cut();
  };
}

const Steps::Step kQuiet = stream("");

}  // namespace

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

TEST_CASE("A watch that ends goes on from the last bookmark", "[unit][runtime]") {
  Steps steps{{answer(200, list("5", {object("a", "1")}))},
              {stream_and_end(event("BOOKMARK", R"({"metadata": {"resourceVersion": "77"}})")), kQuiet}};
  const Scene scene{steps.script()};
  REQUIRE(scene.until([&] { return scene.targets(Request::kWatch).size() == 2; }));
  CHECK(scene.targets(Request::kWatch)[1].find("resourceVersion=77") != std::string::npos);
  CHECK(scene.targets(Request::kPage).size() == 1);
  CHECK(scene.holds("a=1"));
}

TEST_CASE("A watch that is cut in the middle of a frame goes on after the last whole one", "[unit][runtime]") {
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

TEST_CASE("A version is no number", "[unit][runtime]") {
  Steps steps{{answer(200, list("zz", {object("a", "q")}))},
              {stream_and_end(event("MODIFIED", object("a", "b/1"))), stream(event("MODIFIED", object("a", "a")))}};
  const Scene scene{steps.script()};
  CHECK(scene.holds("a=a"));
  REQUIRE(scene.targets(Request::kWatch).size() == 2);
  CHECK_THAT(scene.targets(Request::kWatch)[0], Catch::Contains("resourceVersion=zz&"));
  CHECK_THAT(scene.targets(Request::kWatch)[1], Catch::Contains("resourceVersion=b%2F1&"));
}

TEST_CASE("A version that the server does not take is not asked for for ever", "[unit][runtime]") {
  Steps steps{{answer(200, list("5", {object("a", "1")})), answer(200, list("9", {object("b", "7")}))},
              {answer(400, R"({"kind": "Status", "code": 400, "message": "invalid resource version"})"), kQuiet}};
  const Scene scene{steps.script()};
  CHECK(scene.holds("b=7"));
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

TEST_CASE("What is forbidden is asked again, as rights may come later", "[unit][runtime]") {
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
  const auto start = std::chrono::steady_clock::now();
  const Scene scene{steps.script()};
  REQUIRE(scene.until([&] { return scene.targets(Request::kWatch).size() == 5; }));
  // 20, 40, 80, 100 ms.
  CHECK(std::chrono::steady_clock::now() - start >= 240ms);
}
