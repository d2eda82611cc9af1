#include "operator/controllers/realtimeapp/apply/apply_conflicts.hpp"

#include <algorithm>
#include <string>

#include <fmt/format.h>

namespace controllers {
namespace {

using boost::json::array;
using kube::Json;
using kube::list_at;

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

}  // namespace

bool names_conflicting_ports(std::string_view refusal) {
  return refusal.find("ports[") != std::string_view::npos && refusal.find("Duplicate value") != std::string_view::npos;
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

}  // namespace controllers
