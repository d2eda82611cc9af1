// Objects as tests write, read and edit them: with nlohmann::json, whose values are easier to put together and compare.
#pragma once

#include <initializer_list>

#include <nlohmann/json.hpp>

#include "operator/kube/object.hpp"

namespace support {

inline nlohmann::json json_of(const kube::Json& value) { return nlohmann::json::parse(kube::text_of(value)); }
inline nlohmann::json json_of(const kube::Object& object) { return json_of(object.json()); }

inline kube::Json kube_json(const nlohmann::json& value) {
  if (value.is_object()) {
    boost::json::object object;
    for (const auto& [name, inner] : value.items()) object[name] = kube_json(inner);
    return object;
  }
  if (value.is_array()) {
    boost::json::array array;
    for (const auto& inner : value) array.push_back(kube_json(inner));
    return array;
  }
  if (value.is_string()) return kube::Json(value.get_ref<const std::string&>());
  if (value.is_boolean()) return value.get<bool>();
  if (value.is_number_unsigned()) return value.get<std::uint64_t>();
  if (value.is_number_integer()) return value.get<std::int64_t>();
  if (value.is_number()) return value.get<double>();
  return nullptr;
}
inline kube::Object object_of(const nlohmann::json& value) { return kube::Object{kube_json(value)}; }

/// As kube::find_at.
inline const nlohmann::json* find_at(const nlohmann::json& json, std::initializer_list<const char*> path) {
  const auto* at = &json;
  for (const char* step : path) {
    const auto found = at->find(step);
    if (found == at->end()) return nullptr;
    at = &*found;
  }
  return at;
}

/// As kube::value_at.
template <class T>
T value_at(const nlohmann::json& json, std::initializer_list<const char*> path, T fallback = T{}) {
  const auto* found = find_at(json, path);
  return found == nullptr ? fallback
                          : kube::value_at<T>(kube::Json({{"value", kube_json(*found)}}), {"value"}, fallback);
}

/// Has `change` edit it.
template <class Change>
void edit(kube::Object& object, const Change& change) {
  auto value = json_of(object);
  change(value);
  object = object_of(value);
}

}  // namespace support
