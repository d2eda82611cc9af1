// JSON of pod templates; shared by the kinds that have one. Pure.
#pragma once

#include "operator/kube/workloads.hpp"

namespace kube {

/// The value lives in the memory `in`, as everything that is put into one document has to.
Json encode_pod_template(const PodTemplate& pod, const boost::json::storage_ptr& in);

/// A map of texts as a JSON object.
Json encode_texts(const Labels& texts, const boost::json::storage_ptr& in);

}  // namespace kube
