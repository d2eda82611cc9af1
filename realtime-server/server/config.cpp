#include "realtime-server/server/config.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "realtime-server/server/config_reader.hpp"
#include "realtime-server/server/config_rules.hpp"
#include "realtime-server/server/config_scalars.hpp"

namespace server {
namespace {

using namespace std::chrono_literals;
using Durations = Range<std::chrono::milliseconds>;
using Sizes = Range<std::size_t>;

constexpr std::size_t kKiB = 1 << 10;
constexpr std::size_t kMiB = 1 << 20;
constexpr std::size_t kGiB = 1 << 30;

// A shorter time would disconnect slow proxies or phones; a longer one keeps clients that no longer exist.
constexpr Durations kPingInterval{100ms, 10min};
constexpr Durations kPingTimeout{50ms, 10min};
constexpr Durations kTimeout{100ms, 10min};
constexpr Durations kTcpUserTimeout{1s, 10min};
constexpr Durations kPropagationDelay{0ms, 10min};
constexpr Durations kDrainDeadline{1s, 24h};
constexpr Sizes kMaxPayload{kKiB, 64 * kMiB};
constexpr Durations kIdleTimeout{1s, 1h};
constexpr Sizes kHeaderBytes{kKiB, 64 * kKiB};
constexpr Sizes kMaxConnections{1, 10'000'000};
constexpr Sizes kPerAddress{0, 10'000'000};
constexpr Sizes kPerSecond{0, 1'000'000};
constexpr Sizes kBytesPerSecond{0, kGiB};
constexpr Sizes kTotalReceiveBytes{kMiB, 1024 * kGiB};
constexpr Sizes kSendQueueBytes{64 * kKiB, kGiB};
constexpr Sizes kSendQueueSegments{16, 1'000'000};
constexpr Sizes kTotalSendQueueBytes{kMiB, 1024 * kGiB};
constexpr Sizes kDisconnects{0, 10'000'000};
/// A client may hold a message more than once: while it grows, with its attachments, as a body with its head.
constexpr std::size_t kMessagesToReceive = 4;
constexpr std::size_t kLongestPath = 256;
constexpr std::size_t kLongestChannel = 256;

constexpr std::string_view kLower = "abcdefghijklmnopqrstuvwxyz";
constexpr std::string_view kDigits = "0123456789";

bool consists_of(std::string_view text, std::initializer_list<std::string_view> sets) {
  return std::all_of(text.begin(), text.end(), [&](char c) {
    return std::any_of(sets.begin(), sets.end(), [&](auto set) { return set.find(c) != std::string_view::npos; });
  });
}

void read_path(const ConfigValue& value, std::string& path) {
  std::string text;
  if (!value.read(text, "a path, for example /socket.io/")) return;
  const bool is_path = text.size() > 1 && text.size() <= kLongestPath && text.starts_with('/') && text.ends_with('/') &&
                       consists_of(text, {kLower, "ABCDEFGHIJKLMNOPQRSTUVWXYZ", kDigits, "/-._~"});
  // A browser would resolve these before it sends the request.
  const bool has_empty_or_dots = text.find("//") != std::string::npos || text.find("/./") != std::string::npos ||
                                 text.find("/../") != std::string::npos;
  if (!is_path || has_empty_or_dots) {
    value.wrong("a path of letters, digits and - . _ ~ that begins and ends with a slash, for example /socket.io/");
  } else {
    path = text;
  }
}

void read_transports(const ConfigValue& list, Transports& transports) {
  if (list.is_null()) return;
  Transports read{false, false};
  for (const auto& element : list.elements()) {
    const auto& name = element.node->text;
    if (name != "polling" && name != "websocket") {
      element.wrong("polling or websocket");
      continue;
    }
    if (std::exchange(name == "polling" ? read.polling : read.websocket, true)) element.complain("is named twice");
  }
  if (list.node->type == YamlType::kList && list.node->children.empty())
    list.complain("is an empty list; write [polling, websocket] or one of them");
  transports = read;
}

void read_protocol(ConfigReader fields, ProtocolConfig& protocol) {
  if (fields.has("path")) read_path(fields.at("path"), protocol.path);
  read_transports(fields.at("transports"), protocol.transports);
  fields.read("pingInterval", protocol.ping_interval, kPingInterval);
  fields.read("pingTimeout", protocol.ping_timeout, kPingTimeout);
  fields.read("upgradeTimeout", protocol.upgrade_timeout, kTimeout);
  fields.read("connectTimeout", protocol.connect_timeout, kTimeout);
  fields.read("maxPayload", protocol.max_payload, kMaxPayload, "bytes");
  fields.refuse_others();
}

/// Why no client sends this as an origin, as what to write instead; empty if the origin is valid. Of several spellings
/// that mean one origin any is taken: those of browsers, of apps in a WebView (null, file://, capacitor://localhost)
/// and of clients that name the scheme ws.
std::string origin_problem(std::string_view origin) {
  if (origin == "null" || origin == "file://") return {};
  const auto colon = origin.find("://");
  if (colon == std::string_view::npos || colon == 0) return "an origin, for example https://chat.example.com";
  const auto scheme = origin.substr(0, colon);
  auto host = origin.substr(colon + 3);
  if (const auto slash = host.find('/'); slash != std::string_view::npos && scheme.starts_with("http"))
    return fmt::format("{} without the path, as browsers send it", shown(origin.substr(0, colon + 3 + slash)));
  if (host.find('*') != std::string_view::npos) return "each origin separately, or [\"*\"] for all of them";
  constexpr std::string_view kUpper = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
  if (!consists_of(scheme, {kLower, kUpper, kDigits, "+-."}) ||
      !consists_of(host, {kLower, kUpper, kDigits, "-._:[]"}) || host.empty())
    return "an origin as browsers send it, with international names in their xn-- form";
  return {};
}

void read_origins(const ConfigValue& list, std::vector<std::string>& origins) {
  const auto elements = list.elements();
  for (const auto& element : elements) {
    std::string origin;
    if (!element.read(origin, "an origin, for example https://chat.example.com")) continue;
    if (origin == "*") {
      if (elements.size() > 1) element.complain("is *, which allows all; write only it, or leave it out");
    } else if (const auto fix = origin_problem(origin); !fix.empty()) {
      element.wrong(fix);
    }
    origins.push_back(std::move(origin));
  }
}

void read_limits(ConfigReader fields, std::size_t max_payload, LimitsConfig& limits) {
  fields.read("headerTimeout", limits.header_timeout, kTimeout);
  fields.read("bodyTimeout", limits.body_timeout, kTimeout);
  fields.read("idleTimeout", limits.idle_timeout, kIdleTimeout);
  fields.read("headerBytes", limits.header_bytes, kHeaderBytes, "bytes");
  fields.read("maxConnections", limits.max_connections, kMaxConnections, "connections");
  fields.read("maxSessions", limits.max_sessions, kMaxConnections, "sessions");
  fields.read("perAddress", limits.per_address, kPerAddress, "sessions");
  fields.read("connectsPerSecond", limits.connects_per_second, kPerSecond, "sessions");
  fields.read("messagesPerSecond", limits.messages_per_second, kPerSecond, "messages");
  fields.read("bytesPerSecond", limits.bytes_per_second, kBytesPerSecond, "bytes");
  limits.total_receive_bytes = std::max(limits.total_receive_bytes, kMessagesToReceive * max_payload);
  fields.read("totalReceiveBytes", limits.total_receive_bytes, kTotalReceiveBytes, "bytes");
  fields.read("sendQueueBytes", limits.send_queue_bytes, kSendQueueBytes, "bytes");
  fields.read("sendQueueSegments", limits.send_queue_segments, kSendQueueSegments, "segments");
  fields.read("totalSendQueueBytes", limits.total_send_queue_bytes, kTotalSendQueueBytes, "bytes");
  fields.read("tcpUserTimeout", limits.tcp_user_timeout, kTcpUserTimeout);
  fields.refuse_others();
}

void read_proxies(const ConfigValue& list, std::vector<loop::Network>& proxies) {
  constexpr std::string_view kWhat = "an address or a network, for example 10.0.0.7 or 10.0.0.0/8";
  for (const auto& element : list.elements()) {
    std::string text;
    if (!element.read(text, kWhat)) continue;
    if (const auto network = loop::Network::parse(text))
      proxies.push_back(*network);
    else
      element.wrong(kWhat);
  }
}

void read_redis(ConfigReader fields, RedisConfig& redis) {
  if (const auto channel = fields.at("channel");
      fields.has("channel") && channel.read(redis.channel, "a channel's name"))
    if (redis.channel.empty() || redis.channel.size() > kLongestChannel)
      channel.wrong(fmt::format("a channel's name of 1 to {} bytes", kLongestChannel));
  fields.read("acceptPickles", redis.accept_pickles);
  fields.refuse_others();
}

void read_drain(ConfigReader fields, DrainConfig& drain) {
  fields.read("propagationDelay", drain.propagation_delay, kPropagationDelay);
  fields.read("deadline", drain.deadline, kDrainDeadline);
  fields.read("maxDisconnectsPerMinute", drain.max_disconnects_per_minute, kDisconnects, "disconnects");
  fields.refuse_others();
}

/// A field and its value, as text.
struct Set {
  ConfigValue value;
  std::string text;
};

/// Reports that the first value exceeds the second, at the field that the file sets.
void refuse_order(const Set& small, const Set& large) {
  const auto& blamed = large.value.is_null() ? small : large;
  blamed.value.complain(fmt::format("does not fit: {} is {} and may be at most {}, which is {}", small.value.path,
                                    small.text, large.value.path, large.text));
}

/// Checks fields that are valid alone but not together.
void check_orders(ConfigReader& top, const Config& config) {
  ConfigReader protocol{top.at("protocol")};
  ConfigReader limits{top.at("limits")};
  ConfigReader drain{top.at("drain")};
  const Set payload{protocol.at("maxPayload"), std::to_string(config.protocol.max_payload)};
  const Set send_queue{limits.at("sendQueueBytes"), std::to_string(config.limits.send_queue_bytes)};
  const Set all{limits.at("totalSendQueueBytes"), std::to_string(config.limits.total_send_queue_bytes)};
  const Set received{limits.at("totalReceiveBytes"), std::to_string(config.limits.total_receive_bytes)};
  if (config.protocol.max_payload > config.limits.send_queue_bytes) refuse_order(payload, send_queue);
  if (kMessagesToReceive * config.protocol.max_payload > config.limits.total_receive_bytes)
    refuse_order({payload.value, fmt::format("{}, and {} times that", payload.text, kMessagesToReceive)}, received);
  if (config.limits.send_queue_bytes > config.limits.total_send_queue_bytes) refuse_order(send_queue, all);
  if (config.drain.propagation_delay > config.drain.deadline)
    refuse_order({drain.at("propagationDelay"), format_duration(config.drain.propagation_delay)},
                 {drain.at("deadline"), format_duration(config.drain.deadline)});
}

void read_namespaces(const ConfigValue& value, Rules& rules) {
  if (value.is_null()) return;
  rules = read_rules(value);
  if (value.node->type == YamlType::kMap && rules.empty())
    value.complain("has no namespace; add /: {}, or leave it out");
}

}  // namespace

core::Result<Config> read_config(std::string_view yaml, std::string_view file_name) {
  const auto text = ConfigText::check(yaml, file_name);
  if (!text) return tl::unexpected(text.error());
  const auto root = parse_yaml(*text);
  if (!root) return tl::unexpected(root.error());

  ConfigErrors errors{*text};
  Config config;
  ConfigReader top{{&*root, "", &errors}};
  read_protocol(ConfigReader{top.at("protocol")}, config.protocol);
  read_origins(top.at("allowedOrigins"), config.allowed_origins);
  bool credentials = false;
  if (const auto value = top.at("allowCredentials"); top.has("allowCredentials") && value.read(credentials))
    config.allow_credentials = credentials;
  read_proxies(top.at("trustedProxies"), config.trusted_proxies);
  top.read("demoPage", config.demo_page);
  read_limits(ConfigReader{top.at("limits")}, config.protocol.max_payload, config.limits);
  read_redis(ConfigReader{top.at("redis")}, config.redis);
  read_drain(ConfigReader{top.at("drain")}, config.drain);
  read_namespaces(top.at("namespaces"), config.namespaces);
  top.refuse_others();
  if (errors.empty()) check_orders(top, config);
  if (!errors.empty()) return tl::unexpected(errors.error());
  return config;
}

core::Result<Config> load_config(const std::filesystem::path& file) {
  std::ifstream stream{file, std::ios::binary};
  std::string text(kMaxConfigBytes + 1, '\0');
  stream.read(text.data(), static_cast<std::streamsize>(text.size()));
  // A directory can be opened, but not read.
  if (!stream.eof() && !stream.good())
    return core::fail(core::ErrorKind::kInvalidInput,
                      fmt::format("{}: cannot be read: {}", file.string(), std::strerror(errno)));
  text.resize(static_cast<std::size_t>(stream.gcount()));
  return read_config(text, file.string());
}

}  // namespace server
