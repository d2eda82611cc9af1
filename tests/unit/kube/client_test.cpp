#include "operator/kube/client.hpp"

#include <atomic>
#include <memory>
#include <semaphore>

#include "tests/support/catch.hpp"
#include "tests/support/json.hpp"

using core::ErrorKind;

namespace {

/// Keeps the body of the last request, and answers with an empty object.
class Recorder final : public kube::Transport {
 public:
  using Transport::Transport;

  core::Result<kube::HttpResponse> send(kube::HttpRequest request, const std::stop_token& /*stop*/) override {
    body = std::move(request.body);
    return kube::HttpResponse{200, "{}", std::nullopt};
  }

  std::string body;
};

}  // namespace

TEST_CASE("Answers of the API server become kinds of errors", "[unit][kube]") {
  const auto kind = [](long status, const char* body) { return kube::error_from(status, body, std::nullopt).kind; };
  CHECK(kind(400, "") == ErrorKind::kInvalidObject);
  CHECK(kind(401, "") == ErrorKind::kUnauthorized);
  CHECK(kind(403, "") == ErrorKind::kForbidden);
  CHECK(kind(404, "") == ErrorKind::kNotFound);
  CHECK(kind(409, R"({"reason":"AlreadyExists"})") == ErrorKind::kAlreadyExists);
  CHECK(kind(409, R"({"reason":"Conflict"})") == ErrorKind::kConflict);
  CHECK(kind(410, "") == ErrorKind::kGone);
  CHECK(kind(422, "") == ErrorKind::kInvalidObject);
  CHECK(kind(429, "") == ErrorKind::kTooManyRequests);
  CHECK(kind(500, "") == ErrorKind::kUnavailable);
  CHECK(kind(504, "") == ErrorKind::kTimeout);
  CHECK(kind(302, "") == ErrorKind::kMalformed);
}

TEST_CASE("An error says what the server said, and how long to wait", "[unit][kube]") {
  const auto told = kube::error_from(429, R"({"message":"slow down","details":{"retryAfterSeconds":7}})", std::nullopt);
  CHECK(told.message == "slow down (HTTP 429)");
  CHECK(told.retry_after == std::chrono::seconds{7});
  const auto header = kube::error_from(503, "{}", std::chrono::seconds{2});
  CHECK(header.retry_after == std::chrono::seconds{2});
  CHECK_FALSE(kube::error_from(503, "{}", std::chrono::seconds{0}).retry_after);
  CHECK_FALSE(kube::error_from(503, "{}", std::nullopt).retry_after);
  // Nobody stays blind for an hour because of one bad minute.
  CHECK(kube::error_from(503, "{}", std::chrono::hours{1}).retry_after == kube::kMaxRetryAfter);
  const auto endless = R"({"details":{"retryAfterSeconds":9223372036854775807}})";
  CHECK(kube::error_from(429, endless, std::nullopt).retry_after == kube::kMaxRetryAfter);
  const auto page = kube::error_from(502, std::string(10'000, '<'), std::nullopt);
  CHECK(page.message.size() < 600);
}

TEST_CASE("Resource paths follow the API's layout", "[unit][kube]") {
  CHECK(kube::types::kSecret.path("ns", "s") == "/api/v1/namespaces/ns/secrets/s");
  CHECK(kube::types::kDeployment.path("") == "/apis/apps/v1/deployments");
  CHECK(kube::types::kIngressClass.path("ignored", "c") == "/apis/networking.k8s.io/v1/ingressclasses/c");
}

TEST_CASE("A server that does not answer is unavailable, and a stopped request is cancelled", "[unit][kube]") {
  kube::ClientConfig config;
  config.server = "http://127.0.0.1:1";
  kube::Transport transport{config};
  const auto refused = transport.send({.target = "/"}, {});
  REQUIRE_FALSE(refused);
  CHECK(refused.error().kind == ErrorKind::kUnavailable);
  std::stop_source stop;
  stop.request_stop();
  const auto stopped = transport.send({.target = "/"}, stop.get_token());
  REQUIRE_FALSE(stopped);
  CHECK(stopped.error().kind == ErrorKind::kCancelled);
}

TEST_CASE("What YAML has no place for is escaped in an apply, and nothing else", "[unit][kube]") {
  kube::ClientConfig config;
  config.server = "http://127.0.0.1:1";
  Recorder transport{config};
  core::Metrics metrics;
  kube::Client client{transport, metrics};
  const auto text = GENERATE(as<std::string>{}, "a\x7fz", "\u0080", "\u0085", "\u009f\u00a0", "a \u2028\u2029",
                             "\ufeff", "\ufffd\ufffe\uffff", "\U0001F600", "é中\n\"\\", "");
  const nlohmann::json object{{"metadata", {{"name", "n"}, {"annotations", {{"a", text}}}}}};
  REQUIRE(client.apply(kube::types::kService, support::object_of(object), {}));
  CHECK(nlohmann::json::parse(transport.body) == object);
  for (const char* raw : {"\x7f", "\u0080", "\u0085", "\u009f", "\u2028", "\u2029", "\ufeff", "\ufffe", "\uffff"})
    CHECK(transport.body.find(raw) == std::string::npos);
  for (const char* kept : {"\u00a0", "\ufffd", "\U0001F600", "é中"})
    CHECK((text.find(kept) == std::string::npos) == (transport.body.find(kept) == std::string::npos));
}

TEST_CASE("Nobody waits for a request that is begun, and what is destroyed is cancelled", "[unit][kube]") {
  kube::ClientConfig config;
  config.server = "http://127.0.0.1:1";
  kube::Transport transport{config};
  std::counting_semaphore<> changed{0};
  const auto begun = transport.begin({.target = "/"}, kube::Delivery::kInPieces, [&] { changed.release(); }, {});
  REQUIRE(begun);
  REQUIRE(changed.try_acquire_for(std::chrono::seconds{10}));
  const auto refused = (*begun)->take([](std::string_view) { return true; });
  REQUIRE(refused);
  REQUIRE_FALSE(*refused);
  CHECK(refused->error().kind == ErrorKind::kUnavailable);
  // Under AddressSanitizer this would show that it is called after its end.
  for (int i = 0; i < 100; ++i) {
    const auto counter = std::make_unique<std::atomic<int>>();
    REQUIRE(transport.begin({.target = "/"}, kube::Delivery::kWhole, [&counter] { ++*counter; }, {}));
  }
}
