#include "core/http_server.hpp"

#include <array>
#include <atomic>
#include <charconv>
#include <chrono>
#include <map>
#include <thread>
#include <utility>

#include <civetweb.h>
#include <fmt/format.h>

namespace core {

struct HttpServer::State {
  std::map<std::string, Handler> handlers;
  std::string host;  ///< the address for clients on this machine
  int port = 0;
  mg_context* context = nullptr;
};

namespace {

/// CivetWeb's spelling of a listening address: "8080", "127.0.0.1:8080", "[::1]:8080".
Result<std::string> civetweb_address(std::string_view address) {
  const auto colon = address.rfind(':');
  const auto port = colon == std::string_view::npos ? std::string_view{} : address.substr(colon + 1);
  unsigned number = 0;
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), number);
  if (port.empty() || error != std::errc{} || end != port.data() + port.size() || number > 65535)
    return fail(
        ErrorKind::kInvalidInput,
        fmt::format("\"{}\" is not an address to listen on; write HOST:PORT, or :PORT for every interface", address));
  return colon == 0 ? fmt::format("{}", number) : std::string{address};
}

void write_answer(mg_connection* connection, const HttpAnswer& answer) {
  mg_printf(connection, "HTTP/1.1 %d %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n",
            answer.status, mg_get_response_code_text(connection, answer.status), answer.content_type.c_str(),
            answer.body.size());
  mg_write(connection, answer.body.data(), answer.body.size());
}

int on_request(mg_connection* connection, void* data) {
  const auto& handlers = *static_cast<const std::map<std::string, HttpServer::Handler>*>(data);
  const auto* request = mg_get_request_info(connection);
  const std::string_view method = request->request_method;
  const auto found = handlers.find(request->local_uri);
  HttpAnswer answer{404, "no such path\n"};
  if (method != "GET" && method != "HEAD") {
    answer = {405, "only GET is served here\n"};
  } else if (found != handlers.end()) {
    answer = found->second();
  }
  write_answer(connection, answer);
  return answer.status;
}

}  // namespace

HttpServer::HttpServer(std::unique_ptr<State> state) : state_{std::move(state)} {}

/// CivetWeb checks its stop flag only when its wait for connections ends, up to two seconds later: a connection ends
/// the wait.
HttpServer::~HttpServer() {
  std::atomic<bool> stopped = false;
  const std::jthread stopping{[&] {
    mg_stop(state_->context);
    stopped = true;
  }};
  std::array<char, 128> ignored{};
  while (!stopped) {
    if (auto* waking = mg_connect_client(state_->host.c_str(), state_->port, 0, ignored.data(), ignored.size()))
      mg_close_connection(waking);
    std::this_thread::sleep_for(std::chrono::milliseconds{1});
  }
}

Result<std::unique_ptr<HttpServer>> HttpServer::listen(std::string_view address,
                                                       std::map<std::string, Handler> handlers) {
  const auto listening = civetweb_address(address);
  if (!listening) return tl::unexpected(listening.error());
  const std::array<const char*, 9> options{"listening_ports",
                                           listening->c_str(),
                                           "num_threads",
                                           "2",
                                           "request_timeout_ms",
                                           "5000",
                                           "max_request_size",
                                           "4096",
                                           nullptr};
  auto state = std::make_unique<State>();
  state->handlers = std::move(handlers);
  const mg_callbacks callbacks{};
  state->context = mg_start(&callbacks, nullptr, const_cast<const char**>(options.data()));
  if (state->context == nullptr)
    return fail(ErrorKind::kUnavailable,
                fmt::format("cannot listen on {}: the port is taken or the address is not of this machine", address));
  std::array<mg_server_port, 1> ports{};
  mg_get_server_ports(state->context, static_cast<int>(ports.size()), ports.data());
  state->port = ports[0].port;
  const auto host = address.substr(0, address.rfind(':'));
  state->host = host.empty() || host == "0.0.0.0" ? "127.0.0.1" : std::string{host};
  mg_set_request_handler(state->context, "**", on_request, &state->handlers);
  return std::unique_ptr<HttpServer>(new HttpServer{std::move(state)});
}

int HttpServer::port() const { return state_->port; }

}  // namespace core
