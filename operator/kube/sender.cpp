#include "operator/kube/sender.hpp"

#include <new>
#include <utility>

namespace kube {

constexpr int kLookMilliseconds = 60'000;  // curl itself asks for less where something is due

Sender::Sender() : multi_{curl_is_ready() ? curl_multi_init() : nullptr} {
  if (multi_ == nullptr) throw std::bad_alloc{};
}

Sender::~Sender() { curl_multi_cleanup(multi_); }

CURLcode Sender::carry_out(Transfer& transfer, const std::stop_token& stop) {
  const std::stop_callback wake{stop, [this] { curl_multi_wakeup(multi_); }};
  auto code = CURLE_ABORTED_BY_CALLBACK;
  curl_multi_add_handle(multi_, transfer.easy);
  while (!stop.stop_requested()) {
    int running = 0;
    curl_multi_perform(multi_, &running);
    int left = 0;
    if (const CURLMsg* message = curl_multi_info_read(multi_, &left); message != nullptr) {
      code = message->data.result;
      break;
    }
    curl_multi_poll(multi_, nullptr, 0, kLookMilliseconds, nullptr);
  }
  curl_multi_remove_handle(multi_, transfer.easy);
  return code;
}

SenderPool::Lease::Lease(SenderPool& pool) : pool_{pool} {
  {
    const std::lock_guard lock{pool.mutex_};
    if (!pool.idle_.empty()) {
      sender_ = std::move(pool.idle_.back());
      pool.idle_.pop_back();
    }
  }
  if (!sender_) sender_ = std::make_unique<Sender>();
}

SenderPool::Lease::~Lease() {
  const std::lock_guard lock{pool_.mutex_};
  pool_.idle_.push_back(std::move(sender_));
}

}  // namespace kube
