// The cookie by which an ingress brings a client back to its replica. The operator has the ingress make it, the server
// takes it back when it sends its clients away. A constant; any thread.
#pragma once

#include <string_view>

namespace core {

inline constexpr std::string_view kAffinityCookie = "realtime-replica";

}  // namespace core
