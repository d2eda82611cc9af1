#include "operator/kube/managed_fields.hpp"

#include <algorithm>
#include <span>
#include <utility>
#include <vector>

#include <boost/json/parse.hpp>

namespace kube {

bool matches_key(JsonView element, const Json& key) {
  const auto* parts = key.if_object();
  return parts != nullptr && element.is_object() && std::all_of(parts->begin(), parts->end(), [&](const auto& part) {
           return is_same(element.find(part.key()), part.value());
         });
}

namespace {

constexpr std::string_view kApply = "Apply";
constexpr std::string_view kUpdate = "Update";

/// Whether the entry of managedFields is the manager's, and not of a subresource.
bool is_of(JsonView entry, std::string_view manager, std::string_view operation) {
  return entry.find("manager").text() == manager && entry.find("operation").text() == operation &&
         entry.find("subresource").text().empty();
}

bool is_any_of(JsonView entry, const FieldOwners& owners) {
  const auto operation = entry.find("operation").text();
  return (operation == kUpdate || (owners.applies && operation == kApply)) &&
         (owners.manager.empty() || entry.find("manager").text() == owners.manager) &&
         entry.find("subresource").text().empty();
}

/// FieldsV1 of each such entry: one for each version of the API.
template <class Visit>
void visit_fields(const ObjectView& live, std::string_view manager, std::string_view operation, Visit visit) {
  for (const auto& entry : live.metadata().find("managedFields").elements())
    if (is_of(entry, manager, operation)) visit(entry.find("fieldsV1"));
}

}  // namespace

JsonView applied_fields(const ObjectView& live, std::string_view manager) {
  for (const auto& entry : live.metadata().find("managedFields").elements())
    if (is_of(entry, manager, kApply)) return entry.find("fieldsV1");
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

bool has_field_other_than(JsonView fields, std::string_view except) {
  const auto members = fields.members();
  return std::any_of(members.begin(), members.end(), [&](const auto& field) {
    if (field.name == except || field.name == ".") return false;
    return owns_all(field.value) || has_field_other_than(field.value, except);
  });
}

void collect_leaves(JsonView fields, std::string_view except, FieldPath& at, std::vector<FieldPath>& found) {
  const bool stays = !fields.find(except).is_nothing();
  for (const auto& [name, inner] : fields.members()) {
    if (stays && (name == except || name == ".")) continue;
    at.emplace_back(name);
    if (owns_all(inner)) {
      found.push_back(at);
    } else {
      collect_leaves(inner, except, at, found);
    }
    at.pop_back();
  }
}

void collect_below(JsonView fields, const FieldPath& path, std::string_view except, std::vector<FieldPath>& found) {
  for (const auto& step : path) fields = fields.find(step);
  auto at = path;
  collect_leaves(fields, except, at, found);
}

using Steps = std::span<const std::string>;

void add_field(boost::json::object& fields, Steps path) {
  const auto [member, is_new] = fields.emplace(path.front(), boost::json::object{});
  auto* inner = member->value().if_object();
  if (inner == nullptr) return;
  // In FieldsV1 an empty map is the field itself. A field with members needs "." to say the same.
  if (!is_new && inner->empty() != (path.size() == 1)) inner->emplace(".", boost::json::object{});
  if (path.size() > 1) add_field(*inner, path.subspan(1));
}

/// With all that is below it, and the maps that become empty.
void erase_field(boost::json::object& fields, Steps path) {
  const auto member = fields.find(path.front());
  if (member == fields.end()) return;
  if (path.size() > 1) {
    auto* inner = member->value().if_object();
    if (inner == nullptr || inner->empty()) return;
    erase_field(*inner, path.subspan(1));
    if (!inner->empty()) return;
  }
  fields.erase(member);
}

bool has_field(JsonView fields, Steps path) {
  for (const auto& step : path) fields = fields.find(step);
  return !fields.is_nothing() && (owns_all(fields) || !fields.find(".").is_nothing());
}

void collect_shared(JsonView ours, JsonView theirs, FieldPath& at, std::vector<FieldPath>& found) {
  for (const auto& [name, inner] : theirs.members()) {
    const auto same = ours.find(name);
    if (same.is_nothing()) continue;
    at.emplace_back(name);
    if (!owns_all(inner)) {
      collect_shared(same, inner, at, found);
    } else if (owns_all(same) || !same.find(".").is_nothing()) {
      found.push_back(at);
    }
    at.pop_back();
  }
}

/// Whether each list element that the path leads into is owned in one of these FieldsV1.
bool is_in_owned_elements(const FieldPath& path, const std::vector<JsonView>& owned) {
  for (std::size_t length = 1; length < path.size(); ++length) {
    const auto element = Steps{path}.first(length);
    if (element.back().starts_with("f:")) continue;
    if (std::none_of(owned.begin(), owned.end(), [&](JsonView fields) { return has_field(fields, element); }))
      return false;
  }
  return true;
}

}  // namespace

bool owns_part(const ObjectView& live, std::string_view manager, std::initializer_list<std::string_view> path,
               std::string_view except) {
  bool found = false;
  visit_fields(live, manager, kUpdate,
               [&](JsonView fields) { found = found || has_field_other_than(find_at(fields, path), except); });
  return found;
}

std::vector<FieldPath> updated_fields(const ObjectView& live, std::string_view manager, const FieldPath& path,
                                      std::string_view except) {
  std::vector<FieldPath> found;
  visit_fields(live, manager, kUpdate, [&](JsonView fields) { collect_below(fields, path, except, found); });
  return found;
}

std::vector<FieldPath> fields_of_others(const ObjectView& live, std::string_view manager, const FieldPath& path) {
  std::vector<FieldPath> found;
  for (const auto& entry : live.metadata().find("managedFields").elements())
    if (!is_of(entry, manager, kApply) && entry.find("subresource").text().empty())
      collect_below(entry.find("fieldsV1"), path, {}, found);
  return found;
}

bool has_at(JsonView value, std::span<const std::string> path) {
  if (value.is_nothing()) return false;
  if (path.empty() || path.front() == ".") return true;
  const std::string_view step{path.front()};
  const auto rest = path.subspan(1);
  if (step.starts_with("f:")) return has_at(value.find(step.substr(2)), rest);
  boost::json::error_code error;
  const auto selector = boost::json::parse(step.substr(2), error);
  if (error) return false;
  const auto elements = value.elements();
  return std::any_of(elements.begin(), elements.end(), [&](JsonView element) {
    return (step.starts_with("k:") ? matches_key(element, selector) : is_same(element, selector)) &&
           has_at(element, rest);
  });
}

std::vector<FieldPath> shared_fields(const ObjectView& live, std::string_view manager) {
  std::vector<FieldPath> found;
  for (const auto& entry : live.metadata().find("managedFields").elements()) {
    FieldPath at;
    // Most objects have no such entry, and each that is seen is asked.
    if (is_any_of(entry, {})) collect_shared(applied_fields(live, manager), entry.find("fieldsV1"), at, found);
  }
  return found;
}

boost::json::array transfer_of_fields(const Object& live, const std::vector<FieldPath>& fields, const FieldOwners& from,
                                      std::string_view to) {
  boost::json::object applied{{"manager", to},
                              {"operation", kApply},
                              {"apiVersion", value_at<std::string_view>(live.json(), {"apiVersion"})},
                              {"fieldsType", "FieldsV1"},
                              {"fieldsV1", boost::json::object{}}};
  std::vector<JsonView> owned;
  boost::json::array entries;
  for (const auto& read : list_at(live.json(), {"metadata", "managedFields"})) {
    const auto* before = find(read, "fieldsV1");
    if (before == nullptr || !before->is_object()) continue;
    const bool is_own = is_of(read, to, kApply);
    const bool is_source = !is_own && is_any_of(read, from);
    if (is_own || is_source) owned.emplace_back(*before);
    auto entry = read.get_object();
    if (is_own) {
      applied = std::move(entry);
      continue;
    }
    auto& left = entry.at("fieldsV1").get_object();
    if (is_source)
      for (const auto& path : fields) erase_field(left, path);
    if (!left.empty()) entries.emplace_back(std::move(entry));
  }
  for (const auto& path : fields)
    if (is_in_owned_elements(path, owned)) add_field(applied.at("fieldsV1").get_object(), path);
  entries.emplace_back(std::move(applied));
  // A test of the version would make the patch invalid where a replacement makes it a conflict.
  return {{{"op", "replace"}, {"path", "/metadata/resourceVersion"}, {"value", live.resource_version()}},
          {{"op", "add"}, {"path", "/metadata/managedFields"}, {"value", std::move(entries)}}};
}

}  // namespace kube
