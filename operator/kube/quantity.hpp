// Kubernetes quantities ("500m", "1.5Gi", "1e3") compared by value. Pure; safe on any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace kube {

/// The value in milli-units as a decimal integer, rounded up as the API server does with resources; nothing if the text
/// is no quantity (resource.Quantity's grammar) or its value exceeds 10^21 milli-units.
std::optional<std::string> quantity_value(std::string_view text);

}  // namespace kube
