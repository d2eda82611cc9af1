// What a stopping server sends to clients that must reconnect to other replicas. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

namespace server {

inline constexpr std::string_view kGoingAway = "the server is going away\n";

/// The response header that deletes the ingress's affinity cookie. With the cookie, the ingress would route a client
/// back to this replica as long as it answers the polls of its remaining clients.
/// `cross_site`: a page of another origin reads the answer. If that is another site, browsers take a cookie from it
/// only if the cookie has the attributes with which they would send it there, and those that may have it there came
/// over TLS. If it is the same site without TLS, they take it only without these attributes. So it is deleted both
/// ways.
std::string clear_cookie_header(std::string_view name, bool cross_site);

/// Whether a request's Cookie header contains the cookie (RFC 6265, section 4.2).
bool has_cookie(std::string_view cookies, std::string_view name);

}  // namespace server
