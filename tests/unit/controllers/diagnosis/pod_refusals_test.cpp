// Which of a StatefulSet's Events says why it has no pod.
#include "operator/controllers/realtimeapp/diagnosis/pod_refusals.hpp"

#include "tests/support/catch.hpp"
#include "tests/support/scripted_server.hpp"

using core::ErrorKind;
using support::ScriptedReply;
using support::ScriptedRequest;

TEST_CASE("The cause is what is said after the pod's name", "[unit][controllers]") {
  CHECK(controllers::refusal_in(R"(pods "chat-redis-0" is forbidden: exceeded quota: few, requested: pods=1)") ==
        "exceeded quota: few, requested: pods=1");
  CHECK(controllers::refusal_in("admission webhook \"x\" denied the request") ==
        "admission webhook \"x\" denied the request");
}

TEST_CASE("The latest Event of that very StatefulSet tells why it has no pod", "[unit][controllers]") {
  std::atomic<int> status = 200;
  std::atomic<const char*> body = "";
  support::ScriptedServer server{
      [&](const ScriptedRequest&, ScriptedReply& reply) { reply.answer(status, body.load()); }};
  core::Metrics metrics;
  kube::Transport transport{{.server = server.url(), .ca = server.authority()}};
  kube::Client client{transport, metrics};
  const auto look = [&] { return controllers::find_pod_refusal(client, {"ns", "chat-redis"}, "uid-1", {}); };
  body = R"({"metadata": {}, "items": [
    {"note": "x is forbidden: the first", "deprecatedLastTimestamp": "2026-01-01T00:00:05Z"},
    {"note": "x is forbidden: the last", "deprecatedLastTimestamp": "2026-01-01T00:10:00Z"},
    {"note": "x is forbidden: the second", "deprecatedLastTimestamp": "2026-01-01T00:00:07Z"}]})";
  CHECK(look() == "the last");
  CHECK_THAT(server.requests().at(0).target,
             Catch::StartsWith("/apis/events.k8s.io/v1/namespaces/ns/events?") &&
                 Catch::Contains("fieldSelector=reason%3DFailedCreate%2Cregarding.uid%3Duid-1"));
  body = R"({"metadata": {}, "items": []})";
  CHECK(look() == "");
  // Of an older chart, which does not give the right.
  status = 403;
  CHECK(look() == "");
  status = 429;
  REQUIRE_FALSE(look());
  CHECK(look().error().kind == ErrorKind::kTooManyRequests);
}
