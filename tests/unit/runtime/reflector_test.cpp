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

bool is_watch(const ScriptedRequest& request) { return request.target.find("watch=true") != std::string::npos; }

/// A reflector of Services that is driven by a script, and what it has.
class Scene {
 public:
  explicit Scene(ScriptedServer::Script script)
      : server_{std::move(script)},
        transport_{{.server = server_.url(), .ca = server_.authority()}},
        client_{transport_, metrics_},
        reflector_{client_, kube::types::kService, kube::Selection{},
                   std::make_unique<runtime::StoreTarget<std::string>>(
                       store_, "", [](const kube::Object& object) { return object.resource_version(); }),
                   runtime::ReflectorTimes{20ms, 100ms, std::chrono::seconds{60}}} {
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

  std::vector<std::string> targets(bool watches) const {
    std::vector<std::string> found;
    for (const auto& request : server_.requests())
      if (is_watch(request) == watches) found.push_back(request.target);
    return found;
  }

  ScriptedServer& server() { return server_; }
  runtime::Reflector& reflector() { return reflector_; }

 private:
  ScriptedServer server_;
  core::Metrics metrics_;
  kube::Transport transport_;
  kube::Client client_;
  Store store_;
  runtime::Reflector reflector_;
};

/// What a script does at its first, second, … list and watch; the last is done again and again.
class Steps {
 public:
  using Step = std::function<void(ScriptedReply&)>;

  Steps(std::vector<Step> lists, std::vector<Step> watches) : lists_{std::move(lists)}, watches_{std::move(watches)} {}

  ScriptedServer::Script script() {
    return [this](const ScriptedRequest& request, ScriptedReply& reply) {
      Step step;
      {
        const std::lock_guard lock{mutex_};
        auto& done = is_watch(request) ? watches_done_ : lists_done_;
        const auto& steps = is_watch(request) ? watches_ : lists_;
        step = steps[std::min(done++, steps.size() - 1)];
      }
      step(reply);
    };
  }

 private:
  std::mutex mutex_;
  std::vector<Step> lists_;
  std::vector<Step> watches_;
  std::size_t lists_done_ = 0;
  std::size_t watches_done_ = 0;
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
    REQUIRE(scene.until([&] { return scene.targets(true).size() == 2; }));
    CHECK(scene.targets(true)[1].find("resourceVersion=9") != std::string::npos);
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
  const auto lists = scene.targets(false);
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
  REQUIRE(scene.until([&] { return scene.targets(true).size() == 2; }));
  CHECK(scene.targets(true)[1].find("resourceVersion=77") != std::string::npos);
  CHECK(scene.targets(false).size() == 1);
  CHECK(scene.holds("a=1"));
}

TEST_CASE("A watch that is cut in the middle of a frame goes on after the last whole one", "[unit][runtime]") {
  const auto half = event("ADDED", object("b", "7"));
  Steps steps{{answer(200, list("5", {object("a", "1")}))},
              {stream_and_end(event("MODIFIED", object("a", "6")) + half.substr(0, half.size() / 2)), stream(half)}};
  const Scene scene{steps.script()};
  CHECK(scene.holds("a=6,b=7"));
  REQUIRE(scene.targets(true).size() == 2);
  CHECK(scene.targets(true)[1].find("resourceVersion=6") != std::string::npos);
  CHECK(scene.targets(false).size() == 1);
}

TEST_CASE("A stream of something else is given up, and nothing of what was known is lost", "[unit][runtime]") {
  Steps steps{{answer(200, list("5", {object("a", "1")}))},
              {stream("<html>Welcome to the proxy</html>\n"), stream(event("ADDED", object("b", "7")))}};
  const Scene scene{steps.script()};
  CHECK(scene.holds("a=1,b=7"));
}

TEST_CASE("A server that asks for patience gets it", "[unit][runtime]") {
  const auto busy = R"({"kind": "Status", "code": 429, "reason": "TooManyRequests", "message": "try again later"})";
  Steps steps{{answer(429, busy, "Retry-After: 1\r\n"), answer(200, list("5", {object("a", "1")}))}, {kQuiet}};
  const auto start = std::chrono::steady_clock::now();
  const Scene scene{steps.script()};
  CHECK(scene.holds("a=1"));
  CHECK(std::chrono::steady_clock::now() - start >= 1s);
}

TEST_CASE("What is forbidden is asked again, as rights may come later", "[unit][runtime]") {
  const auto no = R"({"kind": "Status", "code": 403, "reason": "Forbidden", "message": "services is forbidden"})";
  Steps steps{{answer(403, no), answer(403, no), answer(200, list("5", {object("a", "1")}))},
              {answer(403, no), kQuiet}};
  const Scene scene{steps.script()};
  CHECK(scene.holds("a=1"));
  CHECK(scene.until([&] { return scene.targets(true).size() == 2; }));
}

TEST_CASE("A list that is cut off or spoilt changes nothing and is asked again", "[unit][runtime]") {
  const auto whole = list("9", {object("b", "7")});
  const auto cut = [&](ScriptedReply& reply) {
    reply.raw("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + whole);
    reply.cut();
  };
  Steps steps{{answer(200, list("5", {object("a", "1")})), cut, answer(200, "null"), answer(200, R"({"items": 3})"),
               answer(200, whole)},
              {answer(410, kGone), kQuiet}};
  const Scene scene{steps.script()};
  CHECK(scene.holds("b=7"));
  CHECK(scene.targets(false).size() == 5);
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
    REQUIRE(scene.until([&] { return scene.targets(false).size() == 1; }));
    CHECK_FALSE(scene.reflector().synced());
    scene.reflector().stop();
  }
  CHECK(std::chrono::steady_clock::now() - start < 5s);
}
