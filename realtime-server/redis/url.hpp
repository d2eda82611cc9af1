// The address of a Redis as users write it: redis://[USER[:PASSWORD]@]HOST[:PORT][/DB]. A value; safe on any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/result.hpp"

namespace redis {

struct Url {
  std::string host;  ///< a name or an address; IPv6 without its brackets
  std::uint16_t port = 6379;
  std::string user;      ///< empty: the default user
  std::string password;  ///< empty and no user: no AUTH
  int database = 0;

  /// "HOST:PORT" for messages and logs: never the user or the password. IPv6 in brackets.
  std::string address() const;
};

/// Reads a URL; user and password are percent-decoded. Fails with kInvalidInput and a message that says what to write.
/// It quotes nothing of the URL: after a typing error any part may contain the password.
core::Result<Url> parse_url(std::string_view text);

}  // namespace redis
