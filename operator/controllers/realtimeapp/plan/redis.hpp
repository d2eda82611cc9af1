// The children that make the provisioned Redis: StatefulSet, Service, and the Secret with its password. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "operator/api/v1alpha1/realtime_app.hpp"
#include "operator/controllers/realtimeapp/observe/observed.hpp"
#include "operator/kube/workloads.hpp"

namespace controllers {

kube::StatefulSet redis_stateful_set(const api::RealtimeApp& app, const std::string& image,
                                     const std::string& credentials_digest);
kube::Service redis_service(const api::RealtimeApp& app);

/// The Secret with everything derived from this password, and the key of its digest: created, never applied.
kube::Object redis_secret(const api::RealtimeApp& app, const std::string& password, const std::string& digest_key);

/// Why the Secret cannot be used, with how to fix it; nothing for one that can, or that has yet to be created.
std::optional<Problem> problem_of(const api::RealtimeApp& app, const RedisSecret& secret);

}  // namespace controllers
