// Drives the transfers for which nobody waits, watches above all: one thread, one curl multi handle, and an epoll set,
// so that what happens on one connection costs nothing for the others. Owned by the transport; safe on any thread. The
// destructor ends what is under way.
#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <thread>
#include <unordered_map>
#include <utility>

#include <curl/curl.h>

#include "operator/kube/transfer.hpp"

namespace kube {

class TransferLoop {
 public:
  /// News that comes in small pieces is looked at no more often than this: a piece costs far more than its bytes.
  static constexpr std::chrono::milliseconds kRest{50};
  /// This much since the last look is no small piece.
  static constexpr std::size_t kBulk = 64U << 10U;

  /// Finishes a transfer with the code that curl gave; called on the loop's thread.
  using Finish = std::function<void(Transfer&, CURLcode)>;

  explicit TransferLoop(Finish finish);
  ~TransferLoop();
  TransferLoop(const TransferLoop&) = delete;
  TransferLoop& operator=(const TransferLoop&) = delete;

  /// Starts a transfer that is prepared.
  void start(std::shared_ptr<Transfer> transfer) { post(Command::kStart, std::move(transfer)); }
  /// Resumes what was paused because its reader was behind.
  void resume(std::shared_ptr<Transfer> transfer) { post(Command::kResume, std::move(transfer)); }
  /// Ends it, unless it has ended already.
  void cancel(std::shared_ptr<Transfer> transfer) { post(Command::kCancel, std::move(transfer)); }

 private:
  using Clock = std::chrono::steady_clock;
  enum class Command { kStart, kResume, kCancel };

  void post(Command command, std::shared_ptr<Transfer> transfer);
  void wake() const;
  void run(const std::stop_token& stop);
  void take_commands();
  void take_finished();
  void wait();
  void rest();
  static int milliseconds_until(Clock::time_point time);
  void end(CURL* easy, CURLcode code);
  static int on_socket(CURL* easy, curl_socket_t socket, int what, void* self, void* assigned);
  static int on_timer(CURLM* multi, long milliseconds, void* self);

  Finish finish_;
  CURLM* multi_;
  int epoll_;
  int wakeup_;  // an eventfd
  // Of the loop's thread.
  Transfer::Round round_;                 // since it waited
  std::optional<Clock::time_point> due_;  // when curl wants to be called though nothing happened
  std::unordered_map<CURL*, std::shared_ptr<Transfer>> active_;

  std::mutex mutex_;
  std::deque<std::pair<Command, std::shared_ptr<Transfer>>> commands_;
  std::jthread thread_;
};

}  // namespace kube
