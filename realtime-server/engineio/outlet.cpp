#include "realtime-server/engineio/outlet.hpp"

#include <algorithm>
#include <utility>

namespace engineio {

void FlushList::remove(Outlet& outlet) {
  std::erase(waiting_, &outlet);
  std::replace(flushing_.begin(), flushing_.end(), &outlet, static_cast<Outlet*>(nullptr));
}

void FlushList::flush_all() {
  flushing_.swap(waiting_);
  for (auto& place : flushing_) {
    auto* outlet = std::exchange(place, nullptr);
    if (outlet == nullptr) continue;  // destroyed meanwhile
    outlet->listed_ = false;
    outlet->flush();
  }
  flushing_.clear();
}

void Outlet::send_shared(std::span<const Range> frames, std::span<const iovec> parts, std::size_t bytes) {
  if (overflowed_ || ended_) return;
  auto sent = listed_ || !send_queue_.empty() ? 0 : send_now(parts);
  if (sent == bytes) return;
  for (const auto& range : frames) {
    const auto done = std::min<std::size_t>(sent, range.length);
    sent -= done;
    if (done == range.length) continue;
    const auto skipped = static_cast<std::uint32_t>(done);
    send({range.chunk, range.offset + skipped, range.length - skipped});
  }
}

}  // namespace engineio
