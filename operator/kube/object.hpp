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
#include <utility>
#include <vector>

#include <boost/json/monotonic_resource.hpp>
#include <boost/json/value.hpp>

#include "core/result.hpp"
#include "operator/kube/json_view.hpp"
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

  std::string name_space() const;
  std::string name() const;
  std::string uid() const;
  std::string resource_version() const;
  ObjectKey key() const;
  std::int64_t generation() const;
  bool deleting() const;

 private:
  JsonMemory memory_;  // outlives what is in it
  Json json_;
};

/// The same to read, without values of its own; valid as long as what it is of.
class ObjectView {
 public:
  ObjectView(const Object& object)  // NOLINT(google-explicit-constructor): it is one
      : ObjectView{JsonView{object.json()}} {}
  explicit ObjectView(JsonView json) : json_{json}, metadata_{json.find("metadata")} {}

  JsonView json() const { return json_; }
  JsonView metadata() const { return metadata_; }

  std::string name_space() const { return text("namespace"); }
  std::string name() const { return text("name"); }
  std::string uid() const { return text("uid"); }
  std::string resource_version() const { return text("resourceVersion"); }
  ObjectKey key() const { return {name_space(), name()}; }
  std::int64_t generation() const { return value_at<std::int64_t>(metadata_, {"generation"}); }
  bool deleting() const { return !metadata_.find("deletionTimestamp").text().empty(); }
  /// The OwnerReference of its controller, or nothing: the API server takes one at most.
  JsonView controller() const;

 private:
  std::string text(std::string_view field) const { return std::string{metadata_.find(field).text()}; }

  JsonView json_;
  JsonView metadata_;
};

inline std::string Object::name_space() const { return ObjectView{*this}.name_space(); }
inline std::string Object::name() const { return ObjectView{*this}.name(); }
inline std::string Object::uid() const { return ObjectView{*this}.uid(); }
inline std::string Object::resource_version() const { return ObjectView{*this}.resource_version(); }
inline ObjectKey Object::key() const { return ObjectView{*this}.key(); }
inline std::int64_t Object::generation() const { return ObjectView{*this}.generation(); }
inline bool Object::deleting() const { return ObjectView{*this}.deleting(); }

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

}  // namespace kube

template <>
struct std::hash<kube::ObjectKey> {
  std::size_t operator()(const kube::ObjectKey& key) const noexcept {
    return std::hash<std::string>{}(key.name_space) * 31 + std::hash<std::string>{}(key.name);
  }
};
