// Writes the content of a send queue to a socket.
#pragma once

#include <span>

#include <sys/types.h>
#include <sys/uio.h>

#include "realtime-server/transport/context.hpp"

namespace transport {

/// Sends as much of these bytes as the socket accepts in one system call. Returns the number of bytes, or less than 0
/// and sets errno.
ssize_t send_parts(Context& context, int socket, std::span<const iovec> parts);

/// Sends as much as the socket accepts in one system call and removes it from the send queue, which must not be empty.
/// Returns the number of bytes, or less than 0 and sets errno.
ssize_t send_some(Context& context, int socket, engineio::SendQueue& send_queue);

}  // namespace transport
