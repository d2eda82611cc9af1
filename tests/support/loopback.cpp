#include "tests/support/loopback.hpp"

#include <array>
#include <deque>

#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>

#include "tests/support/catch.hpp"

namespace loopback {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

Loop::Loop(const transport::Limits& limits, const engineio::SendQueueLimits& send_queue_limits)
    : send_queues{send_queue_limits},
      flush_list{[this] {
        asio::post(io, [this] {
          flush_list.flush_all();
          context.backlogs.relieve();
        });
      }},
      context{io, limits, send_queues, flush_list} {}

Loop::~Loop() {
  while (!context.connections.empty()) {
    auto& connection = context.connections.front();
    context.connections.pop_front();
    connection.abandon();
  }
  context.deadlines.stop();
  settle();
}

bool Loop::until(const std::function<bool()>& is_so) {
  const auto end = transport::Clock::now() + std::chrono::seconds{10};
  while (!is_so()) {
    io.restart();
    if (io.run_one_until(end) == 0) return is_so();
  }
  return true;
}

void Loop::settle() {
  io.restart();
  while (io.poll() > 0) io.restart();
}

std::pair<Socket, Socket> Loop::connect(int buffer) {
  asio::basic_socket_acceptor<tcp, asio::io_context::executor_type> acceptor{io.get_executor(), tcp::v4()};
  if (buffer > 0) acceptor.set_option(asio::socket_base::send_buffer_size{buffer});
  acceptor.bind({asio::ip::address_v4::loopback(), 0});
  acceptor.listen();
  Socket theirs{io.get_executor(), tcp::v4()};
  if (buffer > 0) theirs.set_option(asio::socket_base::receive_buffer_size{buffer});
  theirs.connect(acceptor.local_endpoint());
  Socket ours{io.get_executor()};
  acceptor.accept(ours);
  ours.set_option(tcp::no_delay{true});
  theirs.set_option(tcp::no_delay{true});
  return {std::move(ours), std::move(theirs)};
}

struct Peer::State : std::enable_shared_from_this<State> {
  explicit State(Socket made) : socket{std::move(made)} {}

  void write() {
    auto done = [self = shared_from_this()](const error_code& error, std::size_t) {
      if (error) {
        self->reset = self->reset || error == asio::error::connection_reset;
        return;
      }
      self->unsent -= self->queue.front().size();
      self->queue.pop_front();
      if (!self->queue.empty()) return self->write();
      if (self->shuts) self->shut();
    };
    asio::async_write(socket, asio::buffer(queue.front()), std::move(done));
  }

  void read() {
    auto done = [self = shared_from_this()](const error_code& error, std::size_t count) {
      self->received.append(self->buffer.data(), count);
      if (!error) return self->read();
      self->ended = error == asio::error::eof;
      self->reset = self->reset || error == asio::error::connection_reset;
    };
    socket.async_read_some(asio::buffer(buffer), std::move(done));
  }

  void shut() {
    error_code ignored;
    socket.shutdown(Socket::shutdown_send, ignored);
  }

  Socket socket;
  std::deque<std::string> queue;
  std::size_t unsent = 0;
  bool shuts = false;
  std::array<char, 65'536> buffer{};
  std::string received;
  bool ended = false;
  bool reset = false;
};

Peer::Peer(Loop&, Socket socket) : state_{std::make_shared<State>(std::move(socket))} {}

Peer::~Peer() { close(); }

void Peer::send(std::string bytes) {
  state_->unsent += bytes.size();
  state_->queue.push_back(std::move(bytes));
  if (state_->queue.size() == 1) state_->write();
}

void Peer::read() { state_->read(); }

void Peer::shut() {
  state_->shuts = true;
  if (state_->queue.empty()) state_->shut();
}

void Peer::close(bool reset) {
  error_code ignored;
  if (reset) state_->socket.set_option(asio::socket_base::linger{true, 0}, ignored);
  state_->socket.close(ignored);
}

const std::string& Peer::received() const { return state_->received; }
std::string Peer::take() { return std::exchange(state_->received, {}); }
bool Peer::ended() const { return state_->ended; }
bool Peer::was_reset() const { return state_->reset; }
std::size_t Peer::unsent() const { return state_->unsent; }
Socket& Peer::socket() { return state_->socket; }

}  // namespace loopback
