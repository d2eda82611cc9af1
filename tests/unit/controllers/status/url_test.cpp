#include "operator/api/v1alpha1/conditions.hpp"
#include "operator/controllers/realtimeapp/status/status.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/sample_app.hpp"

TEST_CASE("Of several paths the URL has one above that of the protocol, where the page is", "[unit][controllers]") {
  struct Case {
    std::string protocol_path;
    std::vector<std::string> paths;
    std::string url;
  };
  const std::vector<Case> cases{{"/chat/socket.io/", {"/api", "/chat"}, "/chat"},
                                {"/chat/socket.io/", {"/socket.io", "/chats", "/chat/"}, "/chat/"},
                                {"/chat/socket.io/", {"/chat/socket.io", "/chat"}, "/chat"},
                                {"/chat/socket.io/", {"/chat", "/"}, "/chat"},
                                {"/chat/socket.io", {"/chat/socket.io/", "/"}, "/"},
                                {"/a/b/c/", {"/a/c", "/a/b"}, "/a/b"},
                                {"/socket.io/", {"/socket.io/", "/"}, "/"},
                                {"/socket.io/", {"/chat", "/socket.io", "/socket.io/"}, "/socket.io"},
                                {"/", {"/chat", "/"}, "/"}};
  auto app = support::sample_app();
  auto observed = support::healthy_observed();
  for (const auto& [protocol_path, paths, url] : cases) {
    INFO(protocol_path << ": " << url);
    app.spec.protocol.path = protocol_path;
    app.spec.exposure.paths = paths;
    observed.children.at({"Ingress", "chat"}).ingress = support::serving(paths);
    const auto status = support::assess(app, observed);
    REQUIRE(status.condition(api::condition::kExposureReady) != nullptr);
    CHECK(status.condition(api::condition::kExposureReady)->status == "True");
    CHECK(status.url == "http://10.0.0.1" + url);
  }
}

TEST_CASE("An address is given up when its Ingress is gone, not before", "[unit][controllers]") {
  auto app = support::sample_app();
  app.spec.exposure = {};
  app.status.addresses = {{"traefik", "", "/", "2006-01-02T15:04:05Z"}};
  auto observed = support::healthy_observed();
  CHECK(support::assess(app, observed).addresses == app.status.addresses);
  observed.children.erase({"Ingress", "chat"});
  CHECK(support::assess(app, observed).addresses.empty());
}
