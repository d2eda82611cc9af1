#include "operator/controllers/realtimeapp/apply/redis_credentials.hpp"

#include <algorithm>
#include <random>

#include <fmt/format.h>

#include "core/digest.hpp"
#include "operator/controllers/realtimeapp/apply/adoption.hpp"
#include "operator/controllers/realtimeapp/observe/children.hpp"
#include "operator/controllers/realtimeapp/plan/redis.hpp"
#include "operator/kube/ownership.hpp"

namespace controllers {
namespace {

using core::ErrorKind;
using core::Result;

constexpr std::size_t kPasswordBytes = 24;
// Somebody was told to delete it, and waits.
constexpr std::chrono::seconds kRefreshIncomplete{10};

/// Between nine tenths of the time and all of it, so that many apps do not ask at once.
std::chrono::milliseconds jittered(std::chrono::milliseconds time) {
  thread_local std::minstd_rand random{std::random_device{}()};
  return time - std::chrono::milliseconds{std::uniform_int_distribution<long>{0, time.count() / 10}(random)};
}

}  // namespace

Result<std::optional<RedisCredentials>> RedisCredentialsStore::look_up(const api::RealtimeApp& app,
                                                                       const std::stop_token& stop) {
  {
    const std::lock_guard lock{mutex_};
    const auto found = known_.find(app.key);
    const bool fresh = found != known_.end() && found->second.app_uid == app.uid && found->second.credentials &&
                       found->second.due > std::chrono::steady_clock::now();
    if (fresh) return found->second.credentials;
  }
  std::optional<RedisCredentials> credentials;
  const auto secret = client_.get(kube::types::kSecret, {app.key.name_space, redis_name(app.key.name)}, stop);
  if (secret) {
    auto kept = keep_identity(app, *secret, stop);
    if (!kept) return tl::unexpected(kept.error());
    credentials = std::move(*kept);
  } else if (secret.error().kind != ErrorKind::kNotFound) {
    return core::fail(secret.error(), "reading the Redis credentials");
  }
  const std::lock_guard lock{mutex_};
  const bool whole = !credentials || credentials->usable();
  const auto refresh = whole ? refresh_ : std::min<std::chrono::milliseconds>(refresh_, kRefreshIncomplete);
  known_[app.key] = {app.uid, credentials, std::chrono::steady_clock::now() + jittered(refresh)};
  return credentials;
}

/// Labels and owner are kept as for every other child; the data is the Secret's own.
Result<RedisCredentials> RedisCredentialsStore::keep_identity(const api::RealtimeApp& app, const kube::Object& secret,
                                                              const std::stop_token& stop) {
  if (auto adopted = adopt(client_, kube::types::kSecret, secret, app, stop); !adopted)
    return tl::unexpected(adopted.error());
  const auto wanted = redis_secret_identity(app);
  const auto live = kube::projection_digest(kube::owned_fields(secret, kube::kFieldManager));
  if (live != kube::projection_digest(kube::desired_fields(wanted))) {
    if (const auto applied = client_.apply(kube::types::kSecret, wanted, stop); !applied)
      return core::fail(applied.error(), "keeping the Redis credentials");
  }
  return read_redis_credentials(secret);
}

Result<void> RedisCredentialsStore::create(const api::RealtimeApp& app, const std::stop_token& stop) {
  const auto created = client_.create(kube::types::kSecret, redis_secret(app, core::random_hex(kPasswordBytes)), stop);
  if (!created && created.error().kind != ErrorKind::kAlreadyExists)
    return core::fail(created.error(), "making the Redis credentials");
  return {};
}

std::chrono::milliseconds RedisCredentialsStore::due_in(const api::RealtimeApp& app) const {
  const std::lock_guard lock{mutex_};
  const auto found = known_.find(app.key);
  if (found == known_.end()) return refresh_;
  const auto left =
      std::chrono::duration_cast<std::chrono::milliseconds>(found->second.due - std::chrono::steady_clock::now());
  return std::max(left, std::chrono::milliseconds{1});
}

void RedisCredentialsStore::forget(const kube::ObjectKey& app) {
  const std::lock_guard lock{mutex_};
  known_.erase(app);
}

}  // namespace controllers
