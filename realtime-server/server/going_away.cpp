#include "realtime-server/server/going_away.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "core/affinity.hpp"

namespace server {

std::string clear_affinity_cookie_header() {
  return fmt::format("Set-Cookie: {}=; Path=/; Max-Age=0\r\n", core::kAffinityCookie);
}

bool has_affinity_cookie(std::string_view cookies) {
  while (!cookies.empty()) {
    auto pair = cookies.substr(0, cookies.find(';'));
    cookies.remove_prefix(std::min(pair.size() + 1, cookies.size()));
    pair.remove_prefix(std::min(pair.find_first_not_of(' '), pair.size()));
    if (pair.substr(0, pair.find('=')) == core::kAffinityCookie) return true;
  }
  return false;
}

}  // namespace server
