#include "realtime-server/server/origins.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace server {
namespace {

bool equals_ignoring_case(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [&](char x, char y) { return lower(x) == lower(y); });
}

bool is_own(std::string_view origin, std::string_view host) {
  const auto scheme = origin.find("://");
  return scheme != std::string_view::npos && !host.empty() && equals_ignoring_case(origin.substr(scheme + 3), host);
}

}  // namespace

bool Origins::allows(std::optional<std::string_view> origin, std::string_view host) const {
  if (!origin || is_own(*origin, host)) return true;
  return std::any_of(allowed_.begin(), allowed_.end(),
                     [&](const auto& allowed) { return allowed == "*" || equals_ignoring_case(allowed, *origin); });
}

std::string Origins::headers(std::optional<std::string_view> origin, std::string_view host) const {
  if (!origin || is_own(*origin, host) || !allows(origin, host)) return {};
  return fmt::format("Access-Control-Allow-Origin: {}\r\nAccess-Control-Allow-Credentials: true\r\nVary: Origin\r\n",
                     *origin);
}

}  // namespace server
