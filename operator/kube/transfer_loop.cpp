#include "operator/kube/transfer_loop.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <new>
#include <system_error>

#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

namespace kube {
namespace {

constexpr std::size_t kEventsAtOnce = 64;

int checked(int descriptor, const char* what) {
  if (descriptor < 0) throw std::system_error{errno, std::generic_category(), what};
  return descriptor;
}

void watch_socket(int epoll, curl_socket_t socket, std::uint32_t events) {
  epoll_event wanted{.events = events, .data = {.fd = socket}};
  // Whether it is known: curl may have closed a socket of this number, which took it out.
  if (epoll_ctl(epoll, EPOLL_CTL_MOD, socket, &wanted) != 0) epoll_ctl(epoll, EPOLL_CTL_ADD, socket, &wanted);
}

}  // namespace

TransferLoop::TransferLoop(Finish finish)
    : finish_{std::move(finish)},
      multi_{curl_is_ready() ? curl_multi_init() : nullptr},
      epoll_{checked(epoll_create1(EPOLL_CLOEXEC), "epoll_create1")},
      wakeup_{checked(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), "eventfd")} {
  if (multi_ == nullptr) throw std::bad_alloc{};
  curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, &TransferLoop::on_socket);
  curl_multi_setopt(multi_, CURLMOPT_SOCKETDATA, this);
  curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, &TransferLoop::on_timer);
  curl_multi_setopt(multi_, CURLMOPT_TIMERDATA, this);
  watch_socket(epoll_, wakeup_, EPOLLIN);
  thread_ = std::jthread{[this](const std::stop_token& stop) { run(stop); }};
}

TransferLoop::~TransferLoop() {
  thread_.request_stop();
  wake();
  thread_.join();
  curl_multi_cleanup(multi_);
  close(wakeup_);
  close(epoll_);
}

void TransferLoop::post(Command command, std::shared_ptr<Transfer> transfer) {
  {
    const std::lock_guard lock{mutex_};
    commands_.emplace_back(command, std::move(transfer));
  }
  wake();
}

void TransferLoop::wake() const {
  // It cannot fail but for a counter at its limit, which wakes the loop too.
  (void)eventfd_write(wakeup_, 1);
}

void TransferLoop::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    take_commands();
    for (auto* transfer : std::exchange(round_.told, {})) transfer->tell();
    take_finished();
    rest();
    wait();
  }
  take_commands();
  while (!active_.empty()) end(active_.begin()->first, CURLE_ABORTED_BY_CALLBACK);
}

void TransferLoop::take_commands() {
  std::deque<std::pair<Command, std::shared_ptr<Transfer>>> commands;
  {
    const std::lock_guard lock{mutex_};
    commands.swap(commands_);
  }
  for (auto& [command, transfer] : commands) {
    const bool is_active = active_.contains(transfer->easy);
    if (command == Command::kStart) {
      transfer->round = &round_;
      active_.emplace(transfer->easy, transfer);
      curl_multi_add_handle(multi_, transfer->easy);
    } else if (command == Command::kResume && is_active) {
      curl_easy_pause(transfer->easy, CURLPAUSE_CONT);
    } else if (command == Command::kCancel && is_active) {
      end(transfer->easy, CURLE_ABORTED_BY_CALLBACK);
    }
  }
}

void TransferLoop::take_finished() {
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi_, &left))
    if (message->msg == CURLMSG_DONE) end(message->easy_handle, message->data.result);
}

/// After a small piece of news, until its time is over, or something is due or was posted.
void TransferLoop::rest() {
  const auto received = std::exchange(round_.bytes, 0);
  if (received == 0 || received >= kBulk) return;
  auto until = Clock::now() + kRest;
  if (due_) until = std::min(until, *due_);
  pollfd posted{.fd = wakeup_, .events = POLLIN, .revents = 0};
  (void)poll(&posted, 1, milliseconds_until(until));
}

/// Until something happens, is due, or was posted; and has curl do what there is to do.
void TransferLoop::wait() {
  std::array<epoll_event, kEventsAtOnce> events{};
  const int count = epoll_wait(epoll_, events.data(), events.size(), due_ ? milliseconds_until(*due_) : -1);
  int running = 0;
  for (int i = 0; i < count; ++i) {
    const auto& event = events[static_cast<std::size_t>(i)];
    if (event.data.fd == wakeup_) {
      eventfd_t ignored = 0;
      (void)eventfd_read(wakeup_, &ignored);
      continue;
    }
    int mask = 0;
    if ((event.events & EPOLLIN) != 0) mask |= CURL_CSELECT_IN;
    if ((event.events & EPOLLOUT) != 0) mask |= CURL_CSELECT_OUT;
    if ((event.events & (EPOLLERR | EPOLLHUP)) != 0) mask |= CURL_CSELECT_ERR;
    curl_multi_socket_action(multi_, event.data.fd, mask, &running);
  }
  if (due_ && Clock::now() >= *due_) {
    due_.reset();
    curl_multi_socket_action(multi_, CURL_SOCKET_TIMEOUT, 0, &running);
  }
}

int TransferLoop::milliseconds_until(Clock::time_point time) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(time - Clock::now()).count();
  return static_cast<int>(std::clamp<decltype(left)>(left, 0, 60'000));
}

void TransferLoop::end(CURL* easy, CURLcode code) {
  curl_multi_remove_handle(multi_, easy);
  const auto transfer = active_.extract(easy).mapped();
  std::erase(round_.told, transfer.get());
  finish_(*transfer, code);
}

int TransferLoop::on_socket(CURL* /*easy*/, curl_socket_t socket, int what, void* self, void* /*assigned*/) {
  const int epoll = static_cast<TransferLoop*>(self)->epoll_;
  if (what == CURL_POLL_REMOVE) {
    epoll_ctl(epoll, EPOLL_CTL_DEL, socket, nullptr);
    return 0;
  }
  std::uint32_t events = 0;
  if (what != CURL_POLL_OUT) events |= EPOLLIN;
  if (what != CURL_POLL_IN) events |= EPOLLOUT;
  watch_socket(epoll, socket, events);
  return 0;
}

int TransferLoop::on_timer(CURLM* /*multi*/, long milliseconds, void* self) {
  auto& due = static_cast<TransferLoop*>(self)->due_;
  if (milliseconds < 0) {
    due.reset();
  } else {
    due = Clock::now() + std::chrono::milliseconds{milliseconds};
  }
  return 0;
}

}  // namespace kube
