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

}  // namespace engineio
