// What one client has received of a numbered sequence: finds what is missing, came twice, or came out of order.
#pragma once

#include <cstdint>
#include <set>

namespace bench {

struct Faults {
  std::int64_t missing = 0;
  std::int64_t duplicate = 0;
  std::int64_t reordered = 0;  // came after one that was sent later
  std::int64_t corrupt = 0;    // not what was sent

  Faults& operator+=(const Faults& other);
  [[nodiscard]] bool any() const { return missing + duplicate + reordered + corrupt > 0; }
};

class Ledger {
 public:
  /// One message has come; numbers start with 0.
  void note(std::int64_t number) {
    if (number == next_ && early_.empty()) {
      ++next_;
    } else {
      note_odd(number);
    }
  }
  /// The number that is due, if nothing odd is outstanding; else -1.
  [[nodiscard]] std::int64_t due() const { return early_.empty() ? next_ : -1; }
  /// The next `count` messages have come in order; only while due() is one.
  void note_run(std::int64_t count) { next_ += count; }
  void note_corrupt() { ++faults_.corrupt; }

  /// The number of different messages that have come.
  [[nodiscard]] std::int64_t received() const { return next_ + static_cast<std::int64_t>(early_.size()); }
  /// The faults, if `sent` messages were sent.
  [[nodiscard]] Faults faults(std::int64_t sent) const;

 private:
  void note_odd(std::int64_t number);

  std::int64_t next_ = 0;         // all before it have come
  std::set<std::int64_t> early_;  // those after it that have come
  Faults faults_;
};

}  // namespace bench
