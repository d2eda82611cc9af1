// How parts of a specification are read, for those that several of them share. Internal to this module's codec; used by
// one thread at a time.
#pragma once

#include <string>
#include <vector>

#include "operator/api/v1alpha1/field_reader.hpp"
#include "operator/api/v1alpha1/server_spec.hpp"

namespace api {

inline kube::Resources read_resources(const FieldReader& resources) {
  return {resources.texts_by_name("requests"), resources.texts_by_name("limits")};
}

/// The names in `imagePullSecrets` of an image's specification.
inline std::vector<std::string> read_pull_secrets(const FieldReader& image) {
  std::vector<std::string> names;
  for (const auto& secret : image.children("imagePullSecrets")) names.push_back(secret.text("name"));
  return names;
}

ServerSpec read_server(const FieldReader& server);
ProtocolSpec read_protocol(const FieldReader& protocol);
DrainSpec read_drain(const FieldReader& drain);

}  // namespace api
