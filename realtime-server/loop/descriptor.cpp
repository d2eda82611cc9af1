#include "realtime-server/loop/descriptor.hpp"

#include <unistd.h>

namespace loop {

void Descriptor::close() {
  if (const int fd = std::exchange(fd_, -1); fd >= 0) ::close(fd);
}

}  // namespace loop
