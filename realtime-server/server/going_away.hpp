// What a stopping server sends to clients that must reconnect to other replicas. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

namespace server {

inline constexpr std::string_view kGoingAway = "the server is going away\n";

/// The response header that deletes the ingress's affinity cookie. With the cookie, the ingress would route a client
/// back to this replica as long as it answers the polls of its remaining clients.
std::string clear_affinity_cookie_header();

/// Whether a request's Cookie header contains that cookie (RFC 6265, section 4.2).
bool has_affinity_cookie(std::string_view cookies);

}  // namespace server
