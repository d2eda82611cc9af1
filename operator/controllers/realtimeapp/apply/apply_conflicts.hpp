// What others put into a child that makes our apply invalid. An apply cannot take it away: somebody who changes the
// number of a port leaves an entry of his own beside ours, with the same name, which the API server refuses. Pure.
#pragma once

#include "operator/kube/object.hpp"

namespace controllers {

/// JSON patches (RFC 6902), which do nothing if the object has changed meanwhile; empty if nothing is in the way. First
/// the ports of `live` that are not in `desired` get names that are in nobody's way, as a Service may not lose its last
/// port; once ours are there beside them, they are removed.
nlohmann::json renaming_of_conflicting_ports(const kube::Object& desired, const kube::Object& live);
nlohmann::json removal_of_conflicting_ports(const kube::Object& desired, const kube::Object& live);

}  // namespace controllers
