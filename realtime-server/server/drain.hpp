// Moves the clients of a stopping server to other replicas: waits until new clients no longer arrive, then closes the
// connected ones at an even rate. Owned by the server; one loop thread only.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>

#include "realtime-server/server/config.hpp"
#include "realtime-server/server/shard.hpp"

namespace server {

/// How many of `clients` must be closed `elapsed` after the first, so that the last is closed at `end`: at the
/// configured rate, or a higher one if that would take too long. Pure.
std::size_t due_closes(const DrainConfig& config, std::size_t clients, std::chrono::milliseconds elapsed,
                       std::chrono::milliseconds end);

class Drain {
 public:
  /// `done` is called when no clients are left, or at the deadline.
  Drain(Shard& shard, const DrainConfig& config, std::function<void()> done);

  void start();
  void cancel() { timer_.stop(); }

 private:
  void begin_closing();
  void close_some();
  void wait_for_the_last();
  void after(std::chrono::milliseconds delay, void (Drain::*then)());

  Shard& shard_;
  DrainConfig config_;
  std::function<void()> done_;
  void (Drain::*next_)() = nullptr;  ///< what the timer waits for
  loop::Timer timer_;
  loop::Clock::time_point closing_since_;
  loop::Clock::time_point closed_at_;  ///< when the last client was closed
  std::size_t clients_ = 0;            ///< when the closing began
  std::size_t closed_ = 0;
};

}  // namespace server
