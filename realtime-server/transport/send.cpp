#include "realtime-server/transport/send.hpp"

#include <algorithm>
#include <array>

#include <sys/socket.h>

namespace transport {
namespace {

/// The most that Linux takes (UIO_MAXIOV).
constexpr std::size_t kMaxParts = 1'024;
/// Adjacent frames share a range, so this is seldom reached.
constexpr std::size_t kGathered = 256;

/// send() costs less than sendmsg(), and one part is the usual case.
ssize_t send_once(int socket, std::span<const iovec> parts) {
  constexpr int kFlags = MSG_DONTWAIT | MSG_NOSIGNAL;
  if (parts.size() == 1) return send(socket, parts.front().iov_base, parts.front().iov_len, kFlags);
  msghdr message{};
  message.msg_iov = const_cast<iovec*>(parts.data());
  message.msg_iovlen = std::min(parts.size(), kMaxParts);
  return sendmsg(socket, &message, kFlags);
}

}  // namespace

ssize_t send_parts(Context& context, int socket, std::span<const iovec> parts) {
  const auto count = send_once(socket, parts);
  if (count > 0) context.counters.bytes_out += static_cast<std::uint64_t>(count);
  return count;
}

ssize_t send_some(Context& context, int socket, engineio::SendQueue& send_queue) {
  std::array<iovec, kGathered> parts;  // NOLINT(cppcoreguidelines-pro-type-member-init): filled by gather
  const auto count = send_parts(context, socket, {parts.data(), send_queue.gather(parts)});
  if (count > 0) send_queue.consume(static_cast<std::size_t>(count));
  return count;
}

}  // namespace transport
