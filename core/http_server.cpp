#include "core/http_server.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <fmt/format.h>

namespace core {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

using Handlers = std::map<std::string, HttpServer::Handler>;

/// For a client to send its request, and to take the answer.
constexpr std::chrono::seconds kPatience{5};
constexpr std::uint32_t kMaxHeaderBytes = 4096;
constexpr std::size_t kMaxConnections = 64;
constexpr std::size_t kHandlerThreads = 2;

/// The path of a request's target, which may be in absolute form (RFC 9112, 3.2.2).
std::string path_of(std::string_view target) {
  target = target.substr(0, target.find('?'));
  if (target.starts_with("http://")) target.remove_prefix(std::min(target.find('/', 7), target.size()));
  return std::string{target};
}

/// One request and its answer. Keeps itself while something is under way; I/O thread only.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(tcp::socket socket, const Handlers& handlers, asio::thread_pool& workers)
      : stream_{std::move(socket)}, handlers_{handlers}, workers_{workers} {
    parser_.header_limit(kMaxHeaderBytes);
    parser_.body_limit(boost::none);  // bodies are not read
  }

  void start() {
    stream_.expires_after(kPatience);
    http::async_read_header(stream_, buffer_, parser_, [self = shared_from_this()](const error_code& error, auto) {
      self->waits_ = false;
      self->on_head(error);
    });
  }

  /// Whether its request has not arrived yet.
  bool waits() const { return waits_; }

  void drop() {
    waits_ = false;
    stream_.close();
  }

 private:
  void on_head(const error_code& error) {
    if (error == http::error::header_limit || error == http::error::buffer_overflow)
      return write({431, "the request's head is too long\n"});
    const bool is_gone = error == http::error::end_of_stream || error == http::error::partial_message;
    if (is_gone || (error && error.category() != http::make_error_code(http::error::bad_method).category())) return;
    if (error) return write({400, "this is not HTTP/1.1\n"});
    const auto& request = parser_.get();
    is_head_ = request.method() == http::verb::head;
    if (!is_head_ && request.method() != http::verb::get) return write({405, "only GET is served here\n"});
    const auto found = handlers_.find(path_of({request.target().data(), request.target().size()}));
    if (found == handlers_.end()) return write({404, "no such path\n"});
    stream_.expires_never();
    asio::post(workers_, [self = shared_from_this(), &handler = found->second]() mutable {
      auto answer = handler();
      // The connection moves back to its thread, where it may end.
      const auto loop = self->stream_.get_executor();
      asio::post(loop, [self = std::move(self), answer = std::move(answer)]() mutable { self->write(answer); });
    });
  }

  void write(const HttpAnswer& answer) {
    answer_.result(static_cast<unsigned>(answer.status));
    answer_.set(http::field::content_type, answer.content_type);
    if (answer.status == 405) answer_.set(http::field::allow, "GET, HEAD");
    answer_.keep_alive(false);
    answer_.body() = answer.body;
    answer_.prepare_payload();
    if (is_head_) answer_.body().clear();  // the length stays
    stream_.expires_after(kPatience);
    http::async_write(stream_, answer_, [self = shared_from_this()](error_code error, auto) {
      self->stream_.socket().shutdown(tcp::socket::shutdown_send, error);
    });
  }

  beast::tcp_stream stream_;
  const Handlers& handlers_;
  asio::thread_pool& workers_;
  beast::flat_buffer buffer_{std::size_t{2} * kMaxHeaderBytes};
  http::request_parser<http::empty_body> parser_;
  http::response<http::string_body> answer_;
  bool waits_ = true;
  bool is_head_ = false;
};

struct Address {
  std::string host;  ///< without brackets; empty: every address of the machine
  std::uint16_t port = 0;
};

Result<Address> parse(std::string_view text) {
  const auto colon = text.rfind(':');
  const auto host = text.substr(0, colon == std::string_view::npos ? 0 : colon);
  const auto port = colon == std::string_view::npos ? std::string_view{} : text.substr(colon + 1);
  Address address{std::string{host}};
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), address.port);
  const bool is_port = !port.empty() && error == std::errc{} && end == port.data() + port.size();
  const bool has_brackets = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (has_brackets) address.host = host.substr(1, host.size() - 2);
  const bool is_host = has_brackets ? address.host.find_first_of("[]") == std::string::npos
                                    : address.host.find_first_of("[]:") == std::string::npos;
  if (!is_port || !is_host)
    return fail(ErrorKind::kInvalidInput,
                fmt::format("\"{}\" is not an address to listen on; write HOST:PORT, [IPv6]:PORT, or :PORT for every "
                            "address of the machine",
                            text));
  if (address.host == "0.0.0.0" || address.host == "::") address.host.clear();
  return address;
}

