#include "realtime-server/server/memory_return.hpp"

#include <algorithm>
#include <fstream>
#include <utility>

#include <malloc.h>
#include <unistd.h>

namespace server {
namespace {

constexpr std::chrono::seconds kInterval{10};
/// Less is not worth the system calls.
constexpr std::size_t kWorthReturning = std::size_t{8} << 20U;

/// The process's resident memory without what malloc has given out, in bytes.
std::size_t unused_memory() {
  std::size_t pages = 0;
  std::ifstream{"/proc/self/statm"} >> pages >> pages;  // size, resident
  const auto resident = pages * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  const auto heap = mallinfo2();
  return resident - std::min(resident, heap.uordblks + heap.hblkhd);
}

}  // namespace

MemoryReturn::MemoryReturn(loop::Loop& loop, std::function<void()> shrink)
    : shrink_{std::move(shrink)}, timer_{loop.timers(), [this] { look(); }} {
  timer_.start(kInterval);
}

void MemoryReturn::look() {
  if (unused_memory() > left_ + kWorthReturning) {
    shrink_();
    malloc_trim(0);
    left_ = unused_memory();
  }
  timer_.start(kInterval);
}

}  // namespace server
