// Certificates as a user puts them into Secrets.
#pragma once

#include <chrono>
#include <string>

namespace support {

struct Pem {
  std::string certificate;
  std::string key;
};

/// A certificate for the host, signed by its own key, valid from and until so far from now; one of old has no other
/// name for it than its common name.
Pem make_certificate(const std::string& host, std::chrono::hours from, std::chrono::hours until,
                     bool is_of_old = false);

}  // namespace support
