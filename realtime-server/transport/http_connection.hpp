// A connection that speaks HTTP/1.1: reads one request at a time and sends the answer, now or later; may become a
// WebSocket. Keeps itself alive while it is open; one loop thread only.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <boost/smart_ptr/intrusive_ref_counter.hpp>

#include "realtime-server/engineio/close_reason.hpp"
#include "realtime-server/transport/context.hpp"
#include "realtime-server/transport/http.hpp"

namespace transport {

class HttpConnection;
class RequestParser;

/// Handles requests. Owned by the shard, outlives every connection.
class HttpHandler {
 public:
  virtual ~HttpHandler() = default;
  /// Headers for every answer to this request, also one that the connection gives itself: each ended by CRLF.
  virtual std::string headers_for(const Request& request) const = 0;
  /// The head of a request with a body has arrived. True: read the body, then call on_request. False: it is already
  /// answered.
  virtual bool on_head(HttpConnection& connection, const Request& request) = 0;
  /// A whole request has arrived: answer it, now or later, or take its socket for a WebSocket.
  /// Processing it costs `share`.
  virtual void on_request(HttpConnection& connection, const Request& request, Share& share) = 0;
  /// A connection closed by itself; for metrics.
  virtual void on_http_closed(engineio::CloseReason reason) = 0;
};

/// Who answers a request later than in on_request.
class RequestOwner {
 public:
  virtual ~RequestOwner() = default;
  /// The request has its turn again, after HttpConnection::take_turns().
  virtual void on_turn(HttpConnection& connection, Share& share) = 0;
  /// The connection closes before the request is answered.
  /// `reason` is kTransportClose or kTransportError if the client disconnected; otherwise the request was refused
  /// before its end.
  virtual void on_abandoned(HttpConnection& connection, engineio::CloseReason reason) = 0;
};

class HttpConnection final : public boost::intrusive_ref_counter<HttpConnection, boost::thread_unsafe_counter>,
                             public loop::Watched,
                             public loop::Timed,
                             public Served,
                             public OpenConnection,
                             public engineio::Holder<engineio::ToSend>,
                             public engineio::Receiver {
 public:
  /// `socket` does not block. `peer` is who connected: the client, or a proxy.
  HttpConnection(Context& context, HttpHandler& handler, loop::Descriptor socket, const loop::IpAddress& peer);
  ~HttpConnection() override;
  HttpConnection(const HttpConnection&) = delete;
  HttpConnection& operator=(const HttpConnection&) = delete;

  /// Reads the first request.
  void start();
  /// Sends the answer to the current request, then reads the next one unless the connection must close.
  void answer(const Answer& answer);
  /// Sets who is notified if the client disconnects before the answer; null: nobody.
  void set_owner(RequestOwner* owner) { owner_ = owner; }
  /// Calls the owner's on_turn in the next turn: processing the request takes longer than one may. Until it is answered
  /// the request's body stays as it is. `later`: not before a pause, as its client sends too fast.
  void take_turns(bool later = false);
  /// The body of the request that waits for its answer.
  std::string_view body() const;
  /// Releases the socket and the bytes read after the request; only within on_request. The connection is unusable
  /// afterwards.
  loop::Descriptor release(std::string& rest);
  /// Closes the connection without an answer.
  void destroy(engineio::CloseReason reason);

  void on_ready(std::uint32_t events) override;
  void serve(Share& share) override;
  void on_deadline() override;
  void abandon() override;
  using Receiver::held;
  std::size_t held(engineio::ToSend) const override { return sending_.memory(); }
  void cut_off(engineio::ToSend) override { destroy(engineio::CloseReason::kSlowConsumer); }
  void cut_off(engineio::Received) override;

 private:
  enum class State : std::uint8_t { kIdle, kHead, kBody, kWaiting, kSending, kLingering, kClosed };

  bool reads_requests() const { return state_ == State::kIdle || state_ == State::kHead || state_ == State::kBody; }
  void receive(Share& share);
  void take(std::string_view bytes, Share& share);
  bool parse(Share& share);
  bool take_proxy_header();
  bool parse_head();
  bool parse_body();
  bool begin_body();
  void refuse(int status, std::string why, engineio::CloseReason reason, std::string headers = {});
  void refuse_fault();
  void count_held();
  void send_pending();
  void sent();
  void linger();
  void close();
  void watch_for();

  Context& context_;
  HttpHandler& handler_;
  loop::Descriptor socket_;
  RequestOwner* owner_ = nullptr;
  loop::IpAddress peer_;
  std::unique_ptr<RequestParser> parser_;      ///< of the current request, until nothing of it is needed
  std::unique_ptr<std::string> headers_;       ///< for the answer, if the handler has any
  std::string received_;                       ///< bytes not parsed yet
  std::string_view rest_;                      ///< those of them that follow what is being parsed
  engineio::SendQueue sending_;                ///< the answer
  std::size_t lingered_ = 0;                   ///< bytes discarded since the end of the last answer
  boost::intrusive_ptr<HttpConnection> self_;  ///< itself, until it is closed
  std::uint32_t watched_ = 0;                  ///< the events that the loop watches for
  State state_ = State::kHead;
  bool keep_alive_ = true;
  bool is_head_ = false;
  bool takes_turns_ = false;    ///< the owner waits for its turn
  bool paused_ = false;         ///< its turn does not come before the deadline
  bool may_have_proxy_header_;  ///< before the first request
  bool trusts_peer_;            ///< the peer is a proxy that may speak of others
  bool readable_ = false;       ///< the socket has something to read
  bool complete_ = false;       ///< received_ may hold a whole request
  bool blocked_ = false;        ///< waits until the socket accepts more
};

using HttpConnectionPtr = boost::intrusive_ptr<HttpConnection>;

}  // namespace transport