void listen_on(tcp::acceptor& acceptor, const tcp::endpoint& endpoint, error_code& error) {
  const bool is_for_both = endpoint.address() == asio::ip::address_v6::any();
  acceptor.open(endpoint.protocol(), error);
  if (!error) acceptor.set_option(asio::socket_base::reuse_address{true}, error);
  if (!error && is_for_both) acceptor.set_option(asio::ip::v6_only{false}, error);
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
}

error_code listen_on(tcp::acceptor& acceptor, const Address& address) {
  error_code error;
  if (address.host.empty()) {
    listen_on(acceptor, {tcp::v6(), address.port}, error);
    // A kernel without IPv6 has no such sockets.
    if (error == asio::error::address_family_not_supported) listen_on(acceptor, {tcp::v4(), address.port}, error);
    return error;
  }
  tcp::resolver resolver{acceptor.get_executor()};
  const auto found = resolver.resolve(address.host, std::to_string(address.port),
                                      tcp::resolver::passive | tcp::resolver::numeric_service, error);
  if (error) return error;
  const auto first_v4 =
      std::find_if(found.begin(), found.end(), [](const auto& each) { return each.endpoint().address().is_v4(); });
  listen_on(acceptor, first_v4 == found.end() ? found.begin()->endpoint() : first_v4->endpoint(), error);
  return error;
}

}  // namespace

/// Everything but the handlers is used by one thread. The connections that still wait for something end with the pool
/// and the loop, in this order: they use both.
struct HttpServer::State {
  explicit State(Handlers by_path) : handlers{std::move(by_path)} {}

  void accept() {
    acceptor.async_accept([this](const error_code& error, tcp::socket socket) {
      if (!error) {
        if (make_room()) {
          const auto connection = std::make_shared<Connection>(std::move(socket), handlers, workers);
          connections.push_back(connection);
          connection->start();
        }
        return accept();
      }
      // Most likely out of file descriptors: some must close first.
      pause.expires_after(std::chrono::milliseconds{100});
      pause.async_wait([this](const error_code&) { accept(); });
    });
  }

  /// Whether there is room for one more; at the limit, one that has sent no request makes it.
  bool make_room() {
    std::erase_if(connections, [](const auto& each) { return each.expired(); });
    if (connections.size() < kMaxConnections) return true;
    for (const auto& each : connections) {
      if (const auto oldest = each.lock(); oldest && oldest->waits()) {
        oldest->drop();
        return true;
      }
    }
    return false;
  }

  const Handlers handlers;
  std::vector<std::weak_ptr<Connection>> connections;  ///< oldest first
  asio::io_context loop{1};
  tcp::acceptor acceptor{loop};
  asio::steady_timer pause{loop};
  int port = 0;
  asio::thread_pool workers{kHandlerThreads};
  std::jthread thread;
};

HttpServer::HttpServer(std::unique_ptr<State> state) : state_{std::move(state)} {}

HttpServer::~HttpServer() { state_->loop.stop(); }

Result<std::unique_ptr<HttpServer>> HttpServer::listen(std::string_view address,
                                                       std::map<std::string, Handler> handlers) {
  const auto parsed = parse(address);
  if (!parsed) return tl::unexpected(parsed.error());
  auto state = std::make_unique<State>(std::move(handlers));
  if (const auto error = listen_on(state->acceptor, *parsed))
    return fail(ErrorKind::kUnavailable, fmt::format("cannot listen on {}: {}", address, error.message()));
  state->port = state->acceptor.local_endpoint().port();
  state->accept();
  state->thread = std::jthread{[&loop = state->loop] { loop.run(); }};
  return std::unique_ptr<HttpServer>(new HttpServer{std::move(state)});
}

int HttpServer::port() const { return state_->port; }

}  // namespace core
