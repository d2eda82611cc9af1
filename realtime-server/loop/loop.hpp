// The event loop of a shard, over epoll: one thread that works in turns. A turn calls the owners of ready descriptors,
// then posted functions, then deadlines and timers that have passed; then `Stage::kServe`, in which clients are served,
// and last `Stage::kSend`, in which everything that the turn produced is written. Loop thread only, except Mailbox.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include <boost/intrusive/list.hpp>
#include <sys/epoll.h>

#include "realtime-server/loop/deadlines.hpp"
#include "realtime-server/loop/descriptor.hpp"
#include "realtime-server/loop/timer.hpp"

namespace loop {

/// The owner of a descriptor that the loop watches. Must call Loop::forget before it is destroyed or the descriptor is
/// closed.
class Watched {
 public:
  virtual ~Watched() = default;
  /// `events` are bits of epoll: EPOLLIN, EPOLLOUT, EPOLLERR, EPOLLHUP. Called in every turn in which one is set.
  virtual void on_ready(std::uint32_t events) = 0;
};

enum class Stage : std::uint8_t { kServe, kSend };

/// A function that runs once at the end of a turn if it was scheduled in it.
class Deferred : public boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
 public:
  Deferred(Stage stage, std::function<void()> run) : stage_{stage}, run_{std::move(run)} {}

 private:
  friend class Loop;
  Stage stage_;
  std::function<void()> run_;
};

/// Where other threads leave functions for the loop. A copy may outlive the loop; what is posted then never runs.
class Mailbox {
 public:
  /// Runs `function` in a later turn. Any thread.
  void post(std::function<void()> function) const;

 private:
  friend class Loop;
  struct State;
  std::shared_ptr<State> state_;
};

class Loop : private Watched {
 public:
  /// Throws std::system_error if the system has no descriptor left.
  Loop();
  ~Loop() override;
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  /// Runs turns until stop().
  void run();
  /// Runs one turn that waits for at most `most`. True if something happened in it.
  bool turn(std::chrono::milliseconds most);
  /// run() returns after the current turn. Loop thread only.
  void stop() { stopped_ = true; }

  /// Calls `owner` while one of `events` (EPOLLIN, EPOLLOUT; EPOLLERR and EPOLLHUP always) is set on `fd`. Throws
  /// std::system_error if the system cannot watch another descriptor.
  void watch(int fd, std::uint32_t events, Watched& owner);
  /// Changes the events of a watched descriptor.
  void change(int fd, std::uint32_t events, Watched& owner);
  /// Does not watch it any more, and calls its owner no more, also in this turn. Call it before the descriptor is
  /// closed.
  void forget(int fd, Watched& owner);

  /// Runs `deferred` at its stage of this turn. If that stage is running already, it runs in the next turn, which then
  /// waits for nothing. No effect if it is scheduled already.
  void schedule(Deferred& deferred) {
    if (!deferred.is_linked()) stages_[static_cast<std::size_t>(deferred.stage_)].push_back(deferred);
  }

  const Mailbox& mailbox() const { return mailbox_; }
  Deadlines& deadlines() { return deadlines_; }
  Timers& timers() { return timers_; }

 private:
  using Scheduled = boost::intrusive::list<Deferred, boost::intrusive::constant_time_size<false>>;

  void on_ready(std::uint32_t events) override;
  int timeout(std::chrono::milliseconds most) const;
  void run_stage(Stage stage);

  Descriptor epoll_;
  Mailbox mailbox_;
  Deadlines deadlines_;
  Timers timers_;
  std::array<Scheduled, 2> stages_;
  std::array<epoll_event, 512> ready_{};
  int ready_count_ = 0;
  int ready_at_ = 0;  ///< what comes after it has not been called yet
  bool stopped_ = false;
};

}  // namespace loop
