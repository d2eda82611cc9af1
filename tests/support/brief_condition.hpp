// A condition of an app in a few words, to be compared in tests.
#pragma once

#include <ostream>
#include <string>
#include <string_view>

#include "operator/api/v1alpha1/conditions.hpp"
#include "operator/api/v1alpha1/realtime_app.hpp"
#include "tests/support/catch.hpp"

namespace support {

struct Brief {
  std::string status;
  std::string reason;
  bool operator==(const Brief&) const = default;
};

inline std::ostream& operator<<(std::ostream& out, const Brief& brief) {
  return out << brief.status << "/" << brief.reason;
}

/// That condition, whose reason is of the catalogue.
inline Brief brief(const api::RealtimeAppStatus& status, std::string_view type) {
  const auto* condition = status.condition(type);
  REQUIRE(condition != nullptr);
  CHECK(api::reason::find(condition->reason) != nullptr);
  return {condition->status, condition->reason};
}

}  // namespace support
