// What a server that stops says to the clients that it sends to other replicas. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

namespace server {

inline constexpr std::string_view kGoingAway = "the server is going away\n";

/// The header that takes back the cookie of the ingress. With it a client would be brought back here as long as this
/// replica answers the polls of those that are still on it.
std::string clear_affinity_cookie_header();

/// Whether that cookie is among those of a request (the header Cookie; RFC 6265, section 4.2).
bool has_affinity_cookie(std::string_view cookies);

}  // namespace server
