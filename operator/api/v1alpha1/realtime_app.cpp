#include "operator/api/v1alpha1/realtime_app.hpp"

#include <utility>

#include <fmt/format.h>

#include "core/utf8.hpp"
#include "operator/api/v1alpha1/field_reader.hpp"
#include "operator/api/v1alpha1/spec_readers.hpp"

namespace api {
namespace {

constexpr Named<RedisType> kRedisTypes[] = {{"Provisioned", RedisType::kProvisioned}, {"None", RedisType::kNone}};
constexpr Named<Persistence> kPersistences[] = {{"None", Persistence::kNone}, {"AppendOnly", Persistence::kAppendOnly}};
constexpr Named<Retention> kRetentions[] = {{"Retain", Retention::kRetain}, {"Delete", Retention::kDelete}};
constexpr Named<ExposureType> kExposureTypes[] = {{"Ingress", ExposureType::kIngress}, {"None", ExposureType::kNone}};
constexpr Named<SameSite> kSameSites[] = {{"Lax", SameSite::kLax}, {"None", SameSite::kNone}};
constexpr Named<Affinity> kAffinities[] = {{"Cookie", Affinity::kCookie}, {"None", Affinity::kNone}};

using kube::EnvFrom;
using kube::EnvVar;
using kube::KeyRef;

std::optional<KeyRef> read_key_ref(const FieldReader& source, const char* field) {
  if (!source.has(field)) return std::nullopt;
  const auto reference = source.child(field);
  return KeyRef{reference.text("name"), reference.text("key"), reference.optional_flag("optional")};
}

EnvVar read_env(const FieldReader& variable) {
  const auto source = variable.child("valueFrom");
  return {variable.text("name"), variable.text("value"), read_key_ref(source, "secretKeyRef"),
          read_key_ref(source, "configMapKeyRef"), ""};
}

EnvFrom read_env_from(const FieldReader& source) {
  const bool is_secret = source.has("secretRef");
  const auto reference = source.child(is_secret ? "secretRef" : "configMapRef");
  return {source.text("prefix"), is_secret, reference.text("name"), reference.optional_flag("optional")};
}

AppSpec read_app(const FieldReader& app) {
  AppSpec spec;
  spec.image = app.text("image");
  spec.image_pull_policy = app.text("imagePullPolicy");
  spec.image_pull_secrets = read_pull_secrets(app);
  spec.command = app.texts("command");
  spec.args = app.texts("args");
  spec.port = app.number("port", spec.port);
  for (const auto& variable : app.children("env")) spec.env.push_back(read_env(variable));
  for (const auto& source : app.children("envFrom")) spec.env_from.push_back(read_env_from(source));
  spec.resources = read_resources(app.child("resources"));
  return spec;
}

RedisSpec read_redis(const FieldReader& redis) {
  RedisSpec spec;
  spec.type = redis.choice("type", kRedisTypes, spec.type);
  const auto provisioned = redis.child("provisioned");
  spec.image = provisioned.text("image");
  spec.persistence = provisioned.choice("persistence", kPersistences, spec.persistence);
  spec.storage = provisioned.text_or_number("storage", spec.storage);
  spec.storage_class_name = provisioned.text("storageClassName");
  spec.retention = provisioned.choice("retention", kRetentions, spec.retention);
  spec.resources = read_resources(provisioned.child("resources"));
  spec.channel = {redis.text("channel"), redis.optional_flag("acceptPickles")};
  return spec;
}

ExposureSpec read_exposure(const FieldReader& exposure) {
  ExposureSpec spec;
  spec.type = exposure.choice("type", kExposureTypes, spec.type);
  spec.class_name = exposure.text("className");
  spec.host = exposure.text("host");
  if (exposure.has("paths")) spec.paths = exposure.texts("paths");
  spec.affinity = exposure.choice("affinity", kAffinities, spec.affinity);
  if (exposure.has("sameSite")) spec.same_site = exposure.choice("sameSite", kSameSites, SameSite::kLax);
  spec.tls_secret_name = exposure.child("tls").text("secretName");
  spec.annotations = exposure.texts_by_name("annotations");
  return spec;
}

RealtimeAppStatus read_status(const FieldReader& status) {
  RealtimeAppStatus read;
  read.observed_generation = status.number<std::int64_t>("observedGeneration", 0);
  read.replicas = status.number("replicas", 0);
  read.ready_replicas = status.number("readyReplicas", 0);
  read.replicas_summary = status.text("replicasSummary");
  read.connections = status.optional_number("connections");
  read.selector = status.text("selector");
  read.url = status.text("url");
  for (const auto& address : status.child("exposure").children("addresses"))
    read.addresses.push_back(
        {address.text("className"), address.text("host"), address.text("path"), address.text("since")});
  read.affinity_cookie = status.child("exposure").text("affinityCookie");
  read.server = {status.child("server").text("image"), status.child("server").text("defaultImage")};
  read.redis_endpoint = status.child("redis").text("endpoint");
  read.redis = {status.child("redis").text("image"), status.child("redis").text("defaultImage")};
  read.applied_digest = status.text("appliedDigest");
  for (const auto& condition : status.children("conditions"))
    read.conditions.push_back({condition.text("type"), condition.text("status"), condition.text("reason"),
                               condition.text("message"), condition.number<std::int64_t>("observedGeneration", 0),
                               condition.text("lastTransitionTime")});
  return read;
}

/// The parts of an object that are decoded, as values in `memory`.
kube::Json decoded_parts(const kube::ObjectView& object, const boost::json::storage_ptr& memory) {
  boost::json::object parts(memory);
  for (const auto name : {"spec", "status"})
    if (const auto part = object.json().find(name); !part.is_nothing()) parts.emplace(name, part.to_json(memory));
  return parts;
}

}  // namespace

const Condition* RealtimeAppStatus::condition(std::string_view type) const {
  for (const auto& candidate : conditions)
    if (candidate.type == type) return &candidate;
  return nullptr;
}

DecodedApp decode(const kube::ObjectView& object) {
  boost::json::monotonic_resource memory;
  const auto parts = decoded_parts(object, &memory);
  FieldErrors errors;
  RealtimeApp app;
  app.key = object.key();
  app.uid = object.uid();
  app.generation = object.generation();
  app.created = object.metadata().find("creationTimestamp").text();
  app.deleting = object.deleting();
  std::string text;
  if (const auto* whole = kube::find(parts, "spec")) text = kube::text_of(*whole);
  if (!text.empty()) app.spec_digest = core::fingerprint(text);
  const FieldReader root{parts, "", errors};
  const auto spec = root.child("spec");
  app.spec.replicas = spec.number("replicas", app.spec.replicas);
  // The CRD has no such object, but another CRD of that name might.
  if (app.spec.replicas < 0) errors.add("spec.replicas", "is negative; set it to 0 or more");
  if (spec.has("server")) app.spec.server = read_server(spec.child("server"));
  app.spec.app = read_app(spec.child("app"));
  app.spec.protocol = read_protocol(spec.child("protocol"));
  app.spec.drain = read_drain(spec.child("drain"));
  app.spec.redis = read_redis(spec.child("redis"));
  app.spec.exposure = read_exposure(spec.child("exposure"));
  if (spec.has("server") == spec.has("app"))
    errors.add("spec", "has both or neither of server and app; set exactly one of them");
  else if (!app.spec.server && app.spec.app.image.empty())
    errors.add("spec.app.image", "is missing; name the container image to run");
  if (app.spec.server && text.size() > kSmallSpecBytes && errors.text().empty())
    if (const auto problem =
            configuration_problem(*app.spec.server, app.spec.protocol, app.spec.drain, app.spec.redis.channel);
        !problem.empty())
      errors.add("spec.server.namespaces", problem);
  FieldErrors unimportant;  // a status that cannot be read is written again
  app.status = read_status(FieldReader{parts, "", unimportant}.child("status"));
  return {std::move(app), errors.text()};
}

kube::Object encode_status(const RealtimeApp& app, const RealtimeAppStatus& status) {
  boost::json::array conditions;
  // The schema counts characters, of which none is shorter than a byte.
  for (const auto& condition : status.conditions)
    conditions.push_back({{"type", condition.type},
                          {"status", condition.status},
                          {"reason", condition.reason},
                          {"message", core::utf8_prefix(condition.message.text(), kMaxMessageBytes)},
                          {"observedGeneration", condition.observed_generation},
                          {"lastTransitionTime", condition.last_transition_time}});
  boost::json::object encoded{{"observedGeneration", status.observed_generation},
                              {"replicas", status.replicas},
                              {"readyReplicas", status.ready_replicas},
                              {"replicasSummary", status.replicas_summary},
                              {"selector", status.selector},
                              {"conditions", std::move(conditions)}};
  if (status.connections) encoded["connections"] = *status.connections;
  if (!status.url.empty()) encoded["url"] = status.url;
  boost::json::array addresses;
  for (const auto& address : status.addresses) {
    boost::json::object held{{"className", address.class_name}, {"path", address.path}, {"since", address.since}};
    if (!address.host.empty()) held["host"] = address.host;
    addresses.push_back(std::move(held));
  }
  boost::json::object exposure;
  if (!status.affinity_cookie.empty()) exposure["affinityCookie"] = status.affinity_cookie.text();
  if (!addresses.empty()) exposure["addresses"] = std::move(addresses);
  if (!exposure.empty()) encoded["exposure"] = std::move(exposure);
  if (!status.applied_digest.empty()) encoded["appliedDigest"] = status.applied_digest;
  if (!status.server.image.empty())
    encoded["server"] = {{"image", status.server.image}, {"defaultImage", status.server.default_image}};
  if (!status.redis_endpoint.empty())
    encoded["redis"] = {{"endpoint", status.redis_endpoint},
                        {"image", status.redis.image},
                        {"defaultImage", status.redis.default_image}};
  return kube::Object{
      {{"apiVersion", kRealtimeApp.api_version()},
       {"kind", kRealtimeApp.kind},
       {"metadata", {{"name", app.key.name}, {"namespace", app.key.name_space}, {"uid", app.uid.text()}}},
       {"status", std::move(encoded)}}};
}

}  // namespace api
