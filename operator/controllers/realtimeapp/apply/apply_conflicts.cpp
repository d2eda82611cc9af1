#include "operator/controllers/realtimeapp/apply/apply_conflicts.hpp"

#include <algorithm>
#include <string>
#include <vector>

namespace controllers {
namespace {

using nlohmann::json;

/// What a port that is in the way is called until it is removed, with a number.
constexpr std::string_view kRenamed = "foreign-";

bool same_port(const json& left, const json& right) {
  const auto all = {"port", "containerPort", "protocol"};
  return std::all_of(all.begin(), all.end(),
                     [&](const char* field) { return left.value(field, json()) == right.value(field, json()); });
}

/// Whether the live port is not ours and has the name of one of ours.
bool is_in_the_way(const json& wanted, const json& port) {
  const auto name = port.value("name", "");
  return !name.empty() && std::any_of(wanted.begin(), wanted.end(), [&](const json& ours) {
    return ours.value("name", "") == name && !same_port(ours, port);
  });
}

using Pointers = std::vector<json::json_pointer>;

/// The ports of a list that are to go, from the last to the first, so that no removal moves one that is still to come.
template <class Wanted>
void find_ports(const json& live, const json::json_pointer& at, Wanted wanted, Pointers& found) {
  for (auto i = live.size(); i-- > 0;)
    if (wanted(live[i])) found.push_back(at / i);
}

const json::json_pointer kServicePorts{"/spec/ports"};
const json::json_pointer kContainers{"/spec/template/spec/containers"};

/// Calls `look` with our ports, the live ones, and where these stand, for each list of ports that both have.
template <class Look>
void visit_ports(const json& desired, const json& live, Look look) {
  const auto compare = [&](const json::json_pointer& wanted, const json::json_pointer& actual) {
    if (desired.contains(wanted) && live.contains(actual)) look(desired.at(wanted), live.at(actual), actual);
  };
  compare(kServicePorts, kServicePorts);
  if (!desired.contains(kContainers) || !live.contains(kContainers)) return;
  const auto& ours = desired.at(kContainers);
  const auto& all = live.at(kContainers);
  for (std::size_t o = 0; o < ours.size(); ++o)
    for (std::size_t i = 0; i < all.size(); ++i)
      if (all[i].value("name", "") == ours[o].value("name", ""))
        compare(kContainers / o / "ports", kContainers / i / "ports");
}

template <class Operation>
json patch_of(const Pointers& conflicts, const kube::Object& live, Operation operation) {
  json patch = json::array();
  if (conflicts.empty()) return patch;
  patch.push_back({{"op", "test"}, {"path", "/metadata/resourceVersion"}, {"value", live.resource_version()}});
  for (const auto& conflict : conflicts) patch.push_back(operation(conflict));
  return patch;
}

}  // namespace

bool names_conflicting_ports(std::string_view refusal) {
  return refusal.find("ports[") != std::string_view::npos && refusal.find("Duplicate value") != std::string_view::npos;
}

json renaming_of_conflicting_ports(const kube::Object& desired, const kube::Object& live) {
  Pointers found;
  visit_ports(desired.json(), live.json(), [&](const json& ours, const json& ports, const json::json_pointer& at) {
    find_ports(
        ports, at, [&](const json& port) { return is_in_the_way(ours, port); }, found);
  });
  int number = 0;
  return patch_of(found, live, [&](const json::json_pointer& at) {
    return json{{"op", "add"},
                {"path", (at / "name").to_string()},
                {"value", std::string{kRenamed} + std::to_string(number++)}};
  });
}

json removal_of_renamed_ports(const kube::Object& live) {
  Pointers found;
  visit_ports(live.json(), live.json(), [&](const json&, const json& ports, const json::json_pointer& at) {
    find_ports(
        ports, at, [](const json& port) { return port.value("name", "").starts_with(kRenamed); }, found);
  });
  return patch_of(found, live, [](const json::json_pointer& at) {
    return json{{"op", "remove"}, {"path", at.to_string()}};
  });
}

}  // namespace controllers
