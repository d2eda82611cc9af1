#include "realtime-server/loop/loop.hpp"

#include <algorithm>
#include <cerrno>
#include <mutex>
#include <system_error>
#include <utility>
#include <vector>

#include <sys/eventfd.h>
#include <unistd.h>

namespace loop {
namespace {

[[noreturn]] void fail(const char* what) { throw std::system_error{errno, std::generic_category(), what}; }

int opened(int fd, const char* what) {
  if (fd < 0) fail(what);
  return fd;
}

}  // namespace

struct Mailbox::State {
  std::mutex mutex;
  std::vector<std::function<void()>> functions;
  Descriptor event{opened(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC), "eventfd")};
};

void Mailbox::post(std::function<void()> function) const {
  const std::lock_guard lock{state_->mutex};
  state_->functions.push_back(std::move(function));
  const std::uint64_t one = 1;
  // It fails only if the loop is to be woken already.
  if (write(state_->event.get(), &one, sizeof one) < 0) return;
}

Loop::Loop() : epoll_{opened(epoll_create1(EPOLL_CLOEXEC), "epoll_create1")} {
  mailbox_.state_ = std::make_shared<Mailbox::State>();
  watch(mailbox_.state_->event.get(), EPOLLIN, *this);
}

Loop::~Loop() {
  for (auto& stage : stages_) stage.clear();
}

void Loop::run() {
  while (!stopped_) turn(std::chrono::hours{1});
}

/// In milliseconds, rounded up: none is called too early.
int Loop::timeout(std::chrono::milliseconds most) const {
  const auto is_empty = [](const Scheduled& stage) { return stage.empty(); };
  if (!std::all_of(stages_.begin(), stages_.end(), is_empty)) return 0;
  const auto due = std::min(deadlines_.next(), timers_.next());
  if (due == Clock::time_point::max()) return static_cast<int>(most.count());
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(due - Clock::now());
  return static_cast<int>(std::clamp(left, std::chrono::milliseconds{0}, most).count());
}

bool Loop::turn(std::chrono::milliseconds most) {
  const int count = epoll_wait(epoll_.get(), ready_.data(), static_cast<int>(ready_.size()), timeout(most));
  if (count < 0 && errno != EINTR) fail("epoll_wait");
  ready_count_ = std::max(count, 0);
  bool happened = ready_count_ > 0;
  for (ready_at_ = 0; ready_at_ < ready_count_; ++ready_at_) {
    const auto& event = ready_[static_cast<std::size_t>(ready_at_)];
    if (event.data.ptr != nullptr) static_cast<Watched*>(event.data.ptr)->on_ready(event.events);
  }
  ready_count_ = 0;
  const auto now = Clock::now();
  happened |= deadlines_.next() <= now || timers_.next() <= now;
  deadlines_.expire(now);
  timers_.expire(now);
  for (const auto stage : {Stage::kServe, Stage::kSend}) {
    happened |= !stages_[static_cast<std::size_t>(stage)].empty();
    run_stage(stage);
  }
  return happened;
}

void Loop::run_stage(Stage stage) {
  Scheduled running;
  running.swap(stages_[static_cast<std::size_t>(stage)]);
  while (!running.empty()) {
    auto& deferred = running.front();
    running.pop_front();
    deferred.run_();
  }
}

/// Something was posted.
void Loop::on_ready(std::uint32_t) {
  std::uint64_t ignored = 0;
  if (read(mailbox_.state_->event.get(), &ignored, sizeof ignored) < 0) return;
  std::vector<std::function<void()>> functions;
  {
    const std::lock_guard lock{mailbox_.state_->mutex};
    functions.swap(mailbox_.state_->functions);
  }
  for (const auto& function : functions) function();
}

void Loop::watch(int fd, std::uint32_t events, Watched& owner) {
  epoll_event event{.events = events, .data = {.ptr = &owner}};
  if (epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0) fail("epoll_ctl");
}

void Loop::change(int fd, std::uint32_t events, Watched& owner) {
  epoll_event event{.events = events, .data = {.ptr = &owner}};
  if (epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, fd, &event) != 0) fail("epoll_ctl");
}

void Loop::forget(int fd, Watched& owner) {
  epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);
  for (int i = ready_at_ + 1; i < ready_count_; ++i) {
    auto& event = ready_[static_cast<std::size_t>(i)];
    if (event.data.ptr == &owner) event.data.ptr = nullptr;
  }
}

}  // namespace loop
