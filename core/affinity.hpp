// The cookie by which an ingress routes a client back to its replica. The operator configures the ingress to set it, by
// a name of its own for each app, which begins with this one; the server deletes it when it disconnects its clients. A
// constant; any thread.
#pragma once

#include <string_view>

namespace core {

inline constexpr std::string_view kAffinityCookie = "realtime-replica";

}  // namespace core
