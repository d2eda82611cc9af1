// One write of what a send queue holds.
#pragma once

#include <sys/types.h>

#include "realtime-server/transport/context.hpp"

namespace transport {

/// Sends as much as the socket takes in one sendmsg and takes that out of the send queue, which must not be empty.
/// Gives the number of bytes; less than 0: none, and errno says why.
ssize_t send_some(Context& context, Socket& socket, engineio::SendQueue& send_queue);

}  // namespace transport
