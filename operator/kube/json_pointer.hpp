// JSON pointers (RFC 6901), put together step by step. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include <fmt/format.h>

namespace kube {

/// What a pointer goes on with to lead to a member.
inline std::string pointer_step(std::string_view member) {
  std::string step{"/"};
  for (const char c : member) {
    if (c == '~') {
      step += "~0";
    } else if (c == '/') {
      step += "~1";
    } else {
      step += c;
    }
  }
  return step;
}

/// The same for an element of a list.
inline std::string pointer_step(std::size_t index) { return fmt::format("/{}", index); }

}  // namespace kube
