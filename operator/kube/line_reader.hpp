// Cuts a text into lines while its bytes come, and holds no more of it than one line. Pure; not shared between threads.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace kube {

class LineReader {
 public:
  /// `max_line` is in bytes, without the line's end.
  explicit LineReader(std::size_t max_line) : max_line_{max_line} {}

  /// Takes the next bytes, and calls `on_line` with each line that they complete, without its end; the line is valid
  /// for that call only. False for a line that is longer than `max_line`: nothing may be read after it.
  template <class OnLine>
  bool read(std::string_view bytes, const OnLine& on_line) {
    while (!bytes.empty()) {
      const auto end = bytes.find('\n');
      const auto piece = bytes.substr(0, end);
      if (piece.size() > max_line_ - held_.size()) return false;
      if (end == std::string_view::npos) {
        held_ += piece;
        return true;
      }
      if (held_.empty()) {
        on_line(piece);
      } else {
        const auto line = std::exchange(held_, {}).append(piece);
        on_line(std::string_view{line});
      }
      bytes.remove_prefix(end + 1);
    }
    return true;
  }

  /// Whether the bytes so far end in the middle of a line.
  bool is_within_line() const { return !held_.empty(); }

 private:
  std::size_t max_line_;
  std::string held_;  // of the line that is not complete yet
};

}  // namespace kube
