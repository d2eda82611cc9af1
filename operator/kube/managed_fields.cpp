#include "operator/kube/managed_fields.hpp"

#include <algorithm>
#include <vector>

namespace kube {

using nlohmann::json;

bool matches_key(const json& element, const json& key) {
  if (!element.is_object()) return false;
  return std::all_of(key.items().begin(), key.items().end(), [&](const auto& part) {
    const auto found = element.find(part.key());
    return found != element.end() && *found == part.value();
  });
}

const json* applied_fields(const Object& live, std::string_view manager) {
  for (const auto& entry : list_at(live.json(), {"metadata", "managedFields"})) {
    if (value_at<std::string>(entry, {"manager"}) != manager) continue;
    if (value_at<std::string>(entry, {"operation"}) != "Apply") continue;
    if (!value_at<std::string>(entry, {"subresource"}).empty()) continue;
    return find_at(entry, {"fieldsV1"});
  }
  return nullptr;
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
