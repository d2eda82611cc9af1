#include "realtime-server/engineio/outlet.hpp"

#include <algorithm>

namespace engineio {

void FlushList::remove(Outlet& outlet) {
  std::erase(waiting_, &outlet);
  std::replace(flushing_.begin(), flushing_.end(), &outlet, static_cast<Outlet*>(nullptr));
}

void FlushList::flush_all() {
  flushing_.swap(waiting_);
  for (std::size_t i = 0; i < flushing_.size(); ++i) {
    auto* outlet = flushing_[i];
    if (outlet == nullptr) continue;
    flushing_[i] = nullptr;
    outlet->listed_ = false;
    outlet->flush();
  }
  flushing_.clear();
}

}  // namespace engineio
