#include "operator/controllers/realtimeapp/observe/tls_certificate.hpp"

#include <algorithm>
#include <ctime>
#include <memory>

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

namespace controllers {
namespace {

template <auto kFree>
struct Free {
  template <class T>
  void operator()(T* pointer) const {
    kFree(pointer);
  }
};
using Bio = std::unique_ptr<BIO, Free<&BIO_free>>;
using Certificate = std::unique_ptr<X509, Free<&X509_free>>;
using PrivateKey = std::unique_ptr<EVP_PKEY, Free<&EVP_PKEY_free>>;

/// A certificate that is not renewed by then is told of.
constexpr std::chrono::hours kWarnBefore{14 * 24};
/// By how much the clock of another node may be ahead: a certificate that was just issued is none that begins later.
constexpr std::chrono::minutes kClockSkew{5};
/// Certificates that live for days only are renewed later.
constexpr int kWarnShare = 4;

Bio memory(const std::string& text) { return Bio{BIO_new_mem_buf(text.data(), static_cast<int>(text.size()))}; }

/// A key that is encrypted is not asked for its password.
int no_password(char*, int, int, void*) { return 0; }

core::SystemTime time_of(const ASN1_TIME* time) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return {};
  return std::chrono::system_clock::from_time_t(timegm(&parts));
}

}  // namespace

CertificateVerdict judge_certificate(const std::string& chain, const std::string& key, const std::string& host,
                                     core::SystemTime now) {
  CertificateVerdict verdict;
  const auto chain_source = memory(chain);
  const auto key_source = memory(key);
  const Certificate certificate{PEM_read_bio_X509(chain_source.get(), nullptr, &no_password, nullptr)};
  const PrivateKey private_key{PEM_read_bio_PrivateKey(key_source.get(), nullptr, &no_password, nullptr)};
  if (certificate == nullptr) {
    verdict.unreadable = "has no PEM certificate in tls.crt";
  } else if (private_key == nullptr) {
    verdict.unreadable = "has no PEM private key in tls.key";
  } else if (X509_check_private_key(certificate.get(), private_key.get()) != 1) {
    verdict.unreadable = "has a tls.key that is not the key of the certificate in tls.crt";
  }
  ERR_clear_error();
  if (verdict.unreadable) return verdict;
  const auto begins = time_of(X509_get0_notBefore(certificate.get()));
  const auto ends = time_of(X509_get0_notAfter(certificate.get()));
  // RFC 6125, 6.4.4, lets a common name do where there are no names for hosts; no client of today does.
  constexpr unsigned kNames = X509_CHECK_FLAG_NEVER_CHECK_SUBJECT;
  if (!host.empty() && X509_check_host(certificate.get(), host.data(), host.size(), kNames, nullptr) != 1) {
    verdict.invalid = fmt::format("has a certificate that is not for {}", host);
  } else if (ends <= now) {
    verdict.invalid = fmt::format("has a certificate that expired at {}", core::format_time(ends));
  } else if (begins > now + kClockSkew) {
    verdict.invalid = fmt::format("has a certificate that is not valid before {}", core::format_time(begins));
  } else if (ends - now < std::min<core::SystemTime::duration>(kWarnBefore, (ends - begins) / kWarnShare)) {
    verdict.expiring = fmt::format("has a certificate that expires at {}", core::format_time(ends));
  }
  ERR_clear_error();
  return verdict;
}

}  // namespace controllers
