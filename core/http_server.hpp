// The small HTTP server behind health endpoints and metrics: GET on a fixed set of paths, over CivetWeb. Owned by main;
// handlers run on the server's own two threads. Requests of other methods get 405, other paths 404, and a client that
// sends nothing for five seconds is disconnected.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "core/result.hpp"

namespace core {

struct HttpAnswer {
  int status = 200;
  std::string body;
  std::string content_type = "text/plain; charset=utf-8";
};

class HttpServer {
 public:
  using Handler = std::function<HttpAnswer()>;

  /// Listens on `address`: "HOST:PORT", ":PORT" for every interface, "[IPv6]:PORT". Port 0 selects a free one. Fails
  /// with kInvalidInput for an address of another form and kUnavailable if the port is taken.
  static Result<std::unique_ptr<HttpServer>> listen(std::string_view address, std::map<std::string, Handler> handlers);

  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  /// The port it listens on.
  int port() const;

 private:
  struct State;
  explicit HttpServer(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace core
