// A connection after its upgrade to WebSocket (RFC 6455): reads frames, and sends complete frames, with one write for
// everything queued in a turn. Keeps itself alive while it is open; one loop thread only.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include <boost/smart_ptr/intrusive_ref_counter.hpp>

#include "realtime-server/engineio/close_reason.hpp"
#include "realtime-server/engineio/frame.hpp"
#include "realtime-server/engineio/outlet.hpp"
#include "realtime-server/transport/context.hpp"

namespace transport {

class WebSocket;

/// When an owner takes the next message.
enum class Takes : std::uint8_t {
  kNow,
  kAfterPause,   ///< it is asked again
  kWhenResumed,  ///< it calls WebSocket::resume
};

/// The owner of a WebSocket.
class WebSocketOwner {
 public:
  virtual ~WebSocketOwner() = default;
  /// A whole message; the bytes are valid during the call only. The owner may close the WebSocket.
  virtual void on_message(WebSocket& socket, bool binary, std::string_view bytes) = 0;
  /// When the owner takes the next message.
  virtual Takes takes_messages() = 0;
  /// The WebSocket has closed for any reason but a call of close(). Called once.
  virtual void on_closed(WebSocket& socket, engineio::CloseReason reason) = 0;
};

class WebSocket final : public boost::intrusive_ref_counter<WebSocket, boost::thread_unsafe_counter>,
                        public loop::Watched,
                        public engineio::Outlet,
                        public loop::Timed,
                        public Served,
                        public OpenConnection,
                        public engineio::Receiver {
 public:
  /// `socket` does not block.
  WebSocket(Context& context, loop::Descriptor socket, WebSocketOwner& owner, bool base64);
  ~WebSocket() override;

  /// Sends the answer to the handshake, then processes `rest`, which arrived together with it, and what follows.
  /// `headers` are additional headers, each ended by CRLF.
  void start(std::string_view accept_key, std::string_view rest, std::string_view headers = {});
  void set_owner(WebSocketOwner& owner) { owner_ = &owner; }

  /// The owner takes messages again.
  void resume();
  /// Closes with the status of the reason and waits up to close_timeout for the client's part. No more calls to the
  /// owner.
  void close(engineio::CloseReason reason);
  /// Closes the connection at once.
  void destroy();
  void abandon() override { destroy(); }
  void cut_off(engineio::ToSend) override;
  void cut_off(engineio::Received) override;
  bool closed() const { return state_ != State::kOpen; }

  void on_ready(std::uint32_t events) override;
  void serve(Share& share) override;
  /// Sends what is queued, with one system call if the socket accepts it all.
  void flush() override;
  /// The deadline of a WebSocket that would otherwise wait forever: a probe for its upgrade, a closing one for the
  /// client.
  void on_deadline() override;

 private:
  enum class State : std::uint8_t { kOpen, kClosing, kClosed };

  std::size_t send_now(std::span<const iovec> parts) override;
  void receive(Share& share);
  void take(std::span<char> bytes, Share& share);
  void keep(std::span<char> bytes, Takes takes);
  void take_message(std::span<char>& bytes);
  void take_control(const engineio::Incoming& incoming);
  void fail(engineio::CloseReason reason);
  void say_goodbye(std::string_view status);
  void watch_for();

  Context& context_;
  loop::Descriptor socket_;
  WebSocketOwner* owner_;
  engineio::FrameReader reader_;
  std::unique_ptr<std::string> unread_;   ///< bytes that wait for their turn
  boost::intrusive_ptr<WebSocket> self_;  ///< itself, until it is closed
  std::uint32_t watched_ = 0;             ///< the events that the loop watches for
  State state_ = State::kOpen;
  bool blocked_ = false;  ///< waits until the socket accepts more
  bool paused_ = false;   ///< until the deadline
};

using WebSocketPtr = boost::intrusive_ptr<WebSocket>;

}  // namespace transport
