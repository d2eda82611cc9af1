// A handler of HTTP requests that remembers and answers, with a peer that sends them.
#pragma once

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "realtime-server/transport/http_connection.hpp"
#include "tests/support/loopback.hpp"

namespace http_exchange {

/// One connection at a time. Each request is answered with its method, path and body, or waits for answer().
class Exchange final : public transport::HttpHandler, public transport::RequestOwner {
 public:
  explicit Exchange(const transport::Limits& limits = {}, int buffer = 0,
                    const engineio::SendQueueLimits& send_queues = {})
      : loop{limits, send_queues}, buffer_{buffer} {
    reconnect();
  }

  loopback::Peer& peer() { return *peer_; }
  /// Another connection, with another peer.
  loopback::Peer& reconnect() {
    auto [ours, theirs] = loop.connect(buffer_);
    peer_ = std::make_unique<loopback::Peer>(loop, std::move(theirs));
    if (reads) peer_->read();
    loop.settle();
    closed.clear();  // of the connection before
    const transport::HttpConnectionPtr connection{
        new transport::HttpConnection{loop.context, *this, std::move(ours), peer_address}};
    connection->start();
    return *peer_;
  }

  bool until(const std::function<bool()>& is_so) { return loop.until(is_so); }
  /// Waits until the peer has received this.
  bool has(std::string_view text) {
    return until([&] { return peer_->received().find(text) != std::string::npos; });
  }
  bool ends_with(std::string_view text) {
    return until([&] { return peer_->received().ends_with(text); });
  }
  /// Answers the request that waits.
  void answer(const std::string& body) {
    auto* connection = std::exchange(waiting, nullptr);
    if (connection != nullptr) connection->answer({.body = body});
  }

  std::string headers_for(const transport::Request&) const override { return headers; }
  bool on_head(transport::HttpConnection& connection, const transport::Request& request) override {
    ++heads;
    connection.set_owner(this);
    return on_head_of ? on_head_of(connection, request) : true;
  }
  void on_request(transport::HttpConnection& connection, const transport::Request& request,
                  transport::Share&) override {
    static constexpr std::array kMethods{"GET", "HEAD", "POST", "OPTIONS", "OTHER"};
    auto text = std::string{kMethods.at(static_cast<std::size_t>(request.method))}.append(" ").append(request.path);
    if (!request.body.empty()) text.append(" ").append(request.body);
    if (seen.size() < 20'000) seen.push_back(text);
    if (waits) {
      waiting = &connection;
      return connection.set_owner(this);
    }
    if (on_request_of) return on_request_of(connection, request);
    connection.answer({.body = text});
  }
  void on_turn(transport::HttpConnection&, transport::Share& share) override {
    if (on_turn_of) on_turn_of(share);
  }
  void on_http_closed(engineio::CloseReason reason) override { closed.push_back(reason); }
  void on_abandoned(transport::HttpConnection& connection, engineio::CloseReason reason) override {
    if (waiting == &connection) waiting = nullptr;
    abandoned.push_back(reason);
  }

  std::vector<std::string> seen;
  int heads = 0;
  std::vector<engineio::CloseReason> closed;
  std::vector<engineio::CloseReason> abandoned;
  bool reads = true;             ///< the peer takes what comes
  loop::IpAddress peer_address;  ///< of the next connection
  std::string headers;           ///< of every answer
  bool waits = false;
  transport::HttpConnection* waiting = nullptr;
  std::function<bool(transport::HttpConnection&, const transport::Request&)> on_head_of;
  std::function<void(transport::HttpConnection&, const transport::Request&)> on_request_of;
  std::function<void(transport::Share&)> on_turn_of;
  loopback::Loop loop;

 private:
  int buffer_;
  std::unique_ptr<loopback::Peer> peer_;
};

}  // namespace http_exchange
