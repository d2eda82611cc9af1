#include "operator/api/v1alpha1/server_spec.hpp"

#include <charconv>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>  // for a text that never changes: it is in the names of ConfigMaps

#include "core/duration.hpp"
#include "operator/api/v1alpha1/spec_readers.hpp"

namespace api {
namespace {

using nlohmann::json;

constexpr Named<ActionType> kActionTypes[] = {
    {"Emit", ActionType::kEmit}, {"Broadcast", ActionType::kBroadcast}, {"Acknowledge", ActionType::kAcknowledge}};
// The limits of the server's own reader; above them its pods would not start.
constexpr int kMaxDepth = 24;
constexpr int kMaxArguments = 64;
constexpr std::size_t kMaxNamespaceBytes = 128;
constexpr std::size_t kMaxKeyBytes = 1000;  // as JSON; YAML limits the length of keys
constexpr std::size_t kMaxValues = 20'000;
constexpr std::size_t kMaxConfigurationBytes = 1U << 20U;

/// What causes an action.
enum class Cause { kConnect, kEvent };

/// Whether the text is $1, $2 and so on.
bool is_argument_variable(std::string_view text) {
  int number = 0;
  const auto digits = text.substr(1);
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  return error == std::errc{} && end == digits.data() + digits.size() && digits[0] != '0' && number >= 1 &&
         number <= kMaxArguments;
}

/// Whether a text in arguments is literal or a known variable. `$args` is replaced by several arguments, so it is valid
/// only directly in the list.
bool is_known(std::string_view text, Cause cause, bool is_argument) {
  if (!text.starts_with('$') || text.starts_with("$$") || text == "$auth") return true;
  if (cause == Cause::kConnect) return false;
  return text == "$args" ? is_argument : is_argument_variable(text);
}

std::string_view known_variables(Cause cause) {
  return cause == Cause::kConnect ? "here $auth is the only variable"
                                  : "the variables are $1 to $64, $auth and (as a separate argument) $args";
}

/// Why an argument is invalid, or nothing.
std::string problem_of(const kube::Json& value, Cause cause, int depth) {
  if (value.is_string() && !is_known(kube::text_in(value), cause, depth == 0))
    return fmt::format("has the text \"{}\"; {}; write $$ for a literal $ at the beginning", kube::text_in(value),
                       known_variables(cause));
  if (!value.is_structured()) return {};
  if (depth >= kMaxDepth) return fmt::format("nests more than {} lists and mappings", kMaxDepth);
  if (kube::find(value, "_placeholder") != nullptr)
    return "has a mapping with the key _placeholder, which marks an attachment in Socket.IO; use another name";
  std::string problem;
  if (const auto* members = value.if_object())
    for (const auto& member : *members) {
      if (kube::text_of(kube::Json(member.key())).size() > kMaxKeyBytes)
        return fmt::format("has a key of more than {} bytes; shorten it", kMaxKeyBytes);
      if (problem.empty()) problem = problem_of(member.value(), cause, depth + 1);
    }
  if (const auto* elements = value.if_array())
    for (const auto& element : *elements)
      if (problem.empty()) problem = problem_of(element, cause, depth + 1);
  return problem;
}

/// The text of an argument as it stands in the server's configuration.
std::string argument_text(const kube::Json& value) { return json::parse(kube::text_of(value)).dump(); }

Action read_action(const FieldReader& action, Cause cause) {
  Action read;
  read.type = action.choice("type", kActionTypes, read.type);
  read.event = action.text("event");
  if (!action.has("type")) action.wrong("type", "is missing; set it to Emit, Broadcast or Acknowledge");
  if (read.event.empty() != (read.type == ActionType::kAcknowledge))
    action.wrong("event", "is required for Emit and Broadcast, and not allowed for other types");
  for (const auto& value : action.values("args")) {
    if (const auto problem = problem_of(value, cause, 0); !problem.empty()) action.wrong("args", problem);
    read.args.push_back(argument_text(value));
  }
  return read;
}

std::vector<Action> read_actions(const FieldReader& parent, std::string_view field, Cause cause) {
  std::vector<Action> actions;
  for (const auto& action : parent.children(field)) actions.push_back(read_action(action, cause));
  return actions;
}

NamespaceSpec read_namespace(const FieldReader& name_space) {
  NamespaceSpec read;
  read.on_connect = read_actions(name_space, "onConnect", Cause::kConnect);
  const auto events = name_space.child("events");
  for (const auto& name : events.names()) read.events.emplace(name, read_actions(events, name, Cause::kEvent));
  return read;
}

json encode_actions(const std::vector<Action>& actions) {
  json encoded = json::array();
  for (const auto& action : actions) {
    json one = json::object();
    for (const auto& candidate : kActionTypes)
      if (candidate.value == action.type) one["type"] = candidate.name;
    if (!action.event.empty()) one["event"] = action.event;
    for (const auto& argument : action.args) one["args"].push_back(json::parse(argument));
    encoded.push_back(std::move(one));
  }
  return encoded;
}

json encode_namespaces(const std::map<std::string, NamespaceSpec>& namespaces) {
  json encoded = json::object();
  for (const auto& [name, name_space] : namespaces) {
    auto& one = encoded[name] = json::object();
    if (!name_space.on_connect.empty()) one["onConnect"] = encode_actions(name_space.on_connect);
    for (const auto& [event, actions] : name_space.events) one["events"][event] = encode_actions(actions);
  }
  return encoded;
}

template <class T>
void set(json& object, const char* field, const std::optional<T>& value) {
  if (value) object[field] = *value;
}

void set(json& object, const char* field, const std::optional<Milliseconds>& value) {
  if (value) object[field] = core::format_duration(*value);
}

json encode_limits(const LimitsSpec& limits) {
  json encoded = json::object();
  set(encoded, "idleTimeout", limits.idle_timeout);
  set(encoded, "headerBytes", limits.header_bytes);
  set(encoded, "maxConnections", limits.max_connections);
  set(encoded, "maxSessions", limits.max_sessions);
  set(encoded, "perAddress", limits.per_address);
  set(encoded, "connectsPerSecond", limits.connects_per_second);
  set(encoded, "messagesPerSecond", limits.messages_per_second);
  set(encoded, "bytesPerSecond", limits.bytes_per_second);
  set(encoded, "totalReceiveBytes", limits.total_receive_bytes);
  set(encoded, "sendQueueBytes", limits.send_queue_bytes);
  set(encoded, "sendQueueSegments", limits.send_queue_segments);
  set(encoded, "totalSendQueueBytes", limits.total_send_queue_bytes);
  return encoded;
}

}  // namespace

ServerSpec read_server(const FieldReader& server) {
  ServerSpec spec;
  spec.image = server.text("image");
  spec.image_pull_policy = server.text("imagePullPolicy");
  spec.image_pull_secrets = read_pull_secrets(server);
  spec.resources = read_resources(server.child("resources"));
  const auto namespaces = server.child("namespaces");
  for (const auto& name : namespaces.names()) {
    if (name.size() > kMaxNamespaceBytes)
      namespaces.wrong(name, fmt::format("has a name of more than {} bytes; shorten it", kMaxNamespaceBytes));
    spec.namespaces.emplace(name, read_namespace(namespaces.child(name)));
  }
  spec.allowed_origins = server.texts("allowedOrigins");
  spec.allow_credentials = server.optional_flag("allowCredentials");
  spec.trusted_proxies = server.texts("trustedProxies");
  spec.max_payload = server.optional_number("maxPayload");
  spec.demo_page = server.optional_flag("demoPage");
  const auto limits = server.child("limits");
  spec.limits = {.idle_timeout = limits.duration("idleTimeout"),
                 .header_bytes = limits.optional_number("headerBytes"),
                 .max_connections = limits.optional_number("maxConnections"),
                 .max_sessions = limits.optional_number("maxSessions"),
                 .per_address = limits.optional_number("perAddress"),
                 .connects_per_second = limits.optional_number("connectsPerSecond"),
                 .messages_per_second = limits.optional_number("messagesPerSecond"),
                 .bytes_per_second = limits.optional_number("bytesPerSecond"),
                 .total_receive_bytes = limits.optional_number("totalReceiveBytes"),
                 .send_queue_bytes = limits.optional_number("sendQueueBytes"),
                 .send_queue_segments = limits.optional_number("sendQueueSegments"),
                 .total_send_queue_bytes = limits.optional_number("totalSendQueueBytes")};
  return spec;
}

ProtocolSpec read_protocol(const FieldReader& protocol) {
  ProtocolSpec spec;
  if (protocol.has("path")) spec.path = protocol.text("path");
  spec.transports = protocol.texts("transports");
  spec.ping_interval = protocol.duration("pingInterval");
  spec.ping_timeout = protocol.duration("pingTimeout");
  return spec;
}

DrainSpec read_drain(const FieldReader& drain) {
  return {drain.duration("deadline"), drain.optional_number<int>("maxDisconnectsPerMinute")};
}

namespace {

json encode_configuration(const ServerSpec& server, const ProtocolSpec& protocol, const DrainSpec& drain,
                          const ChannelSpec& channel) {
  json wire{{"path", protocol.path}};
  if (!protocol.transports.empty()) wire["transports"] = protocol.transports;
  set(wire, "pingInterval", protocol.ping_interval);
  set(wire, "pingTimeout", protocol.ping_timeout);
  set(wire, "maxPayload", server.max_payload);
  json ending{{"deadline", core::format_duration(drain.deadline.value_or(kServerDrain))}};
  set(ending, "maxDisconnectsPerMinute", drain.max_disconnects_per_minute);
  json configuration{{"protocol", std::move(wire)}, {"drain", std::move(ending)}};
  if (!server.allowed_origins.empty()) configuration["allowedOrigins"] = server.allowed_origins;
  set(configuration, "allowCredentials", server.allow_credentials);
  if (!server.trusted_proxies.empty()) configuration["trustedProxies"] = server.trusted_proxies;
  set(configuration, "demoPage", server.demo_page);
  if (!channel.channel.empty()) configuration["redis"]["channel"] = channel.channel.text();
  if (channel.accept_pickles) configuration["redis"]["acceptPickles"] = *channel.accept_pickles;
  if (auto limits = encode_limits(server.limits); !limits.empty()) configuration["limits"] = std::move(limits);
  if (!server.namespaces.empty()) configuration["namespaces"] = encode_namespaces(server.namespaces);
  return configuration;
}

/// How many values there are in this one, itself included, as the server counts them.
std::size_t count_values(const json& value) {
  std::size_t count = 1;
  if (value.is_structured())
    for (const auto& inner : value) count += count_values(inner);
  return count;
}

std::string text_of(const json& configuration) { return configuration.dump(2) + "\n"; }

}  // namespace

std::string server_configuration(const ServerSpec& server, const ProtocolSpec& protocol, const DrainSpec& drain,
                                 const ChannelSpec& channel) {
  return text_of(encode_configuration(server, protocol, drain, channel));
}

std::string configuration_problem(const ServerSpec& server, const ProtocolSpec& protocol, const DrainSpec& drain,
                                  const ChannelSpec& channel) {
  const auto configuration = encode_configuration(server, protocol, drain, channel);
  if (const auto values = count_values(configuration); values > kMaxValues)
    return fmt::format(
        "make a configuration of {} values, of which the server reads at most {}; use fewer actions and "
        "arguments",
        values, kMaxValues);
  if (const auto bytes = text_of(configuration).size(); bytes > kMaxConfigurationBytes)
    return fmt::format(
        "make a configuration of {} bytes, of which the server reads at most {}; use fewer and shorter "
        "arguments",
        bytes, kMaxConfigurationBytes);
  return {};
}

}  // namespace api
