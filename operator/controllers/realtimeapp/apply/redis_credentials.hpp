// The Secrets with the passwords of provisioned Redis: made by POST only; one that exists is read, never replaced. They
// are got by name and never listed or watched, so what is known of them is refreshed every few minutes. Owned by the
// reconciler; locks, so safe on any thread.
#pragma once

#include <chrono>
#include <map>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>

#include "operator/api/v1alpha1/realtime_app.hpp"
#include "operator/controllers/realtimeapp/observe/observed.hpp"
#include "operator/kube/client.hpp"

namespace controllers {

class RedisCredentialsStore {
 public:
  RedisCredentialsStore(kube::Client& client, std::chrono::milliseconds refresh) : client_{client}, refresh_{refresh} {}

  /// What is known of the app's credentials: nothing if the Secret does not exist. kAlreadyExists if the name belongs
  /// to somebody else's Secret. Asks the API server only when the last answer is older than the refresh time.
  core::Result<std::optional<RedisCredentials>> look_up(const api::RealtimeApp& app, const std::stop_token& stop);

  /// Makes the Secret with a new password. kAlreadyExists if one came meanwhile: look it up.
  core::Result<void> create(const api::RealtimeApp& app, const std::stop_token& stop);

  /// How long until this app's credentials are due to be looked up again.
  std::chrono::milliseconds due_in(const api::RealtimeApp& app) const;

  void forget(const kube::ObjectKey& app);

 private:
  struct Known {
    std::string app_uid;
    std::optional<RedisCredentials> credentials;
    std::chrono::steady_clock::time_point due;
  };

  core::Result<RedisCredentials> keep_identity(const api::RealtimeApp& app, const kube::Object& secret,
                                               const std::stop_token& stop);

  kube::Client& client_;
  const std::chrono::milliseconds refresh_;
  mutable std::mutex mutex_;
  std::map<kube::ObjectKey, Known> known_;
};

}  // namespace controllers
