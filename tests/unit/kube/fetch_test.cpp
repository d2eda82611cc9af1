// What pods may answer to those who ask them, and whom that delays.
#include "operator/kube/fetch.hpp"

#include <algorithm>
#include <deque>
#include <optional>
#include <thread>

#include "tests/support/catch.hpp"
#include "tests/support/heap.hpp"
#include "tests/support/scripted_server.hpp"

using namespace std::chrono_literals;
using support::ScriptedReply;
using support::ScriptedRequest;
using support::ScriptedServer;
using Clock = kube::Fetcher::Clock;

namespace {

ScriptedServer pod(ScriptedServer::Script script) {
  return ScriptedServer{std::move(script), ScriptedServer::Address::kIpv4, ScriptedServer::Scheme::kHttp};
}

/// Takes connections and requests, and never answers.
ScriptedServer silent_pod() {
  return pod([](const ScriptedRequest&, ScriptedReply& reply) { reply.hold(); });
}

/// Answers every request with this body.
ScriptedServer pod_with(std::string body) {
  return pod([body = std::move(body)](const ScriptedRequest&, ScriptedReply& reply) { reply.answer(200, body); });
}

/// Says this again and again, after these bytes, until the client has gone.
ScriptedServer endless_pod(std::string beginning, std::string words) {
  return pod(
      [beginning = std::move(beginning), words = std::move(words)](const ScriptedRequest&, ScriptedReply& reply) {
        for (bool more = reply.raw(beginning); more;) more = reply.raw(words);
      });
}

constexpr const char* kAnswerHead = "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n";

struct Got {
  std::string lines;  ///< each with a | after it
  std::string end;    ///< "ok", the kind of the failure, or empty while it lasts
  std::string message;
};

/// A fetcher, and what comes of what it is asked for.
class Asker {
 public:
  explicit Asker(const kube::FetchLimits& limits = {}) : fetcher_{limits} {}

  const Got& get(const std::string& url, const std::string& group = "n", const std::stop_token& stop = {}) {
    auto& got = got_.emplace_back();
    fetcher_.add({.group = group,
                  .url = url,
                  .stop = stop,
                  .on_line = [&got](std::string_view line) { got.lines.append(line).append("|"); },
                  .on_end =
                      [&got](const core::Result<void>& outcome) {
                        CHECK(got.end.empty());
                        got.end = outcome ? "ok" : core::error_kind_name(outcome.error().kind);
                        if (!outcome) got.message = outcome.error().message;
                      }});
    return got;
  }

  bool until(const std::function<bool()>& condition) {
    const auto end = Clock::now() + 20s;
    while (!condition()) {
      if (Clock::now() > end) return false;
      fetcher_.turn(Clock::now() + 20ms);
    }
    return true;
  }
  /// Until all that was asked for has ended.
  bool finish() {
    return until(
        [this] { return std::all_of(got_.begin(), got_.end(), [](const Got& got) { return !got.end.empty(); }); });
  }

  kube::Fetcher& fetcher() { return fetcher_; }

 private:
  std::deque<Got> got_;
  kube::Fetcher fetcher_;
};

}  // namespace

TEST_CASE("Each GET has its own outcome", "[unit][kube]") {
  const auto server = pod([](const ScriptedRequest& request, ScriptedReply& reply) {
    if (request.target == "/none") return reply.answer(404, "no such page\n");
    reply.answer(200, request.target == "/a" ? "first\n" : "second\nthird\n");
  });
  const auto silent = silent_pod();
  // Fewer at once than there are, too.
  const std::size_t at_once = GENERATE(1U, 2U, 64U);
  const std::size_t in_group = GENERATE(1U, 64U);
  Asker asker{{.timeout = 500ms, .at_once = at_once, .at_once_in_group = in_group}};
  const auto& a = asker.get(server.url() + "/a");
  const auto& unanswered = asker.get(silent.url());
  const auto& none = asker.get(server.url() + "/none");
  const auto& b = asker.get(server.url() + "/b", "another");
  const auto& refused = asker.get("http://127.0.0.1:1/");
  const auto& file = asker.get("file:///etc/passwd");
  REQUIRE(asker.finish());
  CHECK((a.end == "ok" && a.lines == "first|"));
  CHECK((b.end == "ok" && b.lines == "second|third|"));
  CHECK(unanswered.end == "timeout");
  CHECK((none.end == "unavailable" && none.lines.empty()));
  CHECK_THAT(none.message, Catch::Contains("/none: status 404"));
  CHECK(refused.end == "unavailable");
  CHECK((file.end == "unavailable" && file.lines.empty()));
}

