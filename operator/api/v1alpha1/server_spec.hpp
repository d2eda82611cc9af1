// The fields of a RealtimeApp for the bundled server, typed: its rules, limits and drain, and the configuration file
// that is generated from them. The schema with every field's meaning is crds/realtimeoperator.dev_realtimeapps.yaml.
// Value types; pure.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/shared.hpp"
#include "operator/kube/workloads.hpp"

namespace api {

using Milliseconds = std::chrono::milliseconds;

enum class ActionType { kEmit, kBroadcast, kAcknowledge };

struct Action {
  ActionType type = ActionType::kEmit;
  std::string event;
  std::vector<std::string> args;  ///< each as JSON
  bool operator==(const Action&) const = default;
};

struct NamespaceSpec {
  std::vector<Action> on_connect;
  std::map<std::string, std::vector<Action>> events;
  bool operator==(const NamespaceSpec&) const = default;
};

/// Fields that are not set have the server's defaults.
struct LimitsSpec {
  std::optional<Milliseconds> idle_timeout;
  std::optional<std::int64_t> header_bytes;
  std::optional<std::int64_t> max_connections;
  std::optional<std::int64_t> max_sessions;
  std::optional<std::int64_t> per_address;
  std::optional<std::int64_t> connects_per_second;
  std::optional<std::int64_t> messages_per_second;
  std::optional<std::int64_t> bytes_per_second;
  std::optional<std::int64_t> total_receive_bytes;
  std::optional<std::int64_t> send_queue_bytes;
  std::optional<std::int64_t> send_queue_segments;
  std::optional<std::int64_t> total_send_queue_bytes;
  bool operator==(const LimitsSpec&) const = default;
};

struct ServerSpec {
  core::SharedText image;              ///< empty: the default when the app was created
  core::SharedText image_pull_policy;  ///< empty: Kubernetes' default
  std::vector<std::string> image_pull_secrets;
  core::Shared<kube::Resources> resources;
  std::map<std::string, NamespaceSpec> namespaces;
  std::vector<std::string> allowed_origins;  ///< empty: the same origin
  std::optional<bool> allow_credentials;
  std::vector<std::string> trusted_proxies;
  std::optional<std::int64_t> max_payload;
  std::optional<bool> demo_page;
  LimitsSpec limits;
  bool operator==(const ServerSpec&) const = default;
};

/// All fields except the path apply to the bundled server only.
struct ProtocolSpec {
  core::SharedText path = "/socket.io/";
  std::vector<std::string> transports;  ///< empty: all
  std::optional<Milliseconds> ping_interval;
  std::optional<Milliseconds> ping_timeout;
  bool operator==(const ProtocolSpec&) const = default;
};

struct DrainSpec {
  std::optional<Milliseconds> deadline;  ///< from the request to shut down until the last client is disconnected
  std::optional<int> max_disconnects_per_minute;  ///< of the bundled server only
  bool operator==(const DrainSpec&) const = default;
};

/// What the bundled server needs to know of the backplane. Fields that are not set have the server's defaults.
struct ChannelSpec {
  core::SharedText channel;
  std::optional<bool> accept_pickles;
  bool operator==(const ChannelSpec&) const = default;
};

/// The default drain deadline of the bundled server.
inline constexpr Milliseconds kServerDrain{60'000};

/// The server's configuration file, as JSON, which is YAML. Equal specs give equal bytes. It contains the fields that
/// the spec sets and those that the operator relies on, so that new defaults of a server restart no pods.
std::string server_configuration(const ServerSpec& server, const ProtocolSpec& protocol, const DrainSpec& drain,
                                 const ChannelSpec& channel);

/// Why the server would not read that file, as it has too many values or bytes; empty if it would.
std::string configuration_problem(const ServerSpec& server, const ProtocolSpec& protocol, const DrainSpec& drain,
                                  const ChannelSpec& channel);

/// A spec of no more bytes makes no such file: two bytes ("0,") are a value, and a line of at most 67 bytes in it.
inline constexpr std::size_t kSmallSpecBytes = 15'000;

}  // namespace api
