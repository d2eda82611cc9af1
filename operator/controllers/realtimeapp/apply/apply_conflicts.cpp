#include "operator/controllers/realtimeapp/apply/apply_conflicts.hpp"

#include <algorithm>
#include <array>
#include <span>
#include <string>

#include <fmt/format.h>

#include "operator/kube/field_managers.hpp"

namespace controllers {
namespace {

using boost::json::array;
using kube::Json;
using kube::list_at;

// How the API server's own validation begins, what admission says before the same, how it says that a field cannot be
// changed, and what its names of fields are made of.
constexpr std::string_view kIsInvalid = " is invalid: ";
constexpr std::string_view kOfAdmission = " denied ";
constexpr std::string_view kAnyElement = "*";
constexpr std::array<std::string_view, 2> kOfChanges{"updates to", "field is immutable"};
constexpr std::string_view kFieldCharacters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_/[]";

std::string_view name_of(const Json& named) { return kube::value_at<std::string_view>(named, {"name"}); }

/// Whether the live port is not ours and has the name of one of ours. `number` is the field by which, with its
/// protocol, a port is known.
bool is_in_the_way(const array& wanted, const Json& port, std::string_view number) {
  const auto name = name_of(port);
  const auto same = [&](const Json& ours, std::string_view field) {
    const auto* one = kube::find(ours, field);
    const auto* other = kube::find(port, field);
    return one != nullptr && other != nullptr && *one == *other;
  };
  return !name.empty() && std::any_of(wanted.begin(), wanted.end(), [&](const Json& ours) {
    return name_of(ours) == name && !(same(ours, number) && same(ours, "protocol"));
  });
}

void gather(const Json& desired, const Json& live, std::string_view number, kube::FieldPath at,
            std::vector<kube::FieldPath>& found) {
  at.emplace_back("f:ports");
  for (const auto& port : list_at(live, {"ports"}))
    if (is_in_the_way(list_at(desired, {"ports"}), port, number)) {
      found.push_back(at);
      found.back().push_back(fmt::format(R"(k:{{"{}":{},"protocol":"{}"}})", number,
                                         kube::value_at<int>(port, {number}),
                                         kube::value_at<std::string_view>(port, {"protocol"})));
    }
}

/// The path of FieldsV1 of a field as a refusal writes it: spec.ports[1].name.
kube::FieldPath path_of(std::string_view field) {
  kube::FieldPath path;
  while (!field.empty()) {
    if (field.front() == '[') {
      path.emplace_back(kAnyElement);
      const auto end = field.find(']');
      field.remove_prefix(end == std::string_view::npos ? field.size() : end + 1);
      continue;
    }
    if (field.front() == '.') field.remove_prefix(1);
    const auto name = field.substr(0, field.find_first_of(".["));
    path.push_back(fmt::format("f:{}", name));
    field.remove_prefix(name.size());
  }
  return path;
}

std::vector<kube::FieldPath> conflicting_ports(const kube::Object& desired, const kube::Object& live) {
  std::vector<kube::FieldPath> found;
  const auto* wanted = kube::find(desired.json(), "spec");
  const auto* actual = kube::find(live.json(), "spec");
  if (wanted == nullptr || actual == nullptr) return found;
  gather(*wanted, *actual, "port", {"f:spec"}, found);
  for (const auto& ours : list_at(*wanted, {"template", "spec", "containers"}))
    for (const auto& container : list_at(*actual, {"template", "spec", "containers"}))
      if (name_of(container) == name_of(ours))
        gather(ours, container, "containerPort",
               {"f:spec", "f:template", "f:spec", "f:containers", fmt::format(R"(k:{{"name":"{}"}})", name_of(ours))},
               found);
  return found;
}

/// Whether the field is at this place or below; "*" is any element.
bool is_at(const kube::FieldPath& field, const kube::FieldPath& place) {
  return field.size() >= place.size() &&
         std::equal(place.begin(), place.end(), field.begin(), [](const auto& wanted, const auto& step) {
           return wanted == kAnyElement ? !step.starts_with("f:") && step != "." : wanted == step;
         });
}

/// Whether each element of a list that the path leads into is one that is desired.
bool is_in_desired_elements(const kube::FieldPath& field, const kube::Object& desired) {
  const std::span<const std::string> path{field};
  for (std::size_t length = 1; length < path.size(); ++length)
    if (!path[length - 1].starts_with("f:") && !kube::has_at(desired.json(), path.first(length))) return false;
  return true;
}

/// Whether what stands here is too much to be taken for one field of it.
bool is_large(const kube::FieldPath& place) {
  const auto& named = place.back() == kAnyElement && place.size() > 1 ? place[place.size() - 2] : place.back();
  return named == "f:spec" || named == "f:containers" || named == "f:initContainers";
}

/// What others have at this place or below.
std::vector<kube::FieldPath> fields_at(const kube::FieldPath& place, const kube::Object& desired,
                                       const kube::Object& live) {
  auto found = kube::fields_of_others(live, kube::kFieldManager, {});
  std::erase_if(found, [&](const kube::FieldPath& field) {
    return !is_at(field, place) || !is_in_desired_elements(field, desired) ||
           (is_large(place) && field.size() > place.size() + 1);
  });
  return found;
}

}  // namespace

std::vector<kube::FieldPath> fields_named(std::string_view refusal) {
  std::vector<kube::FieldPath> fields;
  const auto begin = refusal.find(kIsInvalid);
  if (begin == std::string_view::npos || refusal.substr(0, begin).find(kOfAdmission) != std::string_view::npos)
    return fields;
  refusal.remove_prefix(begin + kIsInvalid.size());
  // Fields stand at the beginning, or after what is said of the one before.
  for (auto at = refusal.find("spec"); at != std::string_view::npos; at = refusal.find("spec", at + 1)) {
    if (at > 0 && refusal[at - 1] != ' ' && refusal[at - 1] != '[') continue;
    const auto end = refusal.find(": ", at);
    if (end == std::string_view::npos) break;
    const auto field = refusal.substr(at, end - at);
    if (field.find_first_not_of(kFieldCharacters) != std::string_view::npos) continue;
    const auto why = refusal.substr(end, refusal.find(", spec", end) - end);
    if (std::any_of(kOfChanges.begin(), kOfChanges.end(),
                    [&](std::string_view words) { return why.find(words) != std::string_view::npos; }))
      continue;
    auto path = path_of(field);
    if (std::find(fields.begin(), fields.end(), path) == fields.end()) fields.push_back(std::move(path));
  }
  return fields;
}

std::vector<kube::FieldPath> conflicting_fields(const std::vector<kube::FieldPath>& named, Conflicts where,
                                                const kube::Object& desired, const kube::Object& live) {
  std::vector<kube::FieldPath> found;
  const auto add = [&](std::vector<kube::FieldPath> fields) {
    for (auto& field : fields)
      if (std::find(found.begin(), found.end(), field) == found.end()) found.push_back(std::move(field));
  };
  for (auto place : named) {
    const bool is_port = std::find(place.begin(), place.end(), "f:ports") != place.end();
    if (where == Conflicts::kInFields) {
      add(is_port ? conflicting_ports(desired, live) : fields_at(place, desired, live));
    } else if (!is_port && place.size() > 1) {
      place.pop_back();
      add(fields_at(place, desired, live));
    }
  }
  return found;
}

}  // namespace controllers
