#include "operator/controllers/realtimeapp/observe/secrets.hpp"

#include <algorithm>
#include <random>
#include <sstream>

#include <fmt/format.h>

#include "core/digest.hpp"
#include "operator/api/v1alpha1/conditions.hpp"
#include "operator/controllers/realtimeapp/observe/ownership.hpp"
#include "operator/controllers/realtimeapp/observe/tls_certificate.hpp"

namespace controllers {
namespace {

using core::ErrorKind;
using std::chrono::steady_clock;
namespace reason = api::reason;

constexpr std::string_view kKeyed = "hmac:";
/// RFC 3986 section 2.3.
constexpr const char* kUnreserved = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
// A user was told to change it, and waits.
constexpr std::chrono::seconds kRefreshProblem{10};

/// All of the time but up to this part of it, so that many apps do not ask at once.
std::chrono::milliseconds jittered(std::chrono::milliseconds time, std::chrono::milliseconds part) {
  thread_local std::minstd_rand random{std::random_device{}()};
  return time - std::chrono::milliseconds{std::uniform_int_distribution<long>{0, part.count()}(random)};
}

template <class T>
bool is_fresh(const Remembered<T>& remembered) {
  return remembered.value && remembered.due > steady_clock::now();
}

template <class T>
const T& remember(Remembered<T>& remembered, T value, bool is_well, std::chrono::milliseconds refresh) {
  const auto count_for = is_well ? refresh : std::min<std::chrono::milliseconds>(refresh, kRefreshProblem);
  remembered = {std::make_unique<T>(std::move(value)), steady_clock::now() + jittered(count_for, count_for / 10)};
  return *remembered.value;
}

std::string data_of(const kube::Object& secret, const char* key) {
  return kube::value_at<std::string>(secret.json(), {"data", key});
}

std::string text_of(const kube::Object& secret, const char* key) {
  return core::base64_decode(data_of(secret, key)).value_or("");
}

/// Whether one of the lines of redis.conf sets this password.
bool has_password(const std::string& config, const std::string& password) {
  std::istringstream lines{config};
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words{line};
    std::string directive;
    std::string value;
    if (words >> directive >> value && directive == "requirepass" && value == password) return true;
  }
  return false;
}

/// HOST:PORT of the URL of the Secret `NAME-redis` if that is a Redis of the same name in another namespace, from which
/// a copy or a backup came.
std::string endpoint_elsewhere(const kube::Object& secret, const std::string& url) {
  const auto begin = url.find_last_of('@') + 1;  // 0 if there is none
  auto endpoint = url.substr(begin, url.find('/', begin) - begin);
  const auto service = secret.name() + ".";
  const bool is_ours = endpoint.starts_with(service + secret.name_space() + ".");
  const bool is_such = endpoint.starts_with(service) && endpoint.find(".svc") != std::string::npos;
  return is_such && !is_ours ? endpoint : std::string{};
}

Problem unreadable(const std::string& name, const core::Error& error) {
  return {reason::kReadFailed, fmt::format("Secret \"{}\" cannot be read: {}", name, error.message), true};
}

}  // namespace

std::string credentials_digest(const std::string& key, const std::string& encoded_password) {
  return std::string{kKeyed} + core::keyed_digest(key, encoded_password);
}

bool is_keyed(std::string_view digest) { return digest.starts_with(kKeyed); }

RedisCredentials read_redis_credentials(const kube::Object& secret) {
  RedisCredentials credentials;
  const auto encoded = data_of(secret, kPasswordKey);
  credentials.complete =
      !encoded.empty() && !data_of(secret, kUrlKey).empty() && !data_of(secret, kRedisConfigKey).empty();
  if (!credentials.complete) return credentials;
  credentials.plain_digest = core::digest(encoded);
  credentials.digest_key = text_of(secret, kDigestKey);
  credentials.digest =
      credentials.digest_key.empty() ? credentials.plain_digest : credentials_digest(credentials.digest_key, encoded);
  const auto password = text_of(secret, kPasswordKey);
  const auto url = text_of(secret, kUrlKey);
  const bool plain = password.find_first_not_of(kUnreserved) == std::string::npos;  // in a URL as it is
  credentials.consistent = (!plain || url.find(fmt::format(":{}@", password)) != std::string::npos) &&
                           has_password(text_of(secret, kRedisConfigKey), password);
  credentials.elsewhere = endpoint_elsewhere(secret, url);
  return credentials;
}

