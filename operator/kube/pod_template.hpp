// JSON of pod templates; shared by the kinds that have one. Pure.
#pragma once

#include <nlohmann/json.hpp>

#include "operator/kube/workloads.hpp"

namespace kube {

nlohmann::json encode_pod_template(const PodTemplate& pod);

/// A map of texts as a JSON object.
nlohmann::json encode_texts(const Labels& texts);

}  // namespace kube
