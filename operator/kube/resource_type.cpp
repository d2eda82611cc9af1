#include "operator/kube/resource_type.hpp"

#include <fmt/format.h>

namespace kube {

std::string ResourceType::api_version() const {
  return group.empty() ? std::string{version} : fmt::format("{}/{}", group, version);
}

std::string ResourceType::path(std::string_view name_space) const {
  const std::string root = group.empty() ? fmt::format("/api/{}", version) : fmt::format("/apis/{}/{}", group, version);
  if (name_space.empty()) return fmt::format("{}/{}", root, plural);
  return fmt::format("{}/namespaces/{}/{}", root, name_space, plural);
}

std::string ResourceType::path(std::string_view name_space, std::string_view name) const {
  return fmt::format("{}/{}", path(namespaced ? name_space : std::string_view{}), name);
}

}  // namespace kube
