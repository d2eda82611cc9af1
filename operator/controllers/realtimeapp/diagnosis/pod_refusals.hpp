// Why the API server refuses to make a pod: a quota, a LimitRange, a Pod Security level, an admission policy.
// Stateless; the look-up blocks the worker that it is called on.
#pragma once

#include <stop_token>
#include <string>

#include "operator/kube/client.hpp"
#include "operator/kube/uid.hpp"

namespace controllers {

/// What is said of the cause in these words of a workload's controller, which begin with the name of a pod.
std::string refusal_in(const std::string& words);

/// Why no pod of this StatefulSet could be made, by the Events of its controller: it has no condition for that, as a
/// Deployment has. Nothing if none is told, or Events may not be read; fails as `Client::list` does.
core::Result<std::string> find_pod_refusal(kube::Client& client, const kube::ObjectKey& set, const kube::Uid& uid,
                                           const std::stop_token& stop);

}  // namespace controllers
