#include "tests/support/tcp_proxy.hpp"

#include <array>
#include <string_view>
#include <vector>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>

namespace support {
namespace {

namespace asio = boost::asio;
using Tcp = asio::ip::tcp;
using boost::system::error_code;

struct Pair;

/// One direction of a connection.
struct Pipe {
  Tcp::socket& from;
  Tcp::socket& to;
  asio::steady_timer pause;
  std::array<char, 16384> buffer{};
  std::size_t held = 0;  // bytes that may not be forwarded yet
};

/// A client and its connection to the real server.
struct Pair {
  explicit Pair(asio::io_context& loop) : client{loop}, server{loop} {}
  Tcp::socket client;
  Tcp::socket server;
  Pipe up{client, server, asio::steady_timer{client.get_executor()}};
  Pipe down{server, client, asio::steady_timer{client.get_executor()}};
  bool subscribes = false;

  void close() {
    error_code ignored;
    client.close(ignored);
    server.close(ignored);
  }
};

}  // namespace

struct TcpProxy::State : std::enable_shared_from_this<State> {
  State(asio::io_context& io, int upstream_port)
      : loop{io},
        upstream{asio::ip::address_v4::loopback(), static_cast<std::uint16_t>(upstream_port)},
        acceptor{io, Tcp::endpoint{asio::ip::address_v4::loopback(), 0}} {}

  void accept() {
    auto pair = std::make_shared<Pair>(loop);
    acceptor.async_accept(pair->client, [self = shared_from_this(), pair](const error_code& error) {
      if (error) return;
      ++self->accepted;
      self->pairs.push_back(pair);
      pair->server.async_connect(self->upstream, [self, pair](const error_code& refused) {
        if (refused) {
          pair->close();
          return;
        }
        self->read(pair, pair->up);
        self->read(pair, pair->down);
      });
      self->accept();
    });
  }

  bool is_frozen(const Pair& pair) const {
    return frozen == Frozen::kEverything || (frozen == Frozen::kSubscriptions && pair.subscribes);
  }

  void read(const std::shared_ptr<Pair>& pair, Pipe& pipe) {
    pipe.from.async_read_some(asio::buffer(pipe.buffer.data(), slow ? 1000 : pipe.buffer.size()),
                              [self = shared_from_this(), pair, &pipe](const error_code& error, std::size_t size) {
                                if (error) {
                                  pair->close();
                                  return;
                                }
                                if (&pipe == &pair->up && std::string_view{pipe.buffer.data(), size}.find(
                                                              "SUBSCRIBE") != std::string_view::npos)
                                  pair->subscribes = true;
                                pipe.held = size;
                                if (!self->is_frozen(*pair)) self->forward(pair, pipe);
                              });
  }

  void forward(const std::shared_ptr<Pair>& pair, Pipe& pipe) {
    const auto size = std::exchange(pipe.held, 0);
    asio::async_write(pipe.to, asio::buffer(pipe.buffer.data(), size),
                      [self = shared_from_this(), pair, &pipe](const error_code& error, std::size_t) {
                        if (error) {
                          pair->close();
                        } else if (self->slow) {
                          pipe.pause.expires_after(std::chrono::milliseconds{10});
                          pipe.pause.async_wait([self, pair, &pipe](const error_code&) { self->read(pair, pipe); });
                        } else {
                          self->read(pair, pipe);
                        }
                      });
  }

  asio::io_context& loop;
  const Tcp::endpoint upstream;
  Tcp::acceptor acceptor;
  std::vector<std::shared_ptr<Pair>> pairs;
  Frozen frozen = Frozen::kNothing;
  bool slow = false;
  std::size_t accepted = 0;
};

TcpProxy::TcpProxy(asio::io_context& loop, int upstream_port) : state_{std::make_shared<State>(loop, upstream_port)} {
  state_->accept();
}

TcpProxy::~TcpProxy() {
  error_code ignored;
  state_->acceptor.close(ignored);
  for (const auto& pair : state_->pairs) pair->close();
}

int TcpProxy::port() const { return state_->acceptor.local_endpoint().port(); }

void TcpProxy::freeze(Frozen what) {
  state_->frozen = what;
  for (const auto& pair : state_->pairs) {
    if (state_->is_frozen(*pair)) continue;
    for (auto* pipe : {&pair->up, &pair->down})
      if (pipe->held > 0) state_->forward(pair, *pipe);
  }
}

void TcpProxy::slow_down() { state_->slow = true; }

void TcpProxy::cut_subscriptions() {
  for (const auto& pair : state_->pairs)
    if (pair->subscribes) pair->close();
}

std::size_t TcpProxy::accepted() const { return state_->accepted; }

}  // namespace support
