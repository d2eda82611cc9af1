// The server's command line and environment. Read once by main, before any thread starts.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>

#include "core/affinity.hpp"
#include "realtime-server/redis/url.hpp"

namespace server {

/// The exit code for an invalid flag or configuration, which the user must change.
inline constexpr int kUsageError = 2;

/// Where to listen. Port 0 stands for a free one.
struct Address {
  std::string host;  ///< an IP address without brackets; empty: every address of the machine, IPv4 and IPv6
  std::uint16_t port = 0;

  /// "HOST:PORT", "[IPv6]:PORT", ":PORT".
  std::string text() const;
};

/// The values of flags and environment variables; the defaults are those of the image.
struct Options {
  Address listen{{}, 8080};
  Address admin{{}, 9090};
  std::string config_file;              ///< empty: every field has its default
  std::optional<redis::Url> redis_url;  ///< none: a single replica without Redis
  std::string replica;                  ///< this replica's name: printable ASCII without spaces, valid in a header
  std::string affinity_cookie{core::kAffinityCookie};  ///< the name of the ingress's cookie: a token of HTTP
  std::string log_level = "info";
};

/// The options, or an exit code if the process must exit now: for help, version, or an error that was already printed.
struct ParsedOptions {
  Options options;
  std::optional<int> exit_code;
};

/// Reads the flags, and PORT, REDIS_URL, POD_NAME and AFFINITY_COOKIE for what they do not set. Prints help to `out`,
/// errors to `err`.
ParsedOptions parse_options(int argc, const char* const* argv, std::ostream& out, std::ostream& err);

}  // namespace server
