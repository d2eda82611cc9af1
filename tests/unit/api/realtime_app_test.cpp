#include "operator/api/v1alpha1/realtime_app.hpp"

#include <set>

#include "core/utf8.hpp"
#include "operator/api/v1alpha1/conditions.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/json.hpp"
#include "tests/support/yaml_object.hpp"

TEST_CASE("The example's manifest is read as it is meant", "[unit][api]") {
  const auto [app, problem] = api::decode(support::from_yaml_file("examples/flask-socketio/realtimeapp.yaml"));
  CHECK(problem.empty());
  CHECK(app.key.name == "chat");
  CHECK(app.spec.replicas == 3);
  CHECK(app.spec.redis.type == api::RedisType::kProvisioned);
  CHECK(app.spec.exposure.type == api::ExposureType::kIngress);
  CHECK(app.spec.exposure.class_name == "traefik");
  CHECK(app.spec.exposure.affinity == api::Affinity::kCookie);
}

TEST_CASE("The bundled server's example is read as it is meant", "[unit][api]") {
  const auto [app, problem] = api::decode(support::from_yaml_file("examples/echo.yaml"));
  CHECK(problem.empty());
  CHECK((app.key.name == "chat" && app.spec.replicas == 3 && app.spec.exposure.class_name == "traefik"));
  REQUIRE(app.spec.server);
  const auto& actions = app.spec.server->namespaces.at("/").events.at("message");
  CHECK(actions == std::vector<api::Action>{{api::ActionType::kBroadcast, "response", {R"({"echo":"$1"})"}}});
}

