#include "realtime-server/server/drain.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/log.hpp"

namespace server {

using std::chrono::duration;
using std::chrono::milliseconds;

namespace {

constexpr milliseconds kStep{50};
/// Reserved at the end for the clients' part of the closing handshakes.
constexpr milliseconds kCloseGrace{1'000};

}  // namespace

std::size_t due_closes(const DrainConfig& config, std::size_t clients, milliseconds elapsed, milliseconds end) {
  if (elapsed >= end) return clients;
  const auto all = static_cast<double>(clients);
  const double needed = all / duration<double>(end).count();
  const double wanted =
      config.max_disconnects_per_minute == 0 ? needed : static_cast<double>(config.max_disconnects_per_minute) / 60.0;
  const double due = std::max(needed, wanted) * duration<double>(elapsed).count();
  return static_cast<std::size_t>(std::min(all, std::ceil(due)));
}

Drain::Drain(Shard& shard, const DrainConfig& config, std::function<void()> done)
    : shard_{shard}, config_{config}, done_{std::move(done)}, timer_{shard.loop().timers(), [this] {
                                                                       (this->*next_)();
                                                                     }} {}

void Drain::after(milliseconds delay, void (Drain::*then)()) {
  next_ = then;
  timer_.start(delay);
}

void Drain::start() {
  shard_.set_draining();
  core::log(core::LogLevel::kInfo, "draining",
            {{"clients", static_cast<std::int64_t>(shard_.clients())},
             {"propagationDelayMs", static_cast<std::int64_t>(config_.propagation_delay.count())},
             {"deadlineMs", static_cast<std::int64_t>(config_.deadline.count())}});
  after(config_.propagation_delay, &Drain::begin_closing);
}

void Drain::begin_closing() {
  shard_.refuse_handshakes();
  closing_since_ = loop::Clock::now();
  clients_ = shard_.clients();
  close_some();
}

void Drain::close_some() {
  const auto elapsed = std::chrono::duration_cast<milliseconds>(loop::Clock::now() - closing_since_);
  const auto end = config_.deadline - config_.propagation_delay - kCloseGrace;
  const auto due = due_closes(config_, clients_, elapsed + kStep, end);
  while (closed_ < due && shard_.clients() > 0) {
    shard_.close_oldest(engineio::CloseReason::kDrain);
    ++closed_;
  }
  if (shard_.clients() > 0) return after(kStep, &Drain::close_some);
  closed_at_ = loop::Clock::now();
  const duration<double> took = closed_at_ - closing_since_;
  core::log(core::LogLevel::kInfo, "all clients are closed",
            {{"clients", static_cast<std::int64_t>(closed_)}, {"seconds", took.count()}});
  wait_for_the_last();
}

/// Waits for closing handshakes and answers in flight, but not for idle connections that a proxy keeps open.
void Drain::wait_for_the_last() {
  if (shard_.sockets() > 0 && loop::Clock::now() - closed_at_ < kCloseGrace)
    return after(kStep, &Drain::wait_for_the_last);
  done_();
}

}  // namespace server
