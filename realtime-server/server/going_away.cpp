#include "realtime-server/server/going_away.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace server {

std::string clear_cookie_header(std::string_view name, bool cross_site) {
  const auto deleted = fmt::format("Set-Cookie: {}=; Path=/; Max-Age=0", name);
  return cross_site ? fmt::format("{0}\r\n{0}; SameSite=None; Secure\r\n", deleted) : deleted + "\r\n";
}

bool has_cookie(std::string_view cookies, std::string_view name) {
  while (!cookies.empty()) {
    auto pair = cookies.substr(0, cookies.find(';'));
    cookies.remove_prefix(std::min(pair.size() + 1, cookies.size()));
    pair.remove_prefix(std::min(pair.find_first_not_of(' '), pair.size()));
    if (pair.substr(0, pair.find('=')) == name) return true;
  }
  return false;
}

}  // namespace server
