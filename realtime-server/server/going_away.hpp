// What a server that stops says to the clients that it sends to other replicas. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

#include <fmt/format.h>

#include "core/affinity.hpp"

namespace server {

inline constexpr std::string_view kGoingAway = "the server is going away\n";

/// The header that takes back the cookie of the ingress. With it the client would be brought back here as long as this
/// replica answers the polls of those that are still on it.
inline std::string forget_replica() { return fmt::format("Set-Cookie: {}=; Path=/; Max-Age=0\r\n", core::kAffinityCookie); }

}  // namespace server
