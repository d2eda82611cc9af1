// What a RealtimeApp says of the bundled server: its rules, limits and the drain, typed, and the configuration file
// that comes of it. The schema with every field's meaning is crds/realtimeoperator.dev_realtimeapps.yaml. Value types;
// pure.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

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

/// What is not set is the server's to choose.
struct LimitsSpec {
  std::optional<std::int64_t> max_connections;
  std::optional<std::int64_t> send_queue_bytes;
  std::optional<std::int64_t> send_queue_segments;
  std::optional<std::int64_t> total_send_queue_bytes;
  bool operator==(const LimitsSpec&) const = default;
};

struct ServerSpec {
  std::string image;              ///< empty: the default when the app was created
  std::string image_pull_policy;  ///< empty: Kubernetes' default
  std::vector<std::string> image_pull_secrets;
  kube::Resources resources;
  std::map<std::string, NamespaceSpec> namespaces;
  std::vector<std::string> allowed_origins;  ///< empty: the same origin
  std::optional<std::int64_t> max_payload;
  std::optional<bool> demo_page;
  LimitsSpec limits;
  bool operator==(const ServerSpec&) const = default;
};

/// All but the path is the bundled server's.
struct ProtocolSpec {
  std::string path = "/socket.io/";
  std::vector<std::string> transports;  ///< empty: all
  std::optional<Milliseconds> ping_interval;
  std::optional<Milliseconds> ping_timeout;
  bool operator==(const ProtocolSpec&) const = default;
};

struct DrainSpec {
  std::optional<Milliseconds> deadline;           ///< from being told to end until the last client is closed
  std::optional<int> max_disconnects_per_minute;  ///< the bundled server's
  bool operator==(const DrainSpec&) const = default;
};

/// How long the bundled server drains when the manifest does not say.
inline constexpr Milliseconds kServerDrain{60'000};

/// The server's configuration file, in YAML (as JSON, which is YAML). Equal specifications give equal bytes. Besides
/// what the manifest says it names only what the operator itself counts on, so that new defaults of a server restart
/// nobody.
std::string server_configuration(const ServerSpec& server, const ProtocolSpec& protocol, const DrainSpec& drain);

}  // namespace api
