// One client: an Engine.IO session over whichever transport it has, and its Socket.IO state. Turns the decisions of the
// session's state machine into answers and frames. Owned by the shard's registry; one loop thread only.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <boost/intrusive/list.hpp>

#include "realtime-server/engineio/session.hpp"
#include "realtime-server/server/hub.hpp"
#include "realtime-server/server/token_bucket.hpp"
#include "realtime-server/socketio/connection.hpp"
#include "realtime-server/transport/http_connection.hpp"
#include "realtime-server/transport/web_socket.hpp"

namespace server {

class Client;

/// The owner of the clients.
class ClientRegistry {
 public:
  virtual ~ClientRegistry() = default;
  /// A client has closed: destroy it, but not within this call.
  virtual void on_client_closed(Client& client, engineio::CloseReason reason) = 0;
  /// A client has changed from polling to WebSocket.
  virtual void on_client_upgraded() = 0;
};

/// What all clients of a shard share.
struct ClientEnvironment {
  transport::Context& context;
  Hub& hub;
  ClientRegistry& registry;
  engineio::Protocol protocol;
  std::string handshake_headers;           ///< of the answer to a polling handshake
  std::string affinity_cookie;             ///< the name of the ingress's cookie
  transport::Queue& ping_deadlines;        ///< until the next ping
  transport::Queue& pong_deadlines;        ///< for the answer to a ping
  transport::Queue& connect_deadlines;     ///< for the first CONNECT
  transport::Queue& attachment_deadlines;  ///< for the next attachment of a binary packet
  std::size_t messages_per_second;         ///< of one client; 0: no limit
  std::size_t bytes_per_second;            ///< the same
  std::string scratch;                     ///< decoded Base64
};

/// Where the handshake of a client came from.
struct ClientOrigin {
  loop::IpAddress address;
  bool cross_origin = false;  ///< a page of another origin
};

class Client final : public transport::WebSocketOwner,
                     public transport::RequestOwner,
                     public engineio::Receiver,
                     public boost::intrusive::list_base_hook<> {
 public:
  Client(ClientEnvironment& environment, const engineio::SessionId& id, engineio::TransportName transport, bool base64,
         const ClientOrigin& origin);
  ~Client() override;
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  const engineio::Session& session() const { return session_; }
  const loop::IpAddress& address() const { return origin_.address; }
  /// The transport, or what it was when the session ended.
  bool over_websocket() const { return over_websocket_; }

  /// Answers the handshake of a new session.
  void open(transport::HttpConnection& connection);
  /// Turns the handshake of a new session into its WebSocket. `headers` are additional headers of the answer.
  void open_websocket(transport::HttpConnection& connection, std::string_view accept_key, std::string_view headers);

  void on_poll(transport::HttpConnection& connection);
  /// Handles the head of a POST; false if it was already answered.
  bool on_post_head(transport::HttpConnection& connection);
  /// Handles a whole POST, over several turns if the share is too small for it.
  void on_post(transport::HttpConnection& connection, transport::Share& share);
  /// Handles a WebSocket request for a polling session. `headers` are additional headers of the answer.
  void on_upgrade(transport::HttpConnection& connection, std::string_view accept_key, std::string_view headers);

  /// Closes the session: a WebSocket with the reason's status, a waiting poll with an answer after which clients
  /// reconnect.
  void close(engineio::CloseReason reason);

  void on_message(transport::WebSocket& socket, bool binary, std::string_view bytes) override;
  transport::Takes takes_messages() override;
  void on_closed(transport::WebSocket& socket, engineio::CloseReason reason) override;
  void on_turn(transport::HttpConnection& connection, transport::Share& share) override;
  void on_abandoned(transport::HttpConnection& connection, engineio::CloseReason reason) override;
  void cut_off(engineio::Received) override { close(engineio::CloseReason::kOverloaded); }

 private:
  /// Sends pings and detects missing pongs.
  class Heartbeat final : public loop::Timed {
   public:
    explicit Heartbeat(Client& client) : client_{client} {}
    void on_deadline() override { client_.on_heartbeat(); }

   private:
    Client& client_;
  };
  /// Detects what does not arrive in time: the first CONNECT, later the attachments of a binary packet.
  class Awaited final : public loop::Timed {
   public:
    explicit Awaited(Client& client) : client_{client} {}
    void on_deadline() override { client_.on_awaited_too_long(); }

   private:
    Client& client_;
  };
  /// Holds frames until the next poll.
  class PollOutlet final : public engineio::Outlet {
   public:
    /// Takes binary data as Base64: polling answers carry text only.
    explicit PollOutlet(Client& client)
        : Outlet{client.environment_.context.send_queue_limits, client.environment_.context.flush_list, true},
          client_{client} {}
    void flush() override { client_.flush_poll(); }
    void cut_off(engineio::ToSend) override { client_.close(engineio::CloseReason::kSlowConsumer); }

   private:
    std::size_t send_now(std::span<const iovec>) override { return 0; }

    Client& client_;
  };

  /// What it may still send this second.
  struct Rates {
    TokenBucket messages;
    TokenBucket bytes;
  };

  void start_timers();
  void on_heartbeat();
  void on_awaited_too_long();
  void on_packet(const engineio::Packet& packet);
  void on_text(std::string_view text);
  void run_post(transport::HttpConnection& connection, std::size_t done, transport::Share& share);
  bool sends_too_fast();
  void count_message(std::size_t bytes);
  void on_probe(transport::WebSocket& socket, std::string_view text);
  void upgrade(transport::WebSocket& socket);
  transport::WebSocketPtr take_socket(transport::HttpConnection& connection, std::string_view accept_key,
                                      std::string_view headers);
  void send(engineio::PacketType type, std::string_view data);
  void flush_poll();
  void answer_poll(transport::Answer answer);
  void end_poll(engineio::CloseReason reason);

  ClientEnvironment& environment_;
  engineio::Session session_;
  bool base64_;
  bool over_websocket_;
  bool awaits_pong_ = false;
  engineio::Outlet* outlet_ = nullptr;     ///< one of the two below
  std::unique_ptr<PollOutlet> polling_;    ///< until the upgrade
  transport::WebSocketPtr web_socket_;     ///< the transport, or a probe
  transport::HttpConnectionPtr poll_;      ///< waits for an answer
  transport::HttpConnectionPtr post_;      ///< a POST that is not answered
  std::optional<std::uint32_t> progress_;  ///< bytes of the POST's body that are processed, if it takes turns
  ClientOrigin origin_;
  std::unique_ptr<Rates> rates_;  ///< if they are limited
  socketio::Connection connection_;
  Heartbeat heartbeat_{*this};
  Awaited awaited_{*this};
};

}  // namespace server
