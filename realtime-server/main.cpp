// The bundled Socket.IO server: reads its flags and configuration, and serves until it receives a signal to stop.
#include <csignal>
#include <exception>
#include <iostream>

#include <fmt/format.h>
#include <sys/resource.h>

#include "core/log.hpp"
#include "realtime-server/options.hpp"
#include "realtime-server/server/config.hpp"
#include "realtime-server/server/server.hpp"

namespace {

/// Every connection needs a file descriptor: raises the soft limit to the hard limit.
void raise_descriptor_limit() {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

/// The unspecified IPv6 address stands for those of IPv4 too.
loop::Endpoint endpoint_of(const server::Address& address) {
  if (address.host.empty()) return {boost::asio::ip::address_v6::any(), address.port};
  return {boost::asio::ip::make_address(address.host), address.port};
}

core::Result<void> run(const server::Options& options) {
  if (auto set = core::configure_logs(options.log_level); !set) return set;
  const auto config = options.config_file.empty() ? server::Config{} : server::load_config(options.config_file);
  if (!config) return tl::unexpected(config.error());
  raise_descriptor_limit();
  server::Server server{*config, {options.replica, options.affinity_cookie}};
  return server.run({endpoint_of(options.listen), options.admin.text()}, options.redis_url);
}

}  // namespace

int main(int argc, char** argv) {
  const auto parsed = server::parse_options(argc, argv, std::cout, std::cerr);
  if (parsed.exit_code) return *parsed.exit_code;
  std::signal(SIGPIPE, SIG_IGN);  // a reader of the logs, or a client, may have gone
  try {
    const auto outcome = run(parsed.options);
    if (outcome) return 0;
    fmt::print(stderr, "realtime-server: {}\n", outcome.error().message);
    return outcome.error().kind == core::ErrorKind::kInvalidInput ? server::kUsageError : 1;
  } catch (const std::exception& error) {
    fmt::print(stderr, "realtime-server: {}\n", error.what());
    return 1;
  }
}
