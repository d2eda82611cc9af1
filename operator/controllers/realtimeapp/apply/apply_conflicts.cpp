#include "operator/controllers/realtimeapp/apply/apply_conflicts.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include "operator/kube/json_pointer.hpp"

namespace controllers {
namespace {

using boost::json::array;
using kube::Json;
using kube::list_at;
using kube::pointer_step;

/// What a port that is in the way is called until it is removed, with a number.
constexpr std::string_view kRenamed = "foreign-";

std::string_view name_of(const Json& named) { return kube::value_at<std::string_view>(named, {"name"}); }

bool same_port(const Json& left, const Json& right) {
  const auto all = {"port", "containerPort", "protocol"};
  return std::all_of(all.begin(), all.end(), [&](const char* field) {
    const auto* one = kube::find(left, field);
    const auto* other = kube::find(right, field);
    return one == nullptr || other == nullptr ? one == other : *one == *other;
  });
}

/// Whether the live port is not ours and has the name of one of ours.
bool is_in_the_way(const array& wanted, const Json& port) {
  const auto name = name_of(port);
  return !name.empty() && std::any_of(wanted.begin(), wanted.end(), [&](const Json& ours) {
    return name_of(ours) == name && !same_port(ours, port);
  });
}

/// JSON pointers.
using Pointers = std::vector<std::string>;

/// The ports of a list that are to go, from the last to the first, so that no removal moves one that is still to come.
template <class Wanted>
void find_ports(const array& live, const std::string& at, Wanted wanted, Pointers& found) {
  for (auto i = live.size(); i-- > 0;)
    if (wanted(live[i])) found.push_back(at + pointer_step(i));
}

/// Calls `look` with our ports, the live ones, and where these stand, for each list of ports that both have.
template <class Look>
void visit_ports(const Json& desired, const Json& live, Look look) {
  const auto compare = [&](const array& wanted, const array& actual, const std::string& at) {
    if (!wanted.empty() && !actual.empty()) look(wanted, actual, at);
  };
  compare(list_at(desired, {"spec", "ports"}), list_at(live, {"spec", "ports"}), "/spec/ports");
  const auto& all = list_at(live, {"spec", "template", "spec", "containers"});
  for (const auto& ours : list_at(desired, {"spec", "template", "spec", "containers"}))
    for (std::size_t i = 0; i < all.size(); ++i)
      if (name_of(all[i]) == name_of(ours))
        compare(list_at(ours, {"ports"}), list_at(all[i], {"ports"}),
                "/spec/template/spec/containers" + pointer_step(i) + "/ports");
}

template <class Operation>
array patch_of(const Pointers& conflicts, const kube::Object& live, Operation operation) {
  array patch;
  if (conflicts.empty()) return patch;
  patch.push_back({{"op", "test"}, {"path", "/metadata/resourceVersion"}, {"value", live.resource_version()}});
  for (const auto& conflict : conflicts) patch.push_back(operation(conflict));
  return patch;
}

}  // namespace

bool names_conflicting_ports(std::string_view refusal) {
  return refusal.find("ports[") != std::string_view::npos && refusal.find("Duplicate value") != std::string_view::npos;
}

array renaming_of_conflicting_ports(const kube::Object& desired, const kube::Object& live) {
  Pointers found;
  visit_ports(desired.json(), live.json(), [&](const array& ours, const array& ports, const std::string& at) {
    find_ports(
        ports, at, [&](const Json& port) { return is_in_the_way(ours, port); }, found);
  });
  int number = 0;
  return patch_of(found, live, [&](const std::string& at) {
    return Json{{"op", "add"},
                {"path", at + pointer_step("name")},
                {"value", std::string{kRenamed} + std::to_string(number++)}};
  });
}

array removal_of_renamed_ports(const kube::Object& live) {
  Pointers found;
  visit_ports(live.json(), live.json(), [&](const array&, const array& ports, const std::string& at) {
    find_ports(
        ports, at, [](const Json& port) { return name_of(port).starts_with(kRenamed); }, found);
  });
  return patch_of(found, live, [](const std::string& at) { return Json{{"op", "remove"}, {"path", at}}; });
}

}  // namespace controllers
