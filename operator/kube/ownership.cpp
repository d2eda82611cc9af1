#include "operator/kube/ownership.hpp"

#include <algorithm>
#include <array>

#include "core/digest.hpp"
#include "operator/kube/quantity.hpp"

namespace kube {
namespace {

using nlohmann::json;

/// Whether a list element has every key value of `k:{…}`, the name of the element in FieldsV1.
bool matches_key(const json& element, const json& key) {
  if (!element.is_object()) return false;
  return std::all_of(key.items().begin(), key.items().end(), [&](const auto& part) {
    const auto found = element.find(part.key());
    return found != element.end() && *found == part.value();
  });
}

json restrict_to(const json& live, const json& fields);

/// FieldsV1 of a list: `k:{keys}` names a list-map element, `v:value` a set member (KEP-555, "Field set format").
json restrict_list(const json& live, const json& fields) {
  json kept = json::array();
  for (const auto& [name, inner] : fields.items()) {
    if (name.size() < 2) continue;
    const auto selector = json::parse(name.substr(2), nullptr, false);
    for (const auto& element : live) {
      const bool keyed = name.starts_with("k:") && matches_key(element, selector);
      const bool member = name.starts_with("v:") && element == selector;
      if (keyed) kept.push_back(restrict_to(element, inner));
      if (member) kept.push_back(element);
    }
  }
  return kept;
}

/// A field set without members names a leaf or an atomic value: the whole of it is owned.
json restrict_to(const json& live, const json& fields) {
  if (!fields.is_object() || fields.empty()) return live;
  if (live.is_array()) return restrict_list(live, fields);
  if (!live.is_object()) return live;
  json kept = json::object();
  for (const auto& [name, inner] : fields.items()) {
    if (!name.starts_with("f:")) continue;
    const auto found = live.find(name.substr(2));
    if (found != live.end()) kept[name.substr(2)] = restrict_to(*found, inner);
  }
  return kept;
}

/// What identifies an object is in every apply, but is never a field that could drift.
void drop_identity(json& object) {
  for (const char* field : {"apiVersion", "kind", "status"}) object.erase(field);
  const auto metadata = object.find("metadata");
  if (metadata == object.end() || !metadata->is_object()) return;
  for (const char* field : {"name", "namespace"}) metadata->erase(field);
  if (metadata->empty()) object.erase(metadata);
}

/// The field that identifies the elements of a list of objects, tried in this order; none for atomic lists.
std::string element_key(const json& element) {
  static constexpr std::array kKeys{"name", "containerPort", "port", "topologyKey", "uid", "mountPath"};
  std::string key;
  for (const char* candidate : kKeys)
    if (const auto found = element.find(candidate); found != element.end()) key += found->dump() + "\n";
  return key;
}

void normalise_quantities(json& amounts) {
  for (auto& amount : amounts) {
    const auto text = amount.is_string() ? amount.get<std::string>() : amount.dump();
    if (const auto value = quantity_value(text)) amount = *value;
  }
}

void normalise(json& value) {
  if (value.is_object()) {
    for (auto& [name, inner] : value.items()) {
      if ((name == "requests" || name == "limits") && inner.is_object()) {
        normalise_quantities(inner);
      } else if (name == "volumeClaimTemplates" && inner.is_array()) {
        for (auto& claim : inner) {
          claim.erase("status");  // an atomic list comes back with the API server's additions
          if (claim.contains("metadata")) claim["metadata"].erase("creationTimestamp");
          normalise(claim);
        }
      } else {
        normalise(inner);
      }
    }
  } else if (value.is_array()) {
    for (auto& element : value) normalise(element);
    const bool keyed = std::all_of(value.begin(), value.end(), [](const json& element) {
      return element.is_object() && !element_key(element).empty();
    });
    if (keyed)
      std::sort(value.begin(), value.end(),
                [](const json& left, const json& right) { return element_key(left) < element_key(right); });
  }
}

}  // namespace

json owned_fields(const Object& live, std::string_view manager) {
  for (const auto& entry : list_at(live.json(), {"metadata", "managedFields"})) {
    if (value_at<std::string>(entry, {"manager"}) != manager) continue;
    if (value_at<std::string>(entry, {"operation"}) != "Apply") continue;
    if (!value_at<std::string>(entry, {"subresource"}).empty()) continue;
    const auto fields = entry.find("fieldsV1");
    if (fields == entry.end() || fields->empty()) return json::object();
    auto kept = restrict_to(live.json(), *fields);
    drop_identity(kept);
    return kept;
  }
  return json::object();
}

json desired_fields(const Object& desired) {
  auto fields = desired.json();
  drop_identity(fields);
  return fields;
}

std::string projection_digest(json fields) {
  normalise(fields);
  return core::digest(fields.dump());
}

}  // namespace kube
