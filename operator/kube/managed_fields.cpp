#include "operator/kube/managed_fields.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <vector>

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

/// FieldsV1 of a list: `k:{keys}` names a list-map element, `v:value` a set member (KEP-555, "Field set format"). What
/// is kept stays in the order in which it stands in `live`.
json restrict_list(const json& live, const json& fields) {
  std::vector<std::optional<json>> kept(live.size());
  for (const auto& [name, inner] : fields.items()) {
    if (name.size() < 2) continue;
    const auto selector = json::parse(name.substr(2), nullptr, false);
    for (std::size_t i = 0; i < live.size(); ++i) {
      const bool keyed = name.starts_with("k:") && matches_key(live[i], selector);
      const bool member = name.starts_with("v:") && live[i] == selector;
      if (keyed) kept[i] = restrict_to(live[i], inner);
      if (member) kept[i] = live[i];
    }
  }
  json list = json::array();
  for (auto& element : kept)
    if (element) list.push_back(std::move(*element));
  return list;
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

/// Whether the order of this field's named elements means something: a variable may refer to those before it, and init
/// containers run one after the other.
bool is_ordered(std::string_view field) { return field == "env" || field == "initContainers" || field == "containers"; }

void normalise(json& value, bool in_order = false) {
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
        normalise(inner, is_ordered(name));
      }
    }
  } else if (value.is_array()) {
    for (auto& element : value) normalise(element);
    const bool keyed = !in_order && std::all_of(value.begin(), value.end(), [](const json& element) {
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

ProjectionDigest projection_digest(json fields) {
  normalise(fields);
  const auto bytes = core::sha256(fields.dump(-1, ' ', false, json::error_handler_t::replace));
  ProjectionDigest digest{};
  std::memcpy(digest.data(), bytes.data(), sizeof digest);
  return digest;
}

bool includes(const json& live, const json& wanted) {
  if (wanted.is_object())
    return live.is_object() && std::all_of(wanted.items().begin(), wanted.items().end(), [&](const auto& member) {
             const auto found = live.find(member.key());
             return found != live.end() && includes(*found, member.value());
           });
  if (wanted.is_array())
    return live.is_array() && std::all_of(wanted.begin(), wanted.end(), [&](const json& element) {
             return std::any_of(live.begin(), live.end(),
                                [&](const json& candidate) { return includes(candidate, element); });
           });
  return live == wanted;
}

std::string last_other_manager(const Object& live, std::string_view manager) {
  std::string latest;
  std::string name;
  for (const auto& entry : list_at(live.json(), {"metadata", "managedFields"})) {
    if (!value_at<std::string>(entry, {"subresource"}).empty()) continue;
    auto candidate = value_at<std::string>(entry, {"manager"});
    auto time = value_at<std::string>(entry, {"time"});
    if (candidate == manager || time < latest) continue;
    latest = std::move(time);
    name = std::move(candidate);
  }
  return name;
}

namespace {

/// The place in managedFields of the manager's updates, or npos.
std::size_t updates_of(const Object& live, std::string_view manager) {
  const auto& entries = list_at(live.json(), {"metadata", "managedFields"});
  for (std::size_t i = 0; i < entries.size(); ++i)
    if (value_at<std::string>(entries[i], {"manager"}) == manager &&
        value_at<std::string>(entries[i], {"operation"}) == "Update" &&
        value_at<std::string>(entries[i], {"subresource"}).empty())
      return i;
  return std::string::npos;
}

bool has_field_other_than(const json& fields, const std::string& except) {
  if (!fields.is_object()) return false;
  return std::any_of(fields.items().begin(), fields.items().end(), [&](const auto& field) {
    if (field.key() == except || field.key() == ".") return false;
    return field.value().empty() || has_field_other_than(field.value(), except);
  });
}

using Pointer = json::json_pointer;

/// Gathers what is owned and not desired; elements of lists from the last to the first, so that no removal moves one
/// that is still to come. `desired` is null where there is nothing.
struct OwnedRemovals {
  std::string except;
  std::vector<std::string> found;

  void gather(const json& fields, const json& live, const json* desired, const Pointer& at) {
    if (!fields.is_object() || fields.empty()) {
      if (desired == nullptr) found.push_back(at.to_string());
    } else if (live.is_array()) {
      gather_list(fields, live, desired, at);
    } else if (live.is_object()) {
      for (const auto& [name, inner] : fields.items()) {
        if (!name.starts_with("f:") || name == except) continue;
        const auto field = name.substr(2);
        const auto there = live.find(field);
        if (there != live.end()) gather(inner, *there, find_at_key(desired, field), at / field);
      }
    }
  }

 private:
  static const json* find_at_key(const json* object, const std::string& field) {
    if (object == nullptr || !object->is_object()) return nullptr;
    const auto found = object->find(field);
    return found == object->end() ? nullptr : &*found;
  }

  static const json* find_element(const json* list, const json& key) {
    if (list == nullptr || !list->is_array()) return nullptr;
    for (const auto& element : *list)
      if (matches_key(element, key)) return &element;
    return nullptr;
  }

  void gather_list(const json& fields, const json& live, const json* desired, const Pointer& at) {
    for (auto i = live.size(); i-- > 0;)
      for (const auto& [name, inner] : fields.items()) {
        if (!name.starts_with("k:")) continue;
        const auto key = json::parse(name.substr(2), nullptr, false);
        if (!matches_key(live[i], key)) continue;
        const auto* counterpart = find_element(desired, key);
        if (counterpart == nullptr && inner.contains(".")) {
          found.push_back((at / i).to_string());
        } else {
          gather(inner, live[i], counterpart, at / i);
        }
      }
  }
};

}  // namespace

bool owns_part(const Object& live, std::string_view manager, std::initializer_list<const char*> path,
               std::string_view except) {
  const auto place = updates_of(live, manager);
  if (place == std::string::npos) return false;
  const auto& entry = list_at(live.json(), {"metadata", "managedFields"})[place];
  const auto fields = entry.find("fieldsV1");
  if (fields == entry.end()) return false;
  const auto* part = find_at(*fields, path);
  return part != nullptr && has_field_other_than(*part, "f:" + std::string{except});
}

json removal_of_owned(const Object& live, const Object& desired, std::string_view manager,
                      const std::vector<std::string>& path, std::string_view except) {
  json patch = json::array();
  const auto place = updates_of(live, manager);
  if (place == std::string::npos) return patch;
  const json* fields = find_at(list_at(live.json(), {"metadata", "managedFields"})[place], {"fieldsV1"});
  const json* there = &live.json();
  const json* wanted = &desired.json();
  Pointer at;
  for (const auto& step : path) {
    fields = fields == nullptr ? nullptr : find_at(*fields, {("f:" + step).c_str()});
    there = there == nullptr ? nullptr : find_at(*there, {step.c_str()});
    wanted = wanted == nullptr ? nullptr : find_at(*wanted, {step.c_str()});
    at /= step;
  }
  if (fields == nullptr || there == nullptr) return patch;
  OwnedRemovals removals{"f:" + std::string{except}, {}};
  removals.gather(*fields, *there, wanted, at);
  patch.push_back({{"op", "test"}, {"path", "/metadata/resourceVersion"}, {"value", live.resource_version()}});
  for (const auto& pointer : removals.found) patch.push_back({{"op", "remove"}, {"path", pointer}});
  patch.push_back({{"op", "remove"}, {"path", "/metadata/managedFields/" + std::to_string(place)}});
  return patch;
}

}  // namespace kube
