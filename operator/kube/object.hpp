// An object as the API server sends it, and the names by which objects are known. A value type; used by one thread at a
// time.
#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <boost/json/monotonic_resource.hpp>
#include <boost/json/value.hpp>

#include "core/result.hpp"
#include "operator/kube/resource_type.hpp"

namespace kube {

using Json = boost::json::value;

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

/// Where the values of a document live: it is given back as a whole, which costs less than value by value.
using JsonMemory = std::shared_ptr<boost::json::monotonic_resource>;

/// For a document of about this size in memory, in bytes.
JsonMemory make_json_memory(std::size_t size);

/// A JSON object with the accessors that every kind shares. Absent fields read as empty values.
class Object {
 public:
  Object() : json_(boost::json::object_kind) {}
  explicit Object(Json value) : json_(std::move(value)) {}  // with braces it would be a list of it
  /// Of a value that lives in this memory, maybe with others.
  Object(JsonMemory memory, Json value) : memory_{std::move(memory)}, json_(std::move(value)) {}

  /// A copy has nothing in common with the original.
  Object(const Object& other) : json_(other.json_, boost::json::storage_ptr{}) {}
  Object(Object&& other) noexcept = default;
  Object& operator=(const Object& other) { return *this = Object{other}; }
  Object& operator=(Object&& other) noexcept;
  ~Object() = default;

  /// Parses one object; kMalformed if the text is no JSON object.
  static core::Result<Object> parse(std::string_view text);

  const Json& json() const { return json_; }
  Json& json() { return json_; }
  const JsonMemory& memory() const { return memory_; }

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

  JsonMemory memory_;  // outlives what is in it
  Json json_;
};

/// The JSON text of a value. What a cluster says need not be UTF-8, but JSON has to be: other bytes are replaced.
std::string text_of(const Json& json);

/// The member of an object, or null: there is none, or it is no object. Never throws.
inline const Json* find(const Json& json, std::string_view member) {
  const auto* object = json.if_object();
  return object == nullptr ? nullptr : object->if_contains(member);
}

/// The text that this is, or an empty one; valid as long as the value.
inline std::string_view text_in(const Json& json) {
  const auto* text = json.if_string();
  return text == nullptr ? std::string_view{} : std::string_view{text->data(), text->size()};
}

/// The value at `path`, or null. Never throws.
inline const Json* find_at(const Json& json, std::initializer_list<std::string_view> path) {
  const Json* at = &json;
  for (const auto step : path)
    if (at = find(*at, step); at == nullptr) return nullptr;
  return at;
}

/// The elements of the list at `path`; none if there is no list. Never throws.
inline const boost::json::array& list_at(const Json& json, std::initializer_list<std::string_view> path) {
  static const boost::json::array kNone;
  const auto* found = find_at(json, path);
  const auto* list = found == nullptr ? nullptr : found->if_array();
  return list == nullptr ? kNone : *list;
}

/// The whole number that this is, if it is one that T has. Never throws.
template <class T>
std::optional<T> number_in(const Json& json) {
  const auto in_range = [](auto number) {
    return std::in_range<T>(number) ? std::optional{static_cast<T>(number)} : std::nullopt;
  };
  if (const auto* number = json.if_int64()) return in_range(*number);
  if (const auto* number = json.if_uint64()) return in_range(*number);
  return std::nullopt;
}

/// The text, flag or whole number at `path` if it is there and of type T, else `fallback`. A std::string_view is valid
/// as long as the value. Never throws.
template <class T>
T value_at(const Json& json, std::initializer_list<std::string_view> path, T fallback = T{}) {
  const auto* found = find_at(json, path);
  if (found == nullptr) return fallback;
  if constexpr (std::is_same_v<T, std::string> || std::is_same_v<T, std::string_view>) {
    return found->is_string() ? T{text_in(*found)} : fallback;
  } else if constexpr (std::is_same_v<T, bool>) {
    const auto* flag = found->if_bool();
    return flag == nullptr ? fallback : *flag;
  } else {
    static_assert(std::is_integral_v<T>);
    return number_in<T>(*found).value_or(fallback);
  }
}

}  // namespace kube

template <>
struct std::hash<kube::ObjectKey> {
  std::size_t operator()(const kube::ObjectKey& key) const noexcept {
    return std::hash<std::string>{}(key.name_space) * 31 + std::hash<std::string>{}(key.name);
  }
};