TEST_CASE("Every field of a manifest is read", "[unit][api]") {
  const auto [app, problem] = api::decode(support::from_yaml(R"(
metadata: {name: a, namespace: n, uid: u, generation: 4, deletionTimestamp: "2006-01-02T15:04:05Z"}
spec:
  replicas: 2
  app:
    image: i
    imagePullPolicy: Always
    imagePullSecrets: [{name: s}]
    command: [c]
    args: [d, e]
    port: 81
    env:
      - {name: A, value: "1"}
      - {name: B, valueFrom: {secretKeyRef: {name: s, key: k, optional: true}}}
      - {name: C, valueFrom: {configMapKeyRef: {name: m, key: k}}}
    envFrom: [{prefix: P_, secretRef: {name: s}}, {configMapRef: {name: m, optional: false}}]
    resources: {requests: {cpu: 1, memory: 1Gi}, limits: {cpu: "2"}}
  protocol: {path: /ws/}
  drain: {deadline: 1m30s}
  redis:
    type: Provisioned
    provisioned: {image: r, persistence: AppendOnly, storage: 2Gi, storageClassName: c, retention: Delete}
  exposure:
    type: Ingress
    className: t
    host: h.example
    paths: [/a, /b]
    affinity: None
    sameSite: None
    tls: {secretName: cert}
    annotations: {x: "y"}
)"));
  CHECK(problem.empty());
  CHECK((app.uid == "u" && app.generation == 4 && app.deleting));
  const auto& spec = app.spec;
  CHECK((spec.app.image == "i" && spec.app.image_pull_policy == "Always" && spec.app.port == 81));
  CHECK(spec.app.image_pull_secrets == std::vector<std::string>{"s"});
  CHECK(spec.app.args == std::vector<std::string>{"d", "e"});
  REQUIRE(spec.app.env.size() == 3);
  CHECK(spec.app.env[1].secret_key == kube::KeyRef{"s", "k", true});
  CHECK(spec.app.env[2].config_map_key == kube::KeyRef{"m", "k", std::nullopt});
  CHECK(spec.app.env_from == std::vector<kube::EnvFrom>{{"P_", true, "s", std::nullopt}, {"", false, "m", false}});
  CHECK(spec.app.resources->requests == kube::Quantities{{"cpu", "1"}, {"memory", "1Gi"}});
  CHECK_FALSE(spec.server);
  CHECK((spec.protocol.path == "/ws/" && spec.drain.deadline == std::chrono::seconds{90}));
  CHECK((spec.redis.persistence == api::Persistence::kAppendOnly && spec.redis.retention == api::Retention::kDelete));
  CHECK((spec.redis.storage == "2Gi" && spec.redis.storage_class_name == "c" && spec.redis.image == "r"));
  CHECK(spec.exposure.paths == std::vector<std::string>{"/a", "/b"});
  CHECK((spec.exposure.affinity == api::Affinity::kNone && spec.exposure.tls_secret_name == "cert"));
  CHECK(spec.exposure.same_site == api::SameSite::kNone);
}

TEST_CASE("All that is wrong in a manifest is named at once, each with its path", "[unit][api]") {
  const auto [app, problem] = api::decode(support::from_yaml(R"(
metadata: {name: a, namespace: n, generation: 2}
spec:
  replicas: many
  app: {env: {}, args: [1], port: 99999999999, imagePullSecrets: [x]}
  protocol: {pingInterval: soon}
  redis: {type: Shared}
  exposure: []
)"));
  CHECK(app.generation == 2);
  for (const char* words :
       {"spec.replicas is no whole number", "spec.app.env is no list", "spec.app.args has an entry that is no text",
        "spec.app.port is no whole number", "spec.app.imagePullSecrets[0] is no mapping",
        "spec.protocol.pingInterval is no duration in whole milliseconds",
        "spec.redis.type is \"Shared\", which is none of Provisioned, None", "spec.exposure is no mapping",
        "spec.app.image is missing"})
    CHECK_THAT(problem, Catch::Contains(words));
}

TEST_CASE("Fewer replicas than none are refused, also if another CRD of that name lets them through", "[unit][api]") {
  const auto decoded =
      api::decode(support::from_yaml("{metadata: {name: a, namespace: n}, spec: {replicas: -3, app: {image: i}}}"));
  CHECK(decoded.problem == "spec.replicas is negative; set it to 0 or more");
}

TEST_CASE("A status is read back as it was written", "[unit][api]") {
  api::RealtimeApp app;
  app.key = {"n", "a"};
  app.uid = "uid-of-a";
  api::RealtimeAppStatus status;
  status.observed_generation = 3;
  status.replicas = 3;
  status.ready_replicas = 2;
  status.replicas_summary = "2/3";
  status.connections = 12;
  status.selector = "a=b";
  status.url = "http://h/";
  status.server = {"realtime-server:2", "realtime-server:1"};
  status.redis_endpoint = "r:6379";
  status.redis = {"redis:8", "redis:7"};
  status.applied_digest = "ba7816bf8f01cfea414140de5dae2223";
  status.conditions = {{"Ready", "False", "ReplicasNotReady", "m", 3, "2006-01-02T15:04:05Z"}};
  const auto encoded = api::encode_status(app, status);
  CHECK(api::decode(encoded).app.status == status);
  CHECK(encoded.name() == "a");
  CHECK(encoded.uid() == app.uid);  // another app of the name is not spoken of
  CHECK_FALSE(support::json_of(encoded).contains("spec"));
}

TEST_CASE("A message of any bytes and length is written as UTF-8 of a length that the CRD takes", "[unit][api]") {
  const std::string before(GENERATE(0U, 1U, 2U, 3U), 'x');
  const std::string part = GENERATE(as<std::string>{}, "\u00e9", "\u8a9e", "\U0001f680", "\xff", "\xe2\x82");
  auto message = before;
  while (message.size() < 40'000) message += part;
  api::RealtimeAppStatus status;
  status.conditions = {{"Ready", "False", "ReplicasNotReady", message, 3, "2006-01-02T15:04:05Z"}};
  const auto encoded = api::encode_status({}, status);
  const auto& conditions = kube::list_at(encoded.json(), {"status", "conditions"});
  REQUIRE(conditions.size() == 1);
  const auto written = kube::value_at<std::string>(conditions[0], {"message"});
  CHECK(core::is_utf8(written));
  CHECK(written.starts_with(before));
  CHECK((written.size() <= 32'768 && written.size() > 32'768 - 4));
}

TEST_CASE("The catalogues of conditions, reasons and events have no doubles", "[unit][api]") {
  const auto distinct = [](const auto& all) {
    return std::set<std::string_view>(all.begin(), all.end()).size() == all.size();
  };
  CHECK(distinct(api::condition::kAll));
  CHECK(distinct(api::reason::kAll));
  CHECK(distinct(api::event_reason::kAll));
}
