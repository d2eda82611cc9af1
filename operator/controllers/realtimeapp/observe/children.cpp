#include "operator/controllers/realtimeapp/observe/children.hpp"

#include <stdexcept>

#include <fmt/format.h>

namespace controllers {

namespace types = kube::types;

std::size_t child_type_index(std::string_view kind) {
  for (std::size_t i = 0; i < kChildTypes.size(); ++i)
    if (kChildTypes[i].kind == kind) return i;
  throw std::logic_error(fmt::format("{} is no kind of child", kind));
}

std::vector<ChildId> possible_children(const std::string& app) {
  return {{types::kServiceAccount.kind, app},          {types::kService.kind, app},
          {types::kService.kind, headless_name(app)},  {types::kService.kind, redis_name(app)},
          {types::kStatefulSet.kind, redis_name(app)}, {types::kDeployment.kind, app},
          {types::kPodDisruptionBudget.kind, app},     {types::kIngress.kind, app}};
}

}  // namespace controllers
