#include "operator/controllers/realtimeapp/observe/tls_certificate.hpp"

#include "tests/support/catch.hpp"
#include "tests/support/certificate.hpp"

using controllers::judge_certificate;
using std::chrono::hours;
using support::make_certificate;

namespace {

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
  // Issued just now by a node whose clock is ahead.
  const auto new_one = make_certificate(host, hours{1}, hours{24 * 90});
  CHECK_FALSE(judge_certificate(new_one.certificate, new_one.key, host, kNow + std::chrono::minutes{57}).invalid);
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
