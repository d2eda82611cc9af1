// What an app of the bundled server has that others have not: the server's container and its configuration. Pure.
#pragma once

#include <string>

#include "operator/api/v1alpha1/realtime_app.hpp"
#include "operator/kube/workloads.hpp"

namespace controllers {

/// The configuration, named by its content: another configuration is another ConfigMap, and pods that start again read
/// what they read before.
kube::ConfigMap server_config_map(const api::RealtimeApp& app, const api::ServerSpec& server);

/// Sets in the pod what is the bundled server's; `configuration` names its ConfigMap. `app.spec.server` is set.
void fill_server_pod(const api::RealtimeApp& app, const std::string& image, const std::string& configuration,
                     kube::PodTemplate& pod);

}  // namespace controllers
