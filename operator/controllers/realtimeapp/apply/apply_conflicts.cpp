#include "operator/controllers/realtimeapp/apply/apply_conflicts.hpp"

#include <algorithm>
#include <string>
#include <vector>

namespace controllers {
namespace {

using nlohmann::json;

bool same_port(const json& left, const json& right) {
  const auto all = {"port", "containerPort", "protocol"};
  return std::all_of(all.begin(), all.end(),
                     [&](const char* field) { return left.value(field, json()) == right.value(field, json()); });
}

using Pointers = std::vector<json::json_pointer>;

/// The ports of a list that are not ours, from the last to the first, so that no removal moves one that is still to
/// come.
void find_foreign(const json& wanted, const json& live, const json::json_pointer& at, Pointers& found) {
  for (auto i = live.size(); i-- > 0;)
    if (std::none_of(wanted.begin(), wanted.end(), [&](const json& port) { return same_port(port, live[i]); }))
      found.push_back(at / i);
}

Pointers find_conflicts(const json& desired, const json& live) {
  Pointers found;
  const auto compare = [&](const json::json_pointer& wanted, const json::json_pointer& actual) {
    if (desired.contains(wanted) && live.contains(actual))
      find_foreign(desired.at(wanted), live.at(actual), actual, found);
  };
  const json::json_pointer ports{"/spec/ports"};
  compare(ports, ports);
  const json::json_pointer containers{"/spec/template/spec/containers"};
  if (!desired.contains(containers) || !live.contains(containers)) return found;
  const auto ours = desired.at(containers).at(0).value("name", "");
  const auto& all = live.at(containers);
  for (std::size_t i = 0; i < all.size(); ++i)
    if (all[i].value("name", "") == ours) compare(containers / 0 / "ports", containers / i / "ports");
  return found;
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

json renaming_of_conflicting_ports(const kube::Object& desired, const kube::Object& live) {
  int number = 0;
  return patch_of(find_conflicts(desired.json(), live.json()), live, [&](const json::json_pointer& at) {
    return json{{"op", "add"}, {"path", (at / "name").to_string()}, {"value", "foreign-" + std::to_string(number++)}};
  });
}

json removal_of_conflicting_ports(const kube::Object& desired, const kube::Object& live) {
  return patch_of(find_conflicts(desired.json(), live.json()), live, [](const json::json_pointer& at) {
    return json{{"op", "remove"}, {"path", at.to_string()}};
  });
}

}  // namespace controllers
