// The text of a configuration file: checked, prepared for yaml-cpp, and able to report positions in the original file.
// Created by the configuration's reader at start-up; pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"

namespace server {

/// The largest file that is read, in bytes.
inline constexpr std::size_t kMaxConfigBytes = 1 << 20;

/// A position as yaml-cpp counts: from zero, columns in bytes.
struct Place {
  int line = 0;
  int column = 0;
  friend auto operator<=>(const Place&, const Place&) = default;
};

class ConfigText {
 public:
  /// Fails with kInvalidInput if the text is too large, not UTF-8, or contains control characters other than tab and
  /// line ends. `file` is the name in messages.
  static core::Result<ConfigText> check(std::string_view text, std::string_view file);

  /// The text for yaml-cpp.
  std::string_view yaml() const { return yaml_; }

  /// "FILE:LINE:COLUMN", both from one, columns in characters.
  std::string described(const Place& place) const;

  /// A kInvalidInput error with the position and the problem.
  tl::unexpected<core::Error> fail(const Place& place, std::string_view problem) const;

 private:
  ConfigText(std::string_view text, std::string_view file);
  void join_surrogates(std::string_view text);

  std::string file_;
  std::string yaml_;
  std::vector<std::size_t> shortened_;  ///< positions in yaml_ that are two characters shorter than in the file
};

}  // namespace server
