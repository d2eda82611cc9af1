#include "realtime-server/server/memory_return.hpp"

#include <algorithm>
#include <fstream>
#include <utility>

#include <malloc.h>
#include <unistd.h>

namespace server {
namespace {

constexpr std::chrono::seconds kInterval{10};
/// Less than this, or than a sixteenth of what is in use, is not worth a walk through malloc's heap.
constexpr std::size_t kWorthReturning = std::size_t{1} << 20U;

/// Of the process's resident memory, in bytes.
struct Memory {
  std::size_t used = 0;    ///< malloc has given out
  std::size_t unused = 0;  ///< the rest, code among it
};

Memory memory() {
  std::size_t pages = 0;
  std::ifstream{"/proc/self/statm"} >> pages >> pages;  // size, resident
  const auto resident = pages * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  const auto heap = mallinfo2();
  const auto used = std::min(resident, heap.uordblks + heap.hblkhd);
  return {used, resident - used};
}

}  // namespace

MemoryReturn::MemoryReturn(loop::Loop& loop, std::function<void()> shrink)
    : shrink_{std::move(shrink)}, timer_{loop.timers(), [this] { look(); }} {
  timer_.start(kInterval);
}

void MemoryReturn::look() {
  const auto now = memory();
  if (now.unused > left_ + std::max(kWorthReturning, now.used / 16)) {
    shrink_();
    malloc_trim(0);
    left_ = memory().unused;
  }
  timer_.start(kInterval);
}

}  // namespace server
