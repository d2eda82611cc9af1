// A shard: one loop thread with a listener, its clients, and their namespaces. What several shards would exchange
// passes through here: requests for a session of another shard, and broadcasts. Owned by the server; one loop thread
// only.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/unordered/unordered_flat_map.hpp>

#include "realtime-server/server/admission.hpp"
#include "realtime-server/server/client.hpp"
#include "realtime-server/server/config.hpp"
#include "realtime-server/server/metrics.hpp"
#include "realtime-server/server/origins.hpp"
#include "realtime-server/transport/listener.hpp"

namespace server {

/// What distinguishes this replica, and its app from others behind the same ingress.
struct Identity {
  std::string replica;
  std::string affinity_cookie;  ///< the name of the ingress's cookie
};

class Shard final : public transport::HttpHandler, public ClientRegistry {
 public:
  /// `config` outlives it.
  Shard(const Config& config, const Identity& identity, std::uint8_t index);
  ~Shard() override;

  loop::Loop& loop() { return loop_; }
  Hub& hub() { return hub_; }
  /// How many bytes of events for all clients may be taken from the backplane in a turn of the loop.
  std::size_t most_from_backplane() const {
    return transport::RunQueue::kBytesPerTurn / std::max<std::size_t>(1, clients());
  }
  void set_adapter(adapter::Adapter& adapter);

  core::Result<void> listen(const loop::Endpoint& endpoint) {
    return listener_.listen(endpoint, config_.limits.tcp_user_timeout);
  }
  loop::Endpoint endpoint() const { return listener_.endpoint(); }

  /// From now on, answers handshakes with 503 and closes connections after their answer.
  void refuse_handshakes() { refuses_handshakes_ = true; }
  void set_draining() { draining_ = true; }
  std::size_t clients() const { return by_id_.size(); }
  /// Closes the client that connected first; there must be one.
  void close_oldest(engineio::CloseReason reason) { clients_.front().close(reason); }
  /// Open TCP connections.
  std::size_t sockets() const { return context_.counters.connections; }
  /// Closes everything that is left, so that the loop runs out of work.
  void stop();

  /// Frees what containers have kept for more clients than there are.
  void shrink();

  Snapshot snapshot() const;

  std::string headers_for(const transport::Request& request) const override { return origins_.headers(request); }
  bool on_head(transport::HttpConnection& connection, const transport::Request& request) override;
  void on_request(transport::HttpConnection& connection, const transport::Request& request,
                  transport::Share& share) override;
  void on_http_closed(engineio::CloseReason reason) override { ++counts_.of(reason); }
  void on_client_closed(Client& client, engineio::CloseReason reason) override;
  void on_client_upgraded() override;

 private:
  /// An accepted Engine.IO request.
  struct Admitted {
    engineio::Query query;
    Client* client = nullptr;  ///< null: a handshake
  };

  void on_accept(loop::Descriptor socket, const loop::IpAddress& peer);
  void end_turn();
  bool is_engine_path(std::string_view path) const;
  std::optional<engineio::Refusal> check(const transport::Request& request, Admitted& admitted);
  std::optional<Admitted> admit(transport::HttpConnection& connection, const transport::Request& request);
  void refuse(transport::HttpConnection& connection, const transport::Request& request, engineio::Refusal refusal,
              const engineio::Query& query);
  void refuse(transport::HttpConnection& connection, const transport::Request& request, const Full& full);
  void serve_engine(transport::HttpConnection& connection, const transport::Request& request, transport::Share& share);
  void serve_websocket(transport::HttpConnection& connection, const transport::Request& request,
                       const Admitted& admitted);
  void serve_page(transport::HttpConnection& connection, const transport::Request& request);
  Client& make_client(const transport::Request& request, const Admitted& admitted);

  const Config& config_;
  loop::Loop loop_;
  loop::Deferred end_turn_;
  engineio::SendQueueLimits send_queue_limits_;
  engineio::FlushList flush_list_;
  transport::Context context_;
  engineio::SessionIds ids_;
  Hub hub_;
  ClientEnvironment environment_;
  Origins origins_;
  Admission admission_;
  transport::Listener listener_;
  adapter::Adapter* adapter_ = nullptr;
  std::string page_;
  std::string page_headers_;
  boost::intrusive::list<Client> clients_;  ///< oldest first
  boost::unordered_flat_map<engineio::SessionId, std::unique_ptr<Client>, engineio::SessionId::Hash> by_id_;
  std::vector<std::unique_ptr<Client>> closed_;  ///< until the current handler has returned
  Snapshot counts_;
  bool refuses_handshakes_ = false;
  bool draining_ = false;
};

}  // namespace server
