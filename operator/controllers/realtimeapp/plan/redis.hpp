// The children that make the provisioned Redis: StatefulSet, Service, and the Secret with its password. Pure.
#pragma once

#include <string>
#include <string_view>

#include "operator/api/v1alpha1/realtime_app.hpp"
#include "operator/controllers/realtimeapp/observe/observed.hpp"
#include "operator/kube/workloads.hpp"

namespace controllers {

kube::StatefulSet redis_stateful_set(const api::RealtimeApp& app, const std::string& image,
                                     const std::string& credentials_digest);
kube::Service redis_service(const api::RealtimeApp& app);

/// The Secret with everything derived from this password: made by POST only, never applied.
kube::Object redis_secret(const api::RealtimeApp& app, const std::string& password);
/// The part of that Secret that is kept as it should be: labels and owner, no data.
kube::Object redis_secret_identity(const api::RealtimeApp& app);

/// What a live Secret says: the digest of its password (over its Base64 text), whether a key that we rely on is
/// missing, and whether all of them have the same password.
RedisCredentials read_redis_credentials(const kube::Object& secret);

}  // namespace controllers
