// A wait that a stop request ends. Stateless; safe on any thread, which it blocks.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <stop_token>

namespace runtime {

/// Waits for `delay`, or returns at once when `stop` is requested.
inline void pause(const std::stop_token& stop, std::chrono::milliseconds delay) {
  std::mutex mutex;
  std::condition_variable_any condition;
  std::unique_lock lock{mutex};
  condition.wait_for(lock, stop, delay, [] { return false; });
}

}  // namespace runtime