TEST_CASE("Of a body that never ends, no more is held than a line", "[unit][kube]") {
  std::string words;
  while (words.size() < 64U << 10U) words += "# HELP nothing Nothing.\n";
  const auto server = endless_pod(kAnswerHead, words);
  std::size_t lines = 0;
  std::size_t most = 0;
  std::optional<core::Result<void>> outcome;
  const auto before = heap::in_use();
  kube::Fetcher fetcher{{.timeout = 60s, .max_body = 4U << 20U}};
  fetcher.add({.group = "n",
               .url = server.url(),
               .on_line =
                   [&](std::string_view) {
                     if (lines++ % 1'000 == 0) most = std::max(most, heap::in_use());
                   },
               .on_end = [&](const core::Result<void>& end) { outcome.emplace(end); }});
  for (const auto end = Clock::now() + 20s; !outcome && Clock::now() < end;) fetcher.turn(end);
  REQUIRE(outcome);
  REQUIRE_FALSE(*outcome);
  CHECK(outcome->error().kind == core::ErrorKind::kTooLarge);
  CHECK_THAT(outcome->error().message, Catch::Contains("a body of over 4194304 bytes"));
  CHECK(lines > 100'000);
  CHECK(most < before + (2U << 20U));
}

TEST_CASE("A line that never ends, or headers that do not, are not waited for", "[unit][kube]") {
  const std::string words(1'000, 'x');
  const auto line = endless_pod(std::string{kAnswerHead} + "first\n", words);
  const auto headers = endless_pod("HTTP/1.1 200 OK\r\n", "X-Words: " + words + "\r\n");
  const auto interim = endless_pod("", "HTTP/1.1 100 Continue\r\nX-Words: " + words + "\r\n\r\n");
  Asker asker{{.timeout = 60s}};
  const auto& long_line = asker.get(line.url());
  const auto& long_headers = asker.get(headers.url());
  const auto& long_interim = asker.get(interim.url());
  REQUIRE(asker.finish());
  CHECK((long_line.end == "too_large" && long_line.lines == "first|"));
  CHECK_THAT(long_line.message, Catch::Contains("a line of over 4096 bytes"));
  for (const auto* got : {&long_headers, &long_interim}) {
    CHECK(got->end == "too_large");
    CHECK_THAT(got->message, Catch::Contains("headers of over 16384 bytes"));
  }
}

TEST_CASE("Bytes that keep coming do not prolong a GET", "[unit][kube]") {
  const auto server = endless_pod(kAnswerHead, "x");
  Asker asker{{.timeout = 300ms, .max_line = 64U << 20U, .max_body = 64U << 20U}};
  const auto start = Clock::now();
  const auto& got = asker.get(server.url());
  REQUIRE(asker.finish());
  CHECK(got.end == "timeout");
  CHECK(Clock::now() - start < 10s);
}

TEST_CASE("A body that comes byte by byte has the same lines", "[unit][kube]") {
  const auto server = pod([](const ScriptedRequest&, ScriptedReply& reply) {
    reply.begin_stream();
    for (const char byte : std::string{"first\nsecond line\n"}) reply.raw({&byte, 1});
    reply.cut();
  });
  Asker asker;
  const auto& got = asker.get(server.url());
  REQUIRE(asker.finish());
  CHECK(got.end == "ok");
  CHECK(got.lines == "first|second line|");
}

TEST_CASE("A body that is cut off is no answer", "[unit][kube]") {
  const auto cut = [](const std::string& head) {
    return pod([head](const ScriptedRequest&, ScriptedReply& reply) {
      reply.raw(head + "first\nsec");
      reply.cut();
    });
  };
  const auto within_line = cut(kAnswerHead);
  const auto within_body = cut("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n");
  Asker asker;
  const auto& one = asker.get(within_line.url());
  const auto& other = asker.get(within_body.url());
  REQUIRE(asker.finish());
  CHECK((one.end == "malformed" && one.lines == "first|"));
  CHECK(other.end == "unavailable");
}

TEST_CASE("A group whose addresses are silent delays no other", "[unit][kube]") {
  const auto silent = silent_pod();
  const auto server = pod_with("first\n");
  Asker asker{{.timeout = 60s, .at_once = 4, .at_once_in_group = 2}};
  std::vector<const Got*> of_silent;
  std::vector<const Got*> of_others;
  for (int i = 0; i < 40; ++i) of_silent.push_back(&asker.get(silent.url(), "silent"));
  for (int i = 0; i < 20; ++i) of_others.push_back(&asker.get(server.url(), i % 2 == 0 ? "even" : "odd"));
  const auto has_ended = [](const Got* got) { return !got->end.empty(); };
  REQUIRE(asker.until([&] { return std::all_of(of_others.begin(), of_others.end(), has_ended); }));
  for (const auto* got : of_others) CHECK(got->lines == "first|");
  CHECK(std::none_of(of_silent.begin(), of_silent.end(), has_ended));
}

TEST_CASE("Only so many are asked at once, of all and of each group", "[unit][kube]") {
  const auto silent = silent_pod();
  const auto takes = [&](const kube::FetchLimits& limits, bool in_one_group) {
    Asker asker{limits};
    for (int i = 0; i < 4; ++i) asker.get(silent.url(), in_one_group ? "n" : std::to_string(i));
    const auto start = Clock::now();
    REQUIRE(asker.finish());
    return Clock::now() - start;
  };
  // Two after two, each of which lasts until its timeout.
  CHECK(takes({.timeout = 300ms, .at_once = 2, .at_once_in_group = 2}, false) > 590ms);
  CHECK(takes({.timeout = 300ms, .at_once = 64, .at_once_in_group = 2}, true) > 590ms);
}

TEST_CASE("Many that do not answer take no longer than one", "[unit][kube]") {
  const auto silent = silent_pod();
  Asker asker{{.timeout = 500ms, .at_once_in_group = 64}};
  std::vector<const Got*> all;
  for (int i = 0; i < 20; ++i) all.push_back(&asker.get(silent.url()));
  const auto start = Clock::now();
  REQUIRE(asker.finish());
  CHECK(Clock::now() - start < 5s);
  for (const auto* got : all) CHECK(got->end == "timeout");
}

TEST_CASE("What nobody wants any more is not begun", "[unit][kube]") {
  const auto server = pod_with("first\n");
  Asker asker;
  std::stop_source stop;
  stop.request_stop();
  const auto& unwanted = asker.get(server.url() + "/unwanted", "n", stop.get_token());
  const auto& wanted = asker.get(server.url() + "/wanted");
  REQUIRE(asker.finish());
  CHECK(unwanted.end == "cancelled");
  CHECK(wanted.end == "ok");
  for (const auto& request : server.requests()) CHECK(request.target == "/wanted");
}

TEST_CASE("What ends may ask for more", "[unit][kube]") {
  const auto server = pod_with("first\n");
  kube::Fetcher fetcher;
  int answers = 0;
  std::function<void(const core::Result<void>&)> again = [&](const core::Result<void>& outcome) {
    CHECK(outcome);
    if (++answers < 3)
      fetcher.add({.group = "n", .url = server.url(), .on_line = [](std::string_view) {}, .on_end = again});
  };
  again(core::Result<void>{});
  for (const auto end = Clock::now() + 20s; answers < 3 && Clock::now() < end;) fetcher.turn(end);
  CHECK(answers == 3);
}

TEST_CASE("A wake ends a wait at once, and one that comes too soon the next", "[unit][kube]") {
  const auto silent = silent_pod();
  Asker asker{{.timeout = 60s}};
  asker.get(silent.url());
  REQUIRE(asker.until([&] { return !silent.requests().empty(); }));
  const auto start = Clock::now();
  asker.fetcher().wake();
  asker.fetcher().turn(start + 60s);
  const std::jthread waker{[&] { asker.fetcher().wake(); }};
  asker.fetcher().turn(start + 60s);
  CHECK(Clock::now() - start < 30s);
}
