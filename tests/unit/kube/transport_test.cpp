// What an API server and the way to it may do to a request; of lists and watches: tests/unit/runtime/reflector_*.
#include "operator/kube/transport.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <semaphore>

#include <fmt/format.h>

#include "operator/kube/client.hpp"
#include "operator/kube/transfer_loop.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/folder.hpp"
#include "tests/support/scripted_server.hpp"

using core::ErrorKind;
using support::ScriptedReply;
using support::ScriptedRequest;
using support::ScriptedServer;

namespace {

constexpr const char* kEmpty = R"({"metadata": {"name": "a"}})";

kube::ClientConfig trusting(const ScriptedServer& server) { return {.server = server.url(), .ca = server.authority()}; }

}  // namespace

TEST_CASE("A conflict has three meanings", "[unit][kube]") {
  std::atomic<const char*> status;
  ScriptedServer server{[&](const ScriptedRequest&, ScriptedReply& reply) { reply.answer(409, status.load()); }};
  kube::Transport transport{trusting(server)};
  core::Metrics metrics;
  kube::Client client{transport, metrics};
  const kube::Object object{{{"metadata", {{"name", "a"}, {"namespace", "n"}}}}};
  status = R"({"kind": "Status", "reason": "AlreadyExists", "message": "secrets \"a\" already exists"})";
  CHECK(client.create(kube::types::kSecret, object, {}).error().kind == ErrorKind::kAlreadyExists);
  status = R"({"kind": "Status", "reason": "Conflict", "message": "the object has been modified"})";
  CHECK(client.patch(kube::types::kLease, {"n", "a"}, boost::json::object{}, {}).error().kind == ErrorKind::kConflict);
  status =
      R"({"kind": "Status", "reason": "Conflict", "message": "Apply failed with 1 conflict: conflict with \"kubectl\"",
      "details": {"causes": [{"reason": "FieldManagerConflict", "field": ".spec.replicas"}]}})";
  const auto applied = client.apply(kube::types::kDeployment, object, {});
  CHECK(applied.error().kind == ErrorKind::kConflict);
  CHECK_THAT(applied.error().message, Catch::Contains("conflict with \"kubectl\""));
}

TEST_CASE("A POST that may have been carried out is not repeated", "[unit][kube]") {
  ScriptedServer server{[](const ScriptedRequest& request, ScriptedReply& reply) {
    if (request.method == "POST") return reply.cut();
    reply.answer(200, kEmpty);
  }};
  kube::Transport transport{trusting(server)};
  // A connection that was used before and is closed is what libraries try again.
  REQUIRE(transport.send({.target = "/first"}, {}));
  const auto outcome =
      transport.send({.method = "POST", .target = "/second", .content_type = "application/json", .body = "{}"}, {});
  REQUIRE_FALSE(outcome);
  CHECK(outcome.error().kind == ErrorKind::kUnavailable);
  const auto requests = server.requests();
  CHECK(std::count_if(requests.begin(), requests.end(), [](const auto& request) { return request.method == "POST"; }) ==
        1);
}

TEST_CASE("What a worker asks one after the other costs one handshake, refusals included", "[unit][kube]") {
  ScriptedServer server{[](const ScriptedRequest& request, ScriptedReply& reply) {
    if (request.method == "GET") return reply.answer(404, R"({"kind": "Status", "reason": "NotFound"})");
    if (request.method == "POST") return reply.answer(409, R"({"kind": "Status", "reason": "AlreadyExists"})");
    reply.answer(200, kEmpty);
  }};
  kube::Transport transport{trusting(server)};
  core::Metrics metrics;
  kube::Client client{transport, metrics};
  const kube::Object object{
      {{"metadata", {{"name", "a"}, {"namespace", "n"}, {"uid", "u"}}}, {"status", {{"replicas", 1}}}}};
  for (int i = 0; i < 5; ++i) {
    CHECK(client.apply(kube::types::kService, object, {}));
    CHECK_FALSE(client.create(kube::types::kSecret, object, {}));
    CHECK_FALSE(client.get(kube::types::kSecret, {"n", "a"}, {}));
    CHECK(client.replace_status(kube::types::kDeployment, object, {}));
  }
  for (const auto& request : server.requests()) CHECK(request.connection == 1);
}

TEST_CASE("A token that was rotated is used as soon as the old one is refused", "[unit][kube]") {
  const support::Folder files;
  files.write("token", "one");
  std::atomic<bool> rotated = false;
  ScriptedServer server{[&](const ScriptedRequest& request, ScriptedReply& reply) {
    const auto wanted = rotated ? "Bearer two" : "Bearer one";
    reply.answer(request.headers.at("authorization") == wanted ? 200 : 401, kEmpty);
  }};
  auto config = trusting(server);
  config.token_file = files.path() / "token";
  kube::Transport transport{config};
  CHECK(transport.send({.target = "/"}, {})->status == 200);
  files.write("token", "two");
  rotated = true;
  CHECK(transport.send({.target = "/"}, {})->status == 401);
  CHECK(transport.send({.target = "/"}, {})->status == 200);
  files.remove("token");
  CHECK(transport.send({.target = "/"}, {})->status == 200);
  rotated = false;
  CHECK(transport.send({.target = "/"}, {})->status == 401);
  CHECK(transport.send({.target = "/"}, {})->status == 401);  // the last good token, as there is no other
}

