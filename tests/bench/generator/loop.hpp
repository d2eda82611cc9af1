// The generator's event loop: epoll, one thread, one read buffer for all.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

namespace bench {

/// CLOCK_MONOTONIC in nanoseconds.
std::int64_t now_ns();

inline constexpr std::int64_t kSecond = 1'000'000'000;

class Handler {
 public:
  virtual ~Handler() = default;
  virtual void on_ready(std::uint32_t events) = 0;
};

class Loop {
 public:
  Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;
  ~Loop();

  /// Watches a descriptor; closing it ends that. The handler outlives the loop's next turn.
  void add(int descriptor, std::uint32_t events, Handler& handler);
  void modify(int descriptor, std::uint32_t events, Handler& handler);

  /// Turns until `done` holds (true) or the clock has passed `deadline` (false).
  bool run_until(const std::function<bool()>& done, std::int64_t deadline);

  /// A buffer for handlers to read into; its content is lost after the handler returned.
  std::span<char> buffer() { return buffer_; }

 private:
  int epoll_;
  std::vector<char> buffer_;
};

/// Fires once at a moment of now_ns(), as exactly as the kernel can.
class Timer final : public Handler {
 public:
  Timer(Loop& loop, std::function<void()> fire);
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;
  ~Timer() override;

  void set(std::int64_t moment);
  void on_ready(std::uint32_t events) override;

 private:
  int descriptor_;
  std::function<void()> fire_;
};

/// Ends the program with a message about the system call that failed.
[[noreturn]] void fail(const char* what);

}  // namespace bench
