#include "realtime-server/server/origins.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

namespace server {

using transport::Request;

namespace {

/// A name of DNS has at most 253 characters. The origin is kept, and sent back, while a poll waits.
constexpr std::size_t kLongestOrigin = 300;

struct Scheme {
  std::string_view name;
  std::string_view same_as;
  std::string_view port;  ///< its own
};

constexpr std::array kSchemes{Scheme{"http", "http", "80"}, Scheme{"ws", "http", "80"}, Scheme{"https", "https", "443"},
                              Scheme{"wss", "https", "443"}};

/// Null if it has no port of its own.
const Scheme* find_scheme(std::string_view name) {
  const auto* found =
      std::find_if(kSchemes.begin(), kSchemes.end(), [name](const auto& known) { return known.name == name; });
  return found == kSchemes.end() ? nullptr : found;
}

std::string in_lower_case(std::string_view text) {
  std::string lower{text};
  for (auto& c : lower)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  return lower;
}

/// A host without this port.
std::string_view without_port(std::string_view host, std::string_view port) {
  if (!host.ends_with(port)) return host;
  const auto rest = host.substr(0, host.size() - port.size());
  return rest.ends_with(':') ? rest.substr(0, rest.size() - 1) : host;
}

bool is_own(const Request& request) {
  const auto origin = canonical_origin(*request.origin);
  const auto end = origin.find("://");
  if (end == std::string::npos || request.host.empty()) return false;
  const auto scheme = std::string_view{origin}.substr(0, end);
  const auto* found = find_scheme(scheme);
  if (found == nullptr) return false;
  if (request.secure && *request.secure != (scheme == "https")) return false;
  return std::string_view{origin}.substr(end + 3) == without_port(in_lower_case(request.host), found->port);
}

}  // namespace

std::string canonical_origin(std::string_view origin) {
  auto lower = in_lower_case(origin);
  const auto end = lower.find("://");
  if (end == std::string::npos) return lower;
  const auto scheme = std::string_view{lower}.substr(0, end);
  const auto* found = find_scheme(scheme);
  if (found == nullptr) return lower;
  return fmt::format("{}://{}", found->same_as, without_port(std::string_view{lower}.substr(end + 3), found->port));
}

Origins::Origins(const std::vector<std::string>& allowed, std::optional<bool> credentials) {
  for (const auto& origin : allowed)
    if (origin == "*")
      allows_all_ = true;
    else
      allowed_.push_back(canonical_origin(origin));
  credentials_ = credentials.value_or(!allows_all_);
}

bool Origins::is_cross_origin(const Request& request) { return request.origin && !is_own(request); }

bool Origins::allows_other(std::string_view origin) const {
  if (origin.size() > kLongestOrigin) return false;
  return allows_all_ || std::find(allowed_.begin(), allowed_.end(), canonical_origin(origin)) != allowed_.end();
}

bool Origins::allows(const Request& request) const {
  if (request.origin && request.origin->size() > kLongestOrigin) return false;
  return !is_cross_origin(request) || allows_other(*request.origin);
}

std::string Origins::headers(const Request& request) const {
  if (!is_cross_origin(request) || !allows_other(*request.origin)) return {};
  if (!credentials_ && allows_all_) return "Access-Control-Allow-Origin: *\r\n";
  return fmt::format("Access-Control-Allow-Origin: {}\r\n{}Vary: Origin\r\n", *request.origin,
                     credentials_ ? "Access-Control-Allow-Credentials: true\r\n" : "");
}

std::string Origins::preflight_headers(const Request& request) {
  return fmt::format(
      "Access-Control-Allow-Methods: GET, POST\r\nAccess-Control-Allow-Headers: {}\r\nAccess-Control-Max-Age: 600\r\n"
      "Vary: Access-Control-Request-Headers\r\n",
      request.preflight_wants.empty() ? "content-type" : request.preflight_wants);
}

}  // namespace server
