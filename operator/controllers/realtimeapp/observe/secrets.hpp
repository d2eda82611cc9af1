// Secrets that an app depends on. They are got by name and never listed or watched, so what was read of one counts for
// some minutes, and for some seconds while it is not as it should be. Owned by the reconciler; what is remembered is in
// the app's memory. Writes nothing.
#pragma once

#include <chrono>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "operator/api/v1alpha1/realtime_app.hpp"
#include "operator/controllers/realtimeapp/observe/app_memory.hpp"
#include "operator/controllers/realtimeapp/observe/observed.hpp"
#include "operator/kube/client.hpp"

namespace controllers {

/// What a live Secret says of the credentials of Redis: the digests of its password, whether a key that we rely on is
/// missing, whether all of them have the same password, and whether they lead to another namespace. Pure.
RedisCredentials read_redis_credentials(const kube::Object& secret);

/// The digest of a password (as Base64 text) that pods carry, so that they are replaced when it changes. Pure.
std::string credentials_digest(const std::string& key, const std::string& encoded_password);

/// Whether it is such a one: pods of older versions carry a digest of the password alone.
bool is_keyed(std::string_view digest);

/// What may be assumed of the Secret of an app's Redis while it has not been read.
enum class AssumedSecret {
  kNothing,
  kAbsent,     ///< the app is new: creating the Secret tells if there is one
  kUnchanged,  ///< an earlier leader could use it: it counts for a while, as if it had been read now
};

class SecretReader {
 public:
  /// `refresh` is for how long what was read counts.
  SecretReader(kube::Client& client, std::chrono::milliseconds refresh) : client_{client}, refresh_{refresh} {}

  /// The Secret of the app's provisioned Redis.
  RedisSecret redis_secret(const api::RealtimeApp& app, AssumedSecret assumed, AppMemory& memory,
                           const std::stop_token& stop);

  /// The Secret that the app's exposure names for TLS; nothing if it names none.
  std::optional<TlsSecret> tls_secret(const api::RealtimeApp& app, AppMemory& memory, const std::stop_token& stop);

  /// How long until one of the app's Secrets is due to be read again; nothing if none is.
  static std::optional<std::chrono::milliseconds> due_in(const api::RealtimeApp& app, const AppMemory& memory);

 private:
  RedisSecret read_redis(const api::RealtimeApp& app, const std::stop_token& stop);
  TlsSecret read_tls(const api::RealtimeApp& app, const std::stop_token& stop);

  kube::Client& client_;
  const std::chrono::milliseconds refresh_;
};

}  // namespace controllers
