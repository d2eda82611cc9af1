// A connection that speaks HTTP/1.1: reads one request at a time with Beast's parser and sends the answer, now or
// later; may become a WebSocket. Kept alive by its pending operations; one loop thread only.
#pragma once

#include <memory>
#include <string>

#include <boost/smart_ptr/intrusive_ref_counter.hpp>

#include "realtime-server/engineio/close_reason.hpp"
#include "realtime-server/transport/context.hpp"
#include "realtime-server/transport/http.hpp"

namespace transport {

class HttpConnection;

/// Handles requests. Owned by the shard, outlives every connection.
class HttpHandler {
 public:
  virtual ~HttpHandler() = default;
  /// The head of a request with a body has arrived. True: read the body, then call on_request. False: it is already
  /// answered.
  virtual bool on_head(HttpConnection& connection, const Request& request) = 0;
  /// A whole request has arrived: answer it, now or later, or take its socket for a WebSocket.
  virtual void on_request(HttpConnection& connection, const Request& request) = 0;
  /// A connection closed by itself; for metrics.
  virtual void on_http_closed(engineio::CloseReason reason) = 0;
};

/// Notified when a connection closes before its request is answered.
class RequestOwner {
 public:
  virtual ~RequestOwner() = default;
  /// `reason` is kTransportClose or kTransportError if the client disconnected; otherwise the request was refused
  /// before its end.
  virtual void on_abandoned(HttpConnection& connection, engineio::CloseReason reason) = 0;
};

class HttpConnection final : public boost::intrusive_ref_counter<HttpConnection, boost::thread_unsafe_counter>,
                             public Timed,
                             public OpenConnection,
                             public engineio::Backlog {
 public:
  HttpConnection(Context& context, HttpHandler& handler, Socket socket);
  ~HttpConnection() override;
  HttpConnection(const HttpConnection&) = delete;
  HttpConnection& operator=(const HttpConnection&) = delete;

  /// Reads the first request.
  void start();
  /// Sends the answer to the current request, then reads the next one unless the connection must close.
  void answer(const Answer& answer);
  /// Sets who is notified if the client disconnects before the answer; null: nobody.
  void set_owner(RequestOwner* owner) { owner_ = owner; }
  /// Releases the socket and the bytes read after the request; only within on_request. The connection is unusable
  /// afterwards.
  Socket release(std::string& rest);
  /// Closes the connection without an answer.
  void destroy(engineio::CloseReason reason);

  void on_deadline() override;
  void abandon() override;
  std::size_t backlog() const override { return sending_.memory(); }
  void cut_off() override { destroy(engineio::CloseReason::kSlowConsumer); }

 private:
  enum class State : std::uint8_t { kIdle, kHead, kBody, kWaiting, kSending, kLingering, kClosed };
  struct Parsing;

  void wait_readable();
  void wait_writable();
  void on_readable();
  void read_more(std::string_view bytes);
  void parse();
  bool parse_head();
  void parse_body();
  void hand_over();
  void refuse(int status, std::string_view why, engineio::CloseReason reason);
  void send_pending();
  void sent();
  void linger();
  void close();

  Context& context_;
  HttpHandler& handler_;
  Socket socket_;
  RequestOwner* owner_ = nullptr;
  std::unique_ptr<Parsing> parsing_;           ///< of the current request
  std::string received_;                       ///< bytes not parsed yet
  engineio::SendQueue sending_;                ///< the answer
  std::size_t lingered_ = 0;                   ///< bytes discarded since the end of the last answer
  boost::intrusive_ptr<HttpConnection> held_;  ///< itself, while only its answer is pending
  State state_ = State::kHead;
  bool keep_alive_ = true;
  bool is_head_ = false;
  bool reading_ = false;
};

using HttpConnectionPtr = boost::intrusive_ptr<HttpConnection>;

}  // namespace transport
