// The server that is measured.
#pragma once

#include <cstdint>
#include <vector>

#include <sys/types.h>

#include "tests/bench/generator/protocol.hpp"

namespace bench {

struct Target {
  std::uint16_t port = 0;
  const Protocol* protocol = find_protocol("socket.io");  // over WebSockets; what polls speaks Socket.IO
  std::vector<pid_t> processes;                           // whose CPU time is measured
};

}  // namespace bench
