#include "realtime-server/options.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <string_view>

#include <CLI/CLI.hpp>
#include <arpa/inet.h>
#include <fmt/format.h>
#include <unistd.h>

#include "core/env.hpp"
#include "core/result.hpp"
#include "realtime-server/version.hpp"

namespace server {
namespace {

using core::ErrorKind;
using core::Result;

Result<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, port);
  if (text.empty() || error != std::errc{} || stop != end)
    return core::fail(ErrorKind::kInvalidInput,
                      fmt::format("\"{}\" is not a port; write a number from 0 to 65535", text));
  return port;
}

bool is_address(int family, const std::string& host) {
  std::array<unsigned char, sizeof(in6_addr)> bytes{};
  return inet_pton(family, host.c_str(), bytes.data()) == 1;
}

/// "IPv4:PORT", "[IPv6]:PORT", or ":PORT" for every address. The pods of RealtimeApps have 0.0.0.0 for that, whatever
/// family their addresses are of.
Result<Address> parse_address(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos)
    return core::fail(
        ErrorKind::kInvalidInput,
        fmt::format("\"{}\" has no port; write ADDRESS:PORT, for example 127.0.0.1:8080, or :8080 for every "
                    "address",
                    text));
  const auto port = parse_port(text.substr(colon + 1));
  if (!port) return tl::unexpected(port.error());
  const auto host = text.substr(0, colon);
  if (host.empty() || host == "0.0.0.0" || host == "[::]") return Address{{}, *port};
  const bool has_brackets = host.size() > 2 && host.front() == '[' && host.back() == ']';
  Address address{std::string{has_brackets ? host.substr(1, host.size() - 2) : host}, *port};
  if (!is_address(has_brackets ? AF_INET6 : AF_INET, address.host))
    return core::fail(
        ErrorKind::kInvalidInput,
        fmt::format("\"{}\" is not an IP address; write for example 127.0.0.1 or [::1], or nothing for every address",
                    host));
  return address;
}

Result<void> check_replica(std::string_view name) {
  const auto is_visible = [](char c) { return c > ' ' && c < 0x7f; };
  if (name.size() <= 253 && std::all_of(name.begin(), name.end(), is_visible)) return {};
  return core::fail(ErrorKind::kInvalidInput,
                    "is not a valid replica name; write at most 253 visible ASCII characters");
}

/// A cookie's name (RFC 6265, section 4.1.1).
bool is_cookie_name(std::string_view name) {
  const auto allowed = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
           std::string_view{"!#$%&'*+-.^_`|~"}.find(c) != std::string_view::npos;
  };
  return name.size() <= 128 && std::all_of(name.begin(), name.end(), allowed);
}

std::string host_name() {
  std::array<char, 256> name{};
  gethostname(name.data(), name.size() - 1);
  return name.data();
}

/// An empty variable counts as unset: manifests cannot always leave one out.
std::string variable(const char* name) { return core::env(name).value_or(""); }

Result<void> read_redis(const char* source, const std::string& text, Options& options) {
  auto url = redis::parse_url(text);
  if (!url) return core::fail(url.error(), source);
  options.redis_url = *std::move(url);
  return {};
}

/// Reads from the environment what no flag set.
Result<void> read_environment(bool has_listen, Options& options) {
  if (const auto text = variable("PORT"); !has_listen && !text.empty()) {
    const auto port = parse_port(text);
    if (!port) return core::fail(port.error(), "PORT");
    options.listen.port = *port;
  }
  if (const auto text = variable("REDIS_URL"); !options.redis_url && !text.empty()) {
    if (auto read = read_redis("REDIS_URL", text, options); !read) return read;
  }
  options.replica = variable("POD_NAME");
  if (options.replica.empty()) options.replica = host_name();
  if (const auto name = check_replica(options.replica); !name)
    return core::fail(ErrorKind::kInvalidInput, "POD_NAME " + name.error().message);
  if (auto name = variable("AFFINITY_COOKIE"); !name.empty()) {
    if (!is_cookie_name(name))
      return core::fail(ErrorKind::kInvalidInput,
                        "AFFINITY_COOKIE is not a cookie's name; write at most 128 letters, digits and - _ .");
    options.affinity_cookie = std::move(name);
  }
  return {};
}

/// Lets CLI11 report an invalid address like its own errors.
CLI::Option* add_address(CLI::App& app, const std::string& flag, Address& address, const std::string& help) {
  return app
      .add_option_function<std::string>(
          flag,
          [&address, flag](const std::string& text) {
            auto parsed = parse_address(text);
            if (!parsed) throw CLI::ValidationError(flag, parsed.error().message);
            address = *parsed;
          },
          help)
      ->type_name("ADDRESS:PORT")
      ->default_str(address.text());
}

}  // namespace

std::string Address::text() const {
  return host.find(':') == std::string::npos ? fmt::format("{}:{}", host, port) : fmt::format("[{}]:{}", host, port);
}

ParsedOptions parse_options(int argc, const char* const* argv, std::ostream& out, std::ostream& err) {
  ParsedOptions parsed;
  auto& options = parsed.options;
  CLI::App app{
      "A Socket.IO server: holds long-lived connections, answers events by declared rules, and broadcasts to the "
      "clients of every replica that shares its Redis.",
      "realtime-server"};
  app.footer(
      "Environment:\n"
      "  PORT                        the port of --listen, if that flag is not set\n"
      "  REDIS_URL                   the URL of --redis, if that flag is not set\n"
      "  POD_NAME                    this replica's name, which clients see in Realtime-Replica. Default:\n"
      "                              the host name\n"
      "  AFFINITY_COOKIE             the name of the ingress's cookie, which a drain deletes. Default:\n"
      "                              realtime-replica\n\n"
      "Try it:  realtime-server --config examples/server/echo.yaml    and open http://localhost:8080/\n"
      "Check:   curl http://localhost:9090/readyz    also /healthz, /metrics\n"
      "Stop it: SIGTERM or SIGINT starts the drain, which disconnects clients at a set rate; a second signal exits at "
      "once.\n"
      "Exit code 2: a flag or the configuration is invalid.");
  app.set_version_flag("--version", kVersion);
  const auto* listen =
      add_address(app, "--listen", options.listen,
                  "Where clients connect. Without ADDRESS: every address, IPv4 and IPv6. Port 0 selects a free one");
  app.add_option("--config", options.config_file,
                 "The configuration, YAML or JSON. Default: every field has its default")
      ->type_name("FILE");
  app.add_option_function<std::string>(
         "--redis",
         [&options](const std::string& text) {
           if (auto read = read_redis("--redis", text, options); !read)
             throw CLI::ValidationError(read.error().message);
         },
         "The Redis that connects the replicas. Default: none, for a single replica. Use REDIS_URL for a URL with a "
         "password: other users can see flags")
      ->type_name("redis://[USER[:PASSWORD]@]HOST[:PORT][/DB]");
  add_address(app, "--admin", options.admin, "Where /healthz, /readyz and /metrics are served, in the same form");
  app.add_option("--log-level", options.log_level, "debug, info, warning or error")
      ->check(CLI::IsMember({"debug", "info", "warning", "error"}))
      ->type_name("LEVEL")
      ->capture_default_str();
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    parsed.exit_code = app.exit(error, out, err) == 0 ? 0 : kUsageError;
    return parsed;
  }
  if (const auto read = read_environment(listen->count() > 0, options); !read) {
    err << "realtime-server: " << read.error().message << "\nRun with --help for more information.\n";
    parsed.exit_code = kUsageError;
  }
  return parsed;
}

}  // namespace server
