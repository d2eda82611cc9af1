#include "operator/controllers/realtimeapp/observe/tls_certificate.hpp"

#include <memory>

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "tests/support/catch.hpp"

using controllers::judge_certificate;
using std::chrono::hours;

namespace {

struct Pem {
  std::string certificate;
  std::string key;
};

template <class Write>
std::string pem(Write write) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> out{BIO_new(BIO_s_mem()), &BIO_free};
  write(out.get());
  char* text = nullptr;
  const auto size = BIO_get_mem_data(out.get(), &text);
  return {text, static_cast<std::size_t>(size)};
}

/// A certificate for the host, signed by its own key, valid from and until so far from now; one of old has no other
/// name for it than its common name.
Pem make_certificate(const std::string& host, hours from, hours until, bool is_of_old = false) {
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key{EVP_EC_gen("P-256"), &EVP_PKEY_free};
  const std::unique_ptr<X509, decltype(&X509_free)> certificate{X509_new(), &X509_free};
  X509_set_version(certificate.get(), 2);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), std::chrono::seconds{from}.count());
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), std::chrono::seconds{until}.count());
  X509_set_pubkey(certificate.get(), key.get());
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate.get()), "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(host.c_str()), -1, -1, 0);
  const auto names = "DNS:" + host;
  const std::unique_ptr<X509_EXTENSION, decltype(&X509_EXTENSION_free)> extension{
      X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, names.c_str()), &X509_EXTENSION_free};
  if (!is_of_old) X509_add_ext(certificate.get(), extension.get(), -1);
  X509_sign(certificate.get(), key.get(), EVP_sha256());
  return {pem([&](BIO* out) { PEM_write_bio_X509(out, certificate.get()); }),
          pem([&](BIO* out) { PEM_write_bio_PrivateKey(out, key.get(), nullptr, nullptr, 0, nullptr, nullptr); })};
}

const auto kNow = std::chrono::system_clock::now();

}  // namespace

TEST_CASE("A certificate for the host that is valid has nothing to tell", "[unit][controllers]") {
  const auto good = make_certificate("*.example.com", hours{-24}, hours{24 * 90});
  for (const char* host : {"chat.example.com", ""}) {
    const auto verdict = judge_certificate(good.certificate, good.key, host, kNow);
    CHECK_FALSE(verdict.unreadable);
    CHECK_FALSE(verdict.invalid);
    CHECK_FALSE(verdict.expiring);
  }
}

TEST_CASE("What keeps a certificate from serving is named", "[unit][controllers]") {
  const auto good = make_certificate("chat.example.com", hours{-24}, hours{24 * 90});
  const auto other = make_certificate("chat.example.com", hours{-24}, hours{24 * 90});
  const std::string host = "chat.example.com";
  CHECK_THAT(*judge_certificate("", good.key, host, kNow).unreadable, Catch::Contains("tls.crt"));
  CHECK_THAT(*judge_certificate("no PEM", good.key, host, kNow).unreadable, Catch::Contains("tls.crt"));
  CHECK_THAT(*judge_certificate(good.certificate, "", host, kNow).unreadable, Catch::Contains("tls.key"));
  CHECK_THAT(*judge_certificate(good.certificate, other.key, host, kNow).unreadable, Catch::Contains("not the key"));
  CHECK_THAT(*judge_certificate(good.certificate, good.key, "other.example.com", kNow).invalid,
             Catch::Contains("not for other.example.com"));
  const auto of_old = make_certificate(host, hours{-24}, hours{24 * 90}, true);
  CHECK_THAT(*judge_certificate(of_old.certificate, of_old.key, host, kNow).invalid, Catch::Contains("not for"));
  const auto old = make_certificate(host, hours{-48}, hours{-24});
  CHECK_THAT(*judge_certificate(old.certificate, old.key, host, kNow).invalid, Catch::Contains("expired at"));
  const auto early = make_certificate(host, hours{24}, hours{48});
  CHECK_THAT(*judge_certificate(early.certificate, early.key, host, kNow).invalid, Catch::Contains("not valid before"));
}

TEST_CASE("A certificate that was not renewed in time is told of before it expires", "[unit][controllers]") {
  const std::string host = "chat.example.com";
  const auto warns = [&](hours from, hours until) {
    const auto certificate = make_certificate(host, from, until);
    return judge_certificate(certificate.certificate, certificate.key, host, kNow).expiring.has_value();
  };
  CHECK(warns(hours{-24 * 80}, hours{24 * 10}));
  CHECK_FALSE(warns(hours{-24 * 60}, hours{24 * 30}));
  // One that lives for six days is renewed when a quarter is left.
  CHECK_FALSE(warns(hours{-24 * 4}, hours{24 * 2}));
  CHECK(warns(hours{-24 * 5}, hours{24}));
}
