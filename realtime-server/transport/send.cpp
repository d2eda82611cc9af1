#include "realtime-server/transport/send.hpp"

#include <array>

#include <sys/socket.h>

namespace transport {
namespace {

/// Ranges in one sendmsg; adjacent frames share one, so this is seldom reached.
constexpr std::size_t kVectors = 64;

}  // namespace

ssize_t send_some(Context& context, int socket, engineio::SendQueue& send_queue) {
  std::array<iovec, kVectors> vectors;  // NOLINT(cppcoreguidelines-pro-type-member-init): filled by gather
  msghdr message{};
  message.msg_iov = vectors.data();
  message.msg_iovlen = send_queue.gather(vectors);
  const auto count = sendmsg(socket, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
  if (count < 0) return count;
  context.counters.bytes_out += static_cast<std::uint64_t>(count);
  send_queue.consume(static_cast<std::size_t>(count));
  return count;
}

}  // namespace transport
