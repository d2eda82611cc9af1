// The server's command line and environment. Read once by main, before any thread is made.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>

#include "realtime-server/redis/url.hpp"

namespace server {

/// The exit code for a wrong flag or configuration: something that the user has to change.
inline constexpr int kUsageError = 2;

/// An IP address and a port. Port 0 stands for a free one.
struct Address {
  std::string host;  ///< without brackets
  std::uint16_t port = 0;

  /// "HOST:PORT", "[IPv6]:PORT".
  std::string text() const;
};

/// What the flags and the environment say; the defaults are those of the image.
struct Options {
  Address listen{"0.0.0.0", 8080};
  Address admin{"0.0.0.0", 9090};
  std::string config_file;              ///< empty: every field has its default
  std::optional<redis::Url> redis_url;  ///< without it this replica is alone
  std::string replica;                  ///< this replica's name: printable ASCII without spaces, fit for a header
  std::string log_level = "info";
};

/// The exit code instead, if the process should end now: help, version, or something wrong, about which everything has
/// been printed.
struct ParsedOptions {
  Options options;
  std::optional<int> exit_code;
};

/// Reads the flags, and what they leave out from PORT, REDIS_URL and POD_NAME. Prints help to `out`, errors to `err`.
ParsedOptions parse_options(int argc, const char* const* argv, std::ostream& out, std::ostream& err);

}  // namespace server
