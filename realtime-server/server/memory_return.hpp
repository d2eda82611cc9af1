// Gives memory back to the system after a peak: malloc keeps what is freed in the middle of its heap. Owned by the
// server; one loop thread only.
#pragma once

#include <cstddef>
#include <functional>

#include "realtime-server/loop/loop.hpp"

namespace server {

class MemoryReturn {
 public:
  /// `shrink` frees what containers have kept for more elements than they have.
  MemoryReturn(loop::Loop& loop, std::function<void()> shrink);

 private:
  void look();

  std::function<void()> shrink_;
  loop::Timer timer_;
  std::size_t left_ = 0;  ///< bytes that could not be returned last time, code among them
};

}  // namespace server