RedisSecret SecretReader::redis_secret(const api::RealtimeApp& app, AssumedSecret assumed, AppMemory& memory,
                                       const std::stop_token& stop) {
  auto& known = memory.redis_secret;
  const bool is_assumed = known.value && known.value->is_unread;
  if (is_fresh(known) && (!is_assumed || assumed == AssumedSecret::kUnchanged)) return *known.value;
  if (!known.value && assumed == AssumedSecret::kAbsent) return {};
  if (!known.value && assumed == AssumedSecret::kUnchanged) {
    ChildState as_wanted;
    as_wanted.digest = digests_of(kube::Projection::desired(secret_identity(app))).whole;
    known = {std::make_unique<RedisSecret>(RedisSecret{.state = std::move(as_wanted), .is_unread = true}),
             steady_clock::now() + jittered(refresh_, refresh_ / 2)};
    return *known.value;
  }
  auto secret = read_redis(app, stop);
  const bool is_deleting = secret.state && secret.state->deleting;  // no news tells when it is gone
  const bool is_well = !secret.problem && secret.credentials && secret.credentials->usable() && !is_deleting;
  // One that is not there is about to be created, which is no news.
  if (secret.is_absent()) {
    known = {};
    return secret;
  }
  return remember(known, std::move(secret), is_well, refresh_);
}

RedisSecret SecretReader::read_redis(const api::RealtimeApp& app, const std::stop_token& stop) {
  const auto name = redis_name(app.key.name);
  const auto live = client_.get(kube::types::kSecret, {app.key.name_space, name}, stop);
  RedisSecret secret;
  if (!live) {
    if (live.error().kind != ErrorKind::kNotFound) secret.problem = unreadable(name, live.error());
    return secret;
  }
  const auto ownership = ownership_of(*live, app);
  if (ownership == Ownership::kForeign) {
    secret.problem = Problem{reason::kNameTaken, how_to_hand_over(*live, kube::types::kSecret, app)};
  } else if (ownership == Ownership::kLeftover) {
    secret.problem =
        Problem{reason::kReadFailed,
                fmt::format("Secret \"{}\" is still there from a deleted RealtimeApp of the same name", name), true};
  } else {
    secret.credentials = read_redis_credentials(*live);
    if (ownership == Ownership::kOurs) secret.state = reduce_secret(*live, secret_identity(app));
  }
  return secret;
}

std::optional<TlsSecret> SecretReader::tls_secret(const api::RealtimeApp& app, AppMemory& memory,
                                                  const std::stop_token& stop) {
  const auto& exposure = app.spec.exposure;
  if (exposure.type == api::ExposureType::kNone || exposure.tls_secret_name.empty()) {
    memory.tls_secret = {};
    return std::nullopt;
  }
  auto& known = memory.tls_secret;
  const bool same = known.value && known.value->name == exposure.tls_secret_name && known.value->host == exposure.host;
  if (same && is_fresh(known)) return *known.value;
  auto secret = read_tls(app, stop);
  const bool is_well = !secret.problem;
  return remember(known, std::move(secret), is_well, refresh_);
}

TlsSecret SecretReader::read_tls(const api::RealtimeApp& app, const std::stop_token& stop) {
  const auto& name = app.spec.exposure.tls_secret_name;
  TlsSecret secret{name, app.spec.exposure.host, {}, {}};
  const auto live = client_.get(kube::types::kSecret, {app.key.name_space, name}, stop);
  const auto fail = [&](std::string_view why, const std::string& message) {
    secret.problem = Problem{why, fmt::format("Secret \"{}\" of exposure.tls {}", name, message)};
    return secret;
  };
  if (!live && live.error().kind == ErrorKind::kNotFound)
    return fail(reason::kTlsSecretNotFound,
                "does not exist: create it, or let a certificate manager create it, or remove exposure.tls");
  if (!live) {
    secret.problem = unreadable(name, live.error());
    return secret;
  }
  if (const auto type = kube::value_at<std::string>(live->json(), {"type"}); type != "kubernetes.io/tls")
    return fail(reason::kTlsSecretInvalid,
                fmt::format("is of type {}: create it as kubernetes.io/tls (`kubectl create secret tls`)", type));
  const auto verdict = judge_certificate(text_of(*live, "tls.crt"), text_of(*live, "tls.key"), app.spec.exposure.host,
                                         std::chrono::system_clock::now());
  if (verdict.unreadable) return fail(reason::kTlsSecretInvalid, *verdict.unreadable);
  if (verdict.invalid)
    return fail(reason::kCertificateInvalid, *verdict.invalid + ": clients refuse to connect; replace it");
  if (verdict.expiring) secret.warning = fmt::format("Secret \"{}\" {}: renew it", name, *verdict.expiring);
  return secret;
}

std::optional<std::chrono::milliseconds> SecretReader::due_in(const api::RealtimeApp& app, const AppMemory& memory) {
  std::optional<steady_clock::time_point> due;
  if (app.spec.redis.type == api::RedisType::kProvisioned && memory.redis_secret.value) due = memory.redis_secret.due;
  if (memory.tls_secret.value) due = std::min(due.value_or(memory.tls_secret.due), memory.tls_secret.due);
  if (!due) return std::nullopt;
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(*due - steady_clock::now());
  return std::max(left, std::chrono::milliseconds{1});
}

}  // namespace controllers
