// Fields that others put into a child and that make our apply invalid. An apply does not take them away: a user who
// changes the number of a port, or the kind of a probe, leaves an entry of their own next to ours, which the API server
// refuses. Pure.
#pragma once

#include <string_view>
#include <vector>

#include "operator/kube/managed_fields.hpp"
#include "operator/kube/object.hpp"

namespace controllers {

/// Where the fields stand that the API server's refusal names, as paths of FieldsV1 with "*" for each element of a
/// list; each leads to what has the field, so that what stands beside it is below. Nothing for a refusal of an
/// admission webhook, or of a change to what cannot be changed.
std::vector<kube::FieldPath> places_named(std::string_view refusal);

/// What is in `live` at these places, is not ours, and cannot be there together with what is desired: ports with the
/// name of one of ours, and any field beside ours. What others have elsewhere stays.
std::vector<kube::FieldPath> conflicting_fields(const std::vector<kube::FieldPath>& places, const kube::Object& desired,
                                                const kube::Object& live);

}  // namespace controllers
