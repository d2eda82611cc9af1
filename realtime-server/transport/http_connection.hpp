// A connection that speaks HTTP/1.1: reads one request at a time with Beast's parser and sends the answer, now or
// later; may become a WebSocket. Kept alive by what it waits for; one loop thread only.
#pragma once

#include <memory>
#include <string>

#include <boost/smart_ptr/intrusive_ref_counter.hpp>

#include "realtime-server/engineio/close_reason.hpp"
#include "realtime-server/transport/context.hpp"
#include "realtime-server/transport/http.hpp"

namespace transport {

class HttpConnection;

/// Who deals with requests. Owned by the shard, outlives every connection.
class HttpHandler {
 public:
  virtual ~HttpHandler() = default;
  /// The head of a request with a body has come. True: read the body, then comes on_request. False: it is answered
  /// already.
  virtual bool on_head(HttpConnection& connection, const Request& request) = 0;
  /// A whole request has come: answer it, now or later, or take the socket of one that wants a WebSocket.
  virtual void on_request(HttpConnection& connection, const Request& request) = 0;
  /// A connection ended on its own account: metrics.
  virtual void on_http_closed(engineio::CloseReason reason) = 0;
};

/// Who is told when a connection dies before its request is answered.
class RequestOwner {
 public:
  virtual ~RequestOwner() = default;
  /// `reason` is kTransportClose or kTransportError if the peer is gone; else the request was refused before its end.
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
  /// Sends the answer to the current request; then the next one is read, unless the connection is to end.
  void answer(const Answer& answer);
  /// Who hears of it if the peer goes away before the answer; null: nobody.
  void set_owner(RequestOwner* owner) { owner_ = owner; }
  /// Gives the socket away, with what was read of it beyond the request; only within on_request. The connection is
  /// over.
  Socket release(std::string& rest);
  /// Ends the connection without an answer.
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
  std::string received_;                       ///< bytes that the parser has not taken yet
  engineio::SendQueue sending_;                ///< the answer
  std::size_t lingered_ = 0;                   ///< bytes dropped since the end of the last answer
  boost::intrusive_ptr<HttpConnection> held_;  ///< itself, while it waits for nothing but its answer
  State state_ = State::kHead;
  bool keep_alive_ = true;
  bool is_head_ = false;
  bool reading_ = false;
};

using HttpConnectionPtr = boost::intrusive_ptr<HttpConnection>;

}  // namespace transport
