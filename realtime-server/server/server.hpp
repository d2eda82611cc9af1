// The whole server: a shard, the connection to the other replicas, the admin port, and signal handling. Owned by main,
// on whose thread the shard's loop runs; the admin port's threads query the loop.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "core/http_server.hpp"
#include "core/result.hpp"
#include "realtime-server/adapter/adapter.hpp"
#include "realtime-server/redis/url.hpp"
#include "realtime-server/server/drain.hpp"
#include "realtime-server/server/memory_return.hpp"
#include "realtime-server/server/shard.hpp"

namespace server {

struct Addresses {
  loop::Endpoint listen;
  std::string admin;  ///< in the form of core::HttpServer
};

class Server final : private loop::Watched {
 public:
  /// `config` outlives it.
  Server(const Config& config, const Identity& identity);
  ~Server() override;

  /// Connects to Redis, if configured, listens, and serves until a signal stops it. Fails if it cannot listen on an
  /// address. SIGTERM and SIGINT start the drain; a second signal stops at once.
  core::Result<void> run(const Addresses& addresses, const std::optional<redis::Url>& redis_url);

 private:
  void make_adapter(const std::optional<redis::Url>& redis_url);
  core::Result<void> serve_admin(const std::string& address);
  std::optional<Snapshot> ask();
  core::HttpAnswer ready();
  void on_ready(std::uint32_t events) override;
  void stop();

  const Config& config_;
  Identity identity_;
  Shard shard_;
  std::unique_ptr<adapter::Adapter> adapter_;
  Drain drain_;
  MemoryReturn memory_return_{shard_.loop(), [this] { shard_.shrink(); }};
  loop::Descriptor signals_;
  Exposition exposition_;
  std::unique_ptr<core::HttpServer> admin_;
  bool draining_ = false;
};

}  // namespace server
