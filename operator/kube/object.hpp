// An object as the API server sends it, and the names by which objects are known. A value type; not shared between
// threads while it changes.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "core/result.hpp"
#include "operator/kube/resource_type.hpp"

namespace kube {

/// A namespace and a name; the namespace is empty for cluster-scoped objects.
struct ObjectKey {
  std::string name_space;
  std::string name;

  bool operator==(const ObjectKey&) const = default;
  auto operator<=>(const ObjectKey&) const = default;
  /// "namespace/name", or only the name when cluster-scoped.
  std::string text() const;
};

/// metav1.OwnerReference.
struct OwnerReference {
  std::string api_version;
  std::string kind;
  std::string name;
  std::string uid;
  bool controller = false;
};

/// A JSON object with the accessors that every kind shares. Absent fields read as empty values.
class Object {
 public:
  Object() = default;
  explicit Object(nlohmann::json value) : json_(std::move(value)) {}

  /// Parses one object; kMalformed if the text is no JSON object.
  static core::Result<Object> parse(std::string_view text);

  const nlohmann::json& json() const { return json_; }
  nlohmann::json& json() { return json_; }

  std::string name_space() const { return metadata("namespace"); }
  std::string name() const { return metadata("name"); }
  std::string uid() const { return metadata("uid"); }
  std::string resource_version() const { return metadata("resourceVersion"); }
  ObjectKey key() const { return {name_space(), name()}; }
  std::int64_t generation() const;
  bool deleting() const;
  std::vector<OwnerReference> owners() const;

 private:
  std::string metadata(const char* field) const;
  nlohmann::json json_ = nlohmann::json::object();
};

/// The JSON text of a value. What a cluster says need not be UTF-8, but JSON has to be: other bytes are replaced.
inline std::string text_of(const nlohmann::json& json) {
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

/// The value at `path`, or null. Never throws.
inline const nlohmann::json* find_at(const nlohmann::json& json, std::initializer_list<const char*> path) {
  const nlohmann::json* at = &json;
  for (const char* step : path) {
    if (!at->is_object()) return nullptr;
    const auto found = at->find(step);
    if (found == at->end()) return nullptr;
    at = &*found;
  }
  return at;
}

/// The elements of the list at `path`; none if there is no list. Never throws.
inline const nlohmann::json& list_at(const nlohmann::json& json, std::initializer_list<const char*> path) {
  static const nlohmann::json kNone = nlohmann::json::array();
  const auto* found = find_at(json, path);
  return found != nullptr && found->is_array() ? *found : kNone;
}

/// The text, flag or whole number at `path` if it is there and of type T, else `fallback`. Never throws.
template <class T>
T value_at(const nlohmann::json& json, std::initializer_list<const char*> path, T fallback = T{}) {
  const auto* found = find_at(json, path);
  if (found == nullptr) return fallback;
  if constexpr (std::is_same_v<T, std::string>) {
    return found->is_string() ? found->template get<T>() : fallback;
  } else if constexpr (std::is_same_v<T, bool>) {
    return found->is_boolean() ? found->template get<T>() : fallback;
  } else {
    static_assert(std::is_integral_v<T>);
    return found->is_number_integer() ? found->template get<T>() : fallback;
  }
}

}  // namespace kube

template <>
struct std::hash<kube::ObjectKey> {
  std::size_t operator()(const kube::ObjectKey& key) const noexcept {
    return std::hash<std::string>{}(key.name_space) * 31 + std::hash<std::string>{}(key.name);
  }
};
