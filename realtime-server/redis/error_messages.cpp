#include "realtime-server/redis/error_messages.hpp"

#include <algorithm>
#include <string>

#include <fmt/format.h>

namespace redis {

core::Error explain(std::string_view error) {
  const auto known = std::find_if(kRedisErrors.begin(), kRedisErrors.end(),
                                  [&](const RedisError& entry) { return error.starts_with(entry.beginning); });
  if (known != kRedisErrors.end()) return core::Error{known->kind, std::string{known->message}};
  // Redis quotes the arguments of an unknown command; those of AUTH must not be logged.
  std::string quoted{error.substr(0, std::min(error.find("with args"), std::size_t{200}))};
  std::replace_if(
      quoted.begin(), quoted.end(), [](unsigned char c) { return c < ' ' || c > '~'; }, '?');
  return core::Error{core::ErrorKind::kUnavailable, fmt::format("Redis answers: {}", quoted)};
}

}  // namespace redis
