// Ports that others put into a child and that make our apply invalid. An apply cannot take them away: a user who
// changes the number of a port leaves an entry of their own next to ours, with the same name, which the API server
// refuses. Pure.
#pragma once

#include <string_view>

#include "operator/kube/object.hpp"

namespace controllers {

/// Whether the API server's refusal names a port whose name is there twice.
bool names_conflicting_ports(std::string_view refusal);

/// JSON patches (RFC 6902), which do nothing if the object has changed meanwhile; empty if nothing is in the way. First
/// the ports of `live` that have the name of one of ours get other names, as a Service may not lose its last port; once
/// ours are there too, they are removed. Other ports stay.
boost::json::array renaming_of_conflicting_ports(const kube::Object& desired, const kube::Object& live);
boost::json::array removal_of_renamed_ports(const kube::Object& live);

}  // namespace controllers
