// Manifests as tests write them: YAML text or files as objects.
#pragma once

#include <fstream>
#include <sstream>
#include <string>

#include <yaml-cpp/yaml.h>

#include "operator/kube/object.hpp"
#include "tests/support/checkout.hpp"
#include "tests/support/json.hpp"

namespace support {

/// YAML to JSON by the rules of kubectl: plain numbers and booleans keep their type, the rest is text.
inline nlohmann::json to_json(const YAML::Node& node) {
  if (node.IsMap()) {
    auto object = nlohmann::json::object();
    for (const auto& entry : node) object[entry.first.as<std::string>()] = to_json(entry.second);
    return object;
  }
  if (node.IsSequence()) {
    auto array = nlohmann::json::array();
    for (const auto& element : node) array.push_back(to_json(element));
    return array;
  }
  if (!node.IsScalar()) return nullptr;
  if (node.Tag() == "!") return node.Scalar();  // quoted
  auto parsed = nlohmann::json::parse(node.Scalar(), nullptr, false);
  return parsed.is_number() || parsed.is_boolean() ? parsed : nlohmann::json(node.Scalar());
}

inline kube::Object from_yaml(const std::string& text) { return support::object_of(to_json(YAML::Load(text))); }

inline kube::Object from_yaml_file(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream{project_root() / path}.rdbuf();
  return from_yaml(text.str());
}

}  // namespace support
