#include "realtime-server/engineio/backlog.hpp"

#include <algorithm>

namespace engineio {

/// Backlogs above half of the largest first, then above a quarter, and so on. Keeping them sorted would add cost for
/// clients that read what they are sent.
void Backlogs::cut_off_largest() {
  std::size_t most = 0;
  for (const auto& backlog : waiting_) most = std::max(most, backlog.backlog());
  while (most > 0 && is_over()) {
    most /= 2;
    List all;
    all.swap(waiting_);
    while (!all.empty()) {
      auto& backlog = all.front();
      all.pop_front();
      const auto memory = backlog.backlog();
      if (memory > most && is_over())
        backlog.cut_off();
      else if (memory > 0)
        waiting_.push_back(backlog);
    }
  }
}

}  // namespace engineio
