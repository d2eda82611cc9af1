// What keeps a certificate from serving a host: its dates, its names, its key. Pure; OpenSSL reads it.
#pragma once

#include <optional>
#include <string>

#include "core/time.hpp"

namespace controllers {

struct CertificateVerdict {
  std::optional<std::string> unreadable;  ///< it is no certificate, or the key is not its key
  std::optional<std::string> invalid;     ///< it is not for this host, or not valid now
  std::optional<std::string> expiring;    ///< it will be invalid soon, and was not renewed though it was time
};

/// Judges the first certificate of `chain` (PEM) with its private `key` (PEM) at `now`. `host` is that of the exposure,
/// empty for every host, for which names are not checked. Sentences without a subject: "expired on …".
CertificateVerdict judge_certificate(const std::string& chain, const std::string& key, const std::string& host,
                                     core::SystemTime now);

}  // namespace controllers
