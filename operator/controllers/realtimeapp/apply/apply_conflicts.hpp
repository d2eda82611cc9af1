// Ports that others put into a child and that make our apply invalid. An apply does not take them away: a user who
// changes the number of a port leaves an entry of their own next to ours, with the same name, which the API server
// refuses. Pure.
#pragma once

#include <string_view>
#include <vector>

#include "operator/kube/managed_fields.hpp"
#include "operator/kube/object.hpp"

namespace controllers {

/// Whether the API server's refusal names a port whose name is there twice.
bool names_conflicting_ports(std::string_view refusal);

/// The ports of `live` that have the name of one of ours and are not ours. Other ports stay.
std::vector<kube::FieldPath> conflicting_ports(const kube::Object& desired, const kube::Object& live);

}  // namespace controllers
