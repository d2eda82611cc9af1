#include "realtime-server/transport/run_queue.hpp"

#include <algorithm>

namespace transport {
namespace {

constexpr std::size_t kBytesReadPerTurn = std::size_t{4} << 20U;
constexpr std::size_t kLeastRead = 2'048;
constexpr std::size_t kMostRead = 65'536;

}  // namespace

void RunQueue::serve_all() {
  // Those that come while others are served wait for the next turn.
  auto left = waiting_.size();
  if (left == 0) return;
  const auto packets = std::max<std::size_t>(1, kPacketsPerTurn / left);
  const auto bytes = kBytesPerTurn / left;
  read_size_ = std::clamp(kBytesReadPerTurn / left, kLeastRead, kMostRead);
  const auto end = sent_.bytes() + kBytesPerTurn;
  bool goes_on = true;  // one at least
  for (; left > 0 && !waiting_.empty() && goes_on; --left) {
    auto& served = waiting_.front();
    waiting_.pop_front();
    Share share{sent_, memory_, packets, bytes};
    served.serve(share);
    received_.relieve();
    goes_on = sent_.bytes() < end && !memory_.is_over();
  }
  // The end of the turn makes room.
  if (memory_.is_over()) sent_.wake();
  if (!waiting_.empty()) loop_.schedule(serve_);
}

}  // namespace transport
