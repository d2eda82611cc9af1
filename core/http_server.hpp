// The small HTTP server behind health endpoints and metrics: GET and HEAD on a fixed set of paths, one request a
// connection, over Boost.Beast. Owned by main. One thread of its own does the I/O, so clients that send nothing keep
// nobody waiting; two others run the handlers.
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

  /// Listens on `address`: ":PORT" for every address of the machine, IPv4 and IPv6, or IPv4 alone where there is no
  /// IPv6; 0.0.0.0 and [::] as the host mean the same. "HOST:PORT" and "[IPv6]:PORT" for one address; a name stands for
  /// its first IPv4 address, else its first. Port 0 selects a free one. `handlers` are by path; two of them may run at
  /// the same time, or one twice. Fails with kInvalidInput for an address of another form, and with kUnavailable if the
  /// port is taken or the address is not of this machine.
  static Result<std::unique_ptr<HttpServer>> listen(std::string_view address, std::map<std::string, Handler> handlers);

  /// Waits for handlers that are running, and drops the connections.
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
