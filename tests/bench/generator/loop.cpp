#include "tests/bench/generator/loop.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <utility>

#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

namespace bench {

namespace {

constexpr std::size_t kBufferBytes = 256 * 1024;
// Few enough that a burst that falls due is not kept waiting behind a long list of sockets to read.
constexpr int kEventsATurn = 64;

}  // namespace

void fail(const char* what) {
  std::perror(what);
  std::exit(1);
}

std::int64_t now_ns() {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * kSecond + time.tv_nsec;
}

Loop::Loop() : epoll_(epoll_create1(EPOLL_CLOEXEC)), buffer_(kBufferBytes) {
  if (epoll_ < 0) fail("epoll_create1");
}

Loop::~Loop() { close(epoll_); }

void Loop::add(int descriptor, std::uint32_t events, Handler& handler) {
  epoll_event event{.events = events, .data = {.ptr = &handler}};
  if (epoll_ctl(epoll_, EPOLL_CTL_ADD, descriptor, &event) != 0) fail("epoll_ctl");
}

void Loop::modify(int descriptor, std::uint32_t events, Handler& handler) {
  epoll_event event{.events = events, .data = {.ptr = &handler}};
  if (epoll_ctl(epoll_, EPOLL_CTL_MOD, descriptor, &event) != 0) fail("epoll_ctl");
}

bool Loop::run_until(const std::function<bool()>& done, std::int64_t deadline) {
  std::array<epoll_event, kEventsATurn> events{};
  while (!done()) {
    const std::int64_t left = deadline - now_ns();
    if (left <= 0) return false;
    // Rounded up, so that the last millisecond is not spent spinning.
    const auto wait = static_cast<int>(std::min<std::int64_t>(left / 1'000'000 + 1, 1000));
    const int count = epoll_wait(epoll_, events.data(), kEventsATurn, wait);
    if (count < 0 && errno != EINTR) fail("epoll_wait");
    for (int i = 0; i < count; ++i) {
      const epoll_event& event = events[static_cast<std::size_t>(i)];
      static_cast<Handler*>(event.data.ptr)->on_ready(event.events);
    }
  }
  return true;
}

Timer::Timer(Loop& loop, std::function<void()> fire)
    : descriptor_(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC)), fire_(std::move(fire)) {
  if (descriptor_ < 0) fail("timerfd_create");
  loop.add(descriptor_, EPOLLIN, *this);
}

Timer::~Timer() { close(descriptor_); }

void Timer::set(std::int64_t moment) {
  const itimerspec when{.it_interval = {}, .it_value = {.tv_sec = moment / kSecond, .tv_nsec = moment % kSecond}};
  if (timerfd_settime(descriptor_, TFD_TIMER_ABSTIME, &when, nullptr) != 0) fail("timerfd_settime");
}

void Timer::on_ready(std::uint32_t /*events*/) {
  std::uint64_t times = 0;
  if (read(descriptor_, &times, sizeof times) == sizeof times) fire_();
}

}  // namespace bench