TEST_CASE("A CA that has changed is trusted as soon as the old one fails", "[unit][kube]") {
  ScriptedServer server{
      [](const ScriptedRequest&, ScriptedReply& reply) { reply.answer(200, kEmpty, "Connection: close\r\n"); }};
  const support::Folder files;
  kube::Transport transport{{.server = server.url(), .ca_file = files.write("ca.crt", server.authority())}};
  CHECK(transport.send({.target = "/"}, {})->status == 200);
  server.change_authority();
  const auto refused = transport.send({.target = "/"}, {});
  REQUIRE_FALSE(refused);
  CHECK_THAT(refused.error().message, Catch::Contains("certificate"));
  files.write("ca.crt", server.authority());
  CHECK(transport.send({.target = "/"}, {})->status == 200);
}

TEST_CASE("A server is found by an IPv6 address, and known by another name than that of its address", "[unit][kube]") {
  const auto address = GENERATE(ScriptedServer::Address::kIpv4, ScriptedServer::Address::kIpv6);
  ScriptedServer server{[](const ScriptedRequest&, ScriptedReply& reply) { reply.answer(200, kEmpty); }, address};
  auto config = trusting(server);
  CHECK(kube::Transport{config}.send({.target = "/"}, {})->status == 200);
  config.tls_server_name = "api.example";
  CHECK(kube::Transport{config}.send({.target = "/"}, {})->status == 200);
  config.tls_server_name = "other.example";
  const auto refused = kube::Transport{config}.send({.target = "/"}, {});
  REQUIRE_FALSE(refused);
  CHECK_THAT(refused.error().message, Catch::Contains("other.example"));
}

TEST_CASE("An answer that is cut off, or none, is unavailable; one that is no JSON is malformed", "[unit][kube]") {
  std::atomic<const char*> asked;
  ScriptedServer server{[&](const ScriptedRequest&, ScriptedReply& reply) {
    const std::string_view what = asked.load();
    if (what == "cut head") reply.raw("HTTP/1.1 200 OK\r\nContent-Le");
    if (what == "cut body") reply.raw("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"metadata\"");
    if (what == "text") return reply.answer(200, "Hello.");
    if (what == "list") return reply.answer(200, "[1, 2]");
    if (what == "no HTTP") reply.raw("SSH-2.0-OpenSSH\r\n");
    reply.cut();
  }};
  kube::Transport transport{trusting(server)};
  core::Metrics metrics;
  kube::Client client{transport, metrics};
  const auto kind_of = [&](const char* wanted) {
    asked = wanted;
    return client.get(kube::types::kService, {"n", "a"}, {}).error().kind;
  };
  CHECK(kind_of("cut head") == ErrorKind::kMalformed);  // curl takes it for an answer without a body
  CHECK(kind_of("cut body") == ErrorKind::kUnavailable);
  CHECK(kind_of("nothing") == ErrorKind::kUnavailable);
  CHECK(kind_of("no HTTP") == ErrorKind::kUnavailable);
  CHECK(kind_of("text") == ErrorKind::kMalformed);
  CHECK(kind_of("list") == ErrorKind::kMalformed);
}

TEST_CASE("News in small pieces is handed over a few pieces at a time, and all of it", "[unit][kube]") {
  static constexpr int kPieces = 200;
  std::chrono::steady_clock::time_point began;
  ScriptedServer server{[&](const ScriptedRequest&, ScriptedReply& reply) {
    began = std::chrono::steady_clock::now();
    reply.begin_stream();
    for (int i = 0; i < kPieces; ++i) reply.raw("0123456789");
    reply.cut();
  }};
  kube::Transport transport{trusting(server)};
  std::counting_semaphore<> changed{0};
  int changes = 0;
  auto exchange = transport.begin({.target = "/"}, kube::Delivery::kInPieces,
                                  [&] {
                                    ++changes;
                                    changed.release();
                                  },
                                  {});
  REQUIRE(exchange);
  std::string received;
  std::optional<core::Result<kube::HttpResponse>> ended;
  while (!ended) {
    REQUIRE(changed.try_acquire_for(std::chrono::seconds{10}));
    ended = (*exchange)->take([&](std::string_view bytes) {
      received += bytes;
      return true;
    });
  }
  const auto took = std::chrono::steady_clock::now() - began;
  CHECK(received.size() == 10 * kPieces);
  CHECK(changes <= 3 + took / kube::TransferLoop::kRest);  // the first one, each rest, what is left, and the end
}
