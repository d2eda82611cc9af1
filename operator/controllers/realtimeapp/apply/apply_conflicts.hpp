// Fields that others put into a child and that make our apply invalid. An apply does not take them away: a user who
// changes the number of a port, or the kind of a probe, leaves an entry of their own next to ours, which the API server
// refuses. Pure.
#pragma once

#include <string_view>
#include <vector>

#include "operator/kube/managed_fields.hpp"
#include "operator/kube/object.hpp"

namespace controllers {

/// The fields that the API server's refusal names, as paths of FieldsV1 with "*" for any element of a list. None for a
/// refusal of an admission webhook, or of a change to what cannot be changed.
std::vector<kube::FieldPath> fields_named(std::string_view refusal);

/// Where what others have may be in the way of a field: in it, or beside it in what has both.
enum class Conflicts { kInFields, kBesideFields };

/// What others have in `live` that may be why these fields of `desired` are refused. For a port, in it: ports with the
/// name of one of ours, and nothing beside. Of the spec and of a container only single fields. What others have in
/// elements of lists that are not desired stays.
std::vector<kube::FieldPath> conflicting_fields(const std::vector<kube::FieldPath>& named, Conflicts where,
                                                const kube::Object& desired, const kube::Object& live);

}  // namespace controllers
