// Secrets that an app depends on. They are got by name and never listed or watched, so what was read of one counts for
// some minutes, and for some seconds while it is not as it should be. Owned by the reconciler; what is remembered is in
// the app's memory. Writes nothing.
#pragma once

#include <chrono>
#include <optional>
#include <stop_token>

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

class SecretReader {
 public:
  /// `refresh` is for how long what was read counts.
  SecretReader(kube::Client& client, std::chrono::milliseconds refresh) : client_{client}, refresh_{refresh} {}

  /// The Secret of the app's provisioned Redis. `is_new`: the app has never been reconciled and has no children, so
  /// that the Secret is taken not to exist; creating it tells if it does.
  RedisSecret redis_secret(const api::RealtimeApp& app, bool is_new, AppMemory& memory, const std::stop_token& stop);

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
