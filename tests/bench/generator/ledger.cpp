#include "tests/bench/generator/ledger.hpp"

namespace bench {

Faults& Faults::operator+=(const Faults& other) {
  missing += other.missing;
  duplicate += other.duplicate;
  reordered += other.reordered;
  corrupt += other.corrupt;
  return *this;
}

void Ledger::note_odd(std::int64_t number) {
  if (number < next_ || early_.contains(number)) {
    ++faults_.duplicate;
    return;
  }
  if (!early_.empty() && number < *early_.rbegin()) ++faults_.reordered;
  early_.insert(number);
  while (!early_.empty() && *early_.begin() == next_) {
    early_.erase(early_.begin());
    ++next_;
  }
}

Faults Ledger::faults(std::int64_t sent) const {
  Faults result = faults_;
  result.missing = sent - received();
  return result;
}

}  // namespace bench
