// The server's configuration: every field with its default. `load_config` reads it once at start-up for main;
// afterwards it is immutable and read from every thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"
#include "realtime-server/loop/network.hpp"
#include "realtime-server/server/rules.hpp"

namespace server {

struct Transports {
  bool polling = true;
  bool websocket = true;
};

struct ProtocolConfig {
  std::string path = "/socket.io/";  ///< begins and ends with a slash
  Transports transports;             ///< at least one
  std::chrono::milliseconds ping_interval{25'000};
  std::chrono::milliseconds ping_timeout{20'000};
  std::chrono::milliseconds upgrade_timeout{10'000};
  std::chrono::milliseconds connect_timeout{45'000};
  std::size_t max_payload = 1'000'000;  ///< bytes of a message, or of the body of a POST
};

struct LimitsConfig {
  std::chrono::milliseconds header_timeout{10'000};
  std::chrono::milliseconds body_timeout{20'000};
  std::chrono::milliseconds idle_timeout{620'000};  ///< of a kept connection between requests
  std::size_t header_bytes = 16'384;                ///< of a request
  std::size_t max_connections = 100'000;            ///< sockets; with more, handshakes get 503
  std::size_t max_sessions = 100'000;               ///< with as many, handshakes get 503
  std::size_t per_address = 0;                      ///< sessions of one address; 0: no limit
  std::size_t connects_per_second = 1'000;          ///< new sessions; 0: no limit
  std::size_t messages_per_second = 0;              ///< of one session; above it, reading pauses; 0: no limit
  std::size_t bytes_per_second = 0;                 ///< the same, of the messages
  std::size_t total_receive_bytes = 64U << 20U;     ///< incomplete or waiting, at least 4 * max_payload, by default too
  std::size_t send_queue_bytes = 4 << 20;           ///< of a session, at least max_payload
  std::size_t send_queue_segments = 16'384;         ///< of a session
  std::size_t total_send_queue_bytes = 256U << 20U;  ///< of all sessions together, at least send_queue_bytes
  std::chrono::milliseconds tcp_user_timeout{30'000};
};

struct RedisConfig {
  std::string channel = "flask-socketio";  ///< of the Python dialect
  bool accept_pickles = false;             ///< of python-socketio before 5.14
};

struct DrainConfig {
  std::chrono::milliseconds propagation_delay{5'000};  ///< from SIGTERM until handshakes are refused
  std::chrono::milliseconds deadline{60'000};          ///< from SIGTERM until all clients are closed
  std::size_t max_disconnects_per_minute = 600;        ///< 0: no limit but the deadline
};

struct Config {
  ProtocolConfig protocol;
  /// The origins that may connect. Empty: the server's own; "*": any; else these, spelled as browsers send them.
  std::vector<std::string> allowed_origins;
  /// Whether pages of other origins may send cookies and authentication. Unset: those of listed origins, not of "*".
  std::optional<bool> allow_credentials;
  std::vector<loop::Network> trusted_proxies;  ///< whose X-Forwarded-* headers and PROXY protocol are believed
  bool demo_page = true;
  LimitsConfig limits;
  RedisConfig redis;
  DrainConfig drain;
  Rules namespaces{{"/", {}}};  ///< at least one
};

/// Reads a configuration written in YAML or JSON. Fails with kInvalidInput; the message has one line for each error:
/// `FILE:LINE:COLUMN: KEY is …; write …`. `file_name` is used in messages only.
core::Result<Config> read_config(std::string_view yaml, std::string_view file_name);

/// `read_config` of a file. Also fails with kInvalidInput if the file cannot be read or is larger than 1 MiB.
core::Result<Config> load_config(const std::filesystem::path& file);

}  // namespace server
