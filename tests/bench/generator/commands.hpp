// Commands that another program writes to the generator's standard input, one a line.
#pragma once

#include <string>

#include "tests/bench/generator/loop.hpp"

namespace bench {

class Commands final : public Handler {
 public:
  explicit Commands(Loop& loop);

  void on_ready(std::uint32_t events) override;

  /// Whether there is a line, or there will be none.
  [[nodiscard]] bool ready() const { return ended_ || text_.find('\n') != std::string::npos; }
  /// The next line; empty at the end.
  std::string next();

 private:
  std::string text_;
  bool ended_ = false;
};

}  // namespace bench
