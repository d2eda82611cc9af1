#include "operator/kube/managed_fields.hpp"

#include <algorithm>
#include <vector>

#include <boost/json/parse.hpp>
#include <fmt/format.h>

#include "operator/kube/json_pointer.hpp"

namespace kube {

bool matches_key(JsonView element, const Json& key) {
  const auto* parts = key.if_object();
  return parts != nullptr && element.is_object() && std::all_of(parts->begin(), parts->end(), [&](const auto& part) {
           return is_same(element.find(part.key()), part.value());
         });
}

JsonView applied_fields(const ObjectView& live, std::string_view manager) {
  for (const auto& entry : live.metadata().find("managedFields").elements()) {
    if (value_at<std::string_view>(entry, {"manager"}) != manager) continue;
    if (value_at<std::string_view>(entry, {"operation"}) != "Apply") continue;
    if (!value_at<std::string_view>(entry, {"subresource"}).empty()) continue;
    return entry.find("fieldsV1");
  }
  return {};
}

bool includes(const Json& live, const Json& wanted) {
  if (const auto* members = wanted.if_object())
    return live.is_object() && std::all_of(members->begin(), members->end(), [&](const auto& member) {
             const auto* found = find(live, member.key());
             return found != nullptr && includes(*found, member.value());
           });
  if (const auto* elements = wanted.if_array()) {
    const auto* candidates = live.if_array();
    return candidates != nullptr && std::all_of(elements->begin(), elements->end(), [&](const Json& element) {
             return std::any_of(candidates->begin(), candidates->end(),
                                [&](const Json& candidate) { return includes(candidate, element); });
           });
  }
  return live == wanted;
}

std::string last_other_manager(const ObjectView& live, std::string_view manager) {
  std::string_view latest;
  std::string_view name;
  for (const auto& entry : live.metadata().find("managedFields").elements()) {
    if (!value_at<std::string_view>(entry, {"subresource"}).empty()) continue;
    const auto candidate = value_at<std::string_view>(entry, {"manager"});
    const auto time = value_at<std::string_view>(entry, {"time"});
    if (candidate == manager || time < latest) continue;
    latest = time;
    name = candidate;
  }
  return std::string{name};
}

namespace {

/// The place in managedFields of the manager's updates, or npos.
std::size_t updates_of(const ObjectView& live, std::string_view manager) {
  const auto entries = live.metadata().find("managedFields").elements();
  for (std::size_t i = 0; i < entries.size(); ++i)
    if (value_at<std::string_view>(entries[i], {"manager"}) == manager &&
        value_at<std::string_view>(entries[i], {"operation"}) == "Update" &&
        value_at<std::string_view>(entries[i], {"subresource"}).empty())
      return i;
  return std::string::npos;
}

bool has_field_other_than(JsonView fields, std::string_view except) {
  const auto members = fields.members();
  return std::any_of(members.begin(), members.end(), [&](const auto& field) {
    if (field.name == except || field.name == ".") return false;
    return owns_all(field.value) || has_field_other_than(field.value, except);
  });
}

/// Gathers what is owned and not desired, as JSON pointers; elements of lists from the last to the first, so that no
/// removal moves one that is still to come. `desired` is null where there is nothing.
struct OwnedRemovals {
  std::string except;
  std::vector<std::string> found;

  void gather(const Json& fields, const Json& live, const Json* desired, const std::string& at) {
    if (owns_all(fields)) {
      if (desired == nullptr) found.push_back(at);
    } else if (live.is_array()) {
      gather_list(fields.get_object(), live.get_array(), desired, at);
    } else if (live.is_object()) {
      for (const auto& member : fields.get_object()) {
        const std::string_view name = member.key();
        if (!name.starts_with("f:") || name == except) continue;
        const auto field = name.substr(2);
        if (const auto* there = find(live, field))
          gather(member.value(), *there, desired == nullptr ? nullptr : find(*desired, field),
                 at + pointer_step(field));
      }
    }
  }

 private:
  static const Json* find_element(const Json* list, const Json& key) {
    const auto* elements = list == nullptr ? nullptr : list->if_array();
    if (elements == nullptr) return nullptr;
    for (const auto& element : *elements)
      if (matches_key(element, key)) return &element;
    return nullptr;
  }

  void gather_list(const boost::json::object& fields, const boost::json::array& live, const Json* desired,
                   const std::string& at) {
    for (auto i = live.size(); i-- > 0;)
      for (const auto& member : fields) {
        const std::string_view name = member.key();
        if (!name.starts_with("k:")) continue;
        boost::json::error_code error;
        const auto key = boost::json::parse(name.substr(2), error);
        if (error || !matches_key(live[i], key)) continue;
        const auto* counterpart = find_element(desired, key);
        const auto place = at + pointer_step(i);
        if (counterpart == nullptr && find(member.value(), ".") != nullptr) {
          found.push_back(place);
        } else {
          gather(member.value(), live[i], counterpart, place);
        }
      }
  }
};

}  // namespace

bool owns_part(const ObjectView& live, std::string_view manager, std::initializer_list<std::string_view> path,
               std::string_view except) {
  const auto place = updates_of(live, manager);
  if (place == std::string::npos) return false;
  const auto entries = live.metadata().find("managedFields").elements();
  return has_field_other_than(find_at(entries[place].find("fieldsV1"), path), "f:" + std::string{except});
}

boost::json::array removal_of_owned(const Object& live, const Object& desired, std::string_view manager,
                                    const std::vector<std::string>& path, std::string_view except) {
  boost::json::array patch;
  const auto place = updates_of(live, manager);
  if (place == std::string::npos) return patch;
  const auto* fields = find(list_at(live.json(), {"metadata", "managedFields"})[place], "fieldsV1");
  const Json* there = &live.json();
  const Json* wanted = &desired.json();
  std::string at;
  for (const auto& step : path) {
    fields = fields == nullptr ? nullptr : find(*fields, "f:" + step);
    there = there == nullptr ? nullptr : find(*there, step);
    wanted = wanted == nullptr ? nullptr : find(*wanted, step);
    at += pointer_step(step);
  }
  if (fields == nullptr || there == nullptr) return patch;
  OwnedRemovals removals{"f:" + std::string{except}, {}};
  removals.gather(*fields, *there, wanted, at);
  patch.push_back({{"op", "test"}, {"path", "/metadata/resourceVersion"}, {"value", live.resource_version()}});
  for (const auto& pointer : removals.found) patch.push_back({{"op", "remove"}, {"path", pointer}});
  patch.push_back({{"op", "remove"}, {"path", fmt::format("/metadata/managedFields/{}", place)}});
  return patch;
}

}  // namespace kube
