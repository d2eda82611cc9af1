#include "tests/support/manifest_rules.hpp"

#include <algorithm>
#include <set>
#include <string>

#include "operator/kube/object.hpp"
#include "tests/support/json.hpp"
#include "tests/support/random_values.hpp"

namespace support {
namespace {

using nlohmann::json;

/// The API server takes a null for nothing.
bool has(const json& object, const char* field) {
  const auto found = object.find(field);
  return found != object.end() && !found->is_null();
}

/// The value of this field if it is of this type, else null.
json* find_in(json& parent, const char* field, json::value_t type) {
  if (!parent.is_object()) return nullptr;
  const auto found = parent.find(field);
  return found != parent.end() && found->type() == type ? &*found : nullptr;
}
json* object_in(json& parent, const char* field) { return find_in(parent, field, json::value_t::object); }
json* list_in(json& parent, const char* field) { return find_in(parent, field, json::value_t::array); }

void erase_all(json* object, std::initializer_list<const char*> fields) {
  if (object == nullptr) return;
  for (const auto* field : fields) object->erase(field);
}

/// Leaves one of two fields, and adds the first if there is none.
void keep_one(json& object, const char* one, const char* other, const json& otherwise, Dice& dice) {
  if (has(object, one) && has(object, other)) {
    object.erase(dice.once_in(2) ? one : other);
  } else if (!has(object, one) && !has(object, other)) {
    object[one] = otherwise;
  }
}

void obey_amounts(json* program, Dice& dice) {
  static const json kWhole{0, 1, "2", "16", 1000000};
  auto* resources = program == nullptr ? nullptr : object_in(*program, "resources");
  if (resources == nullptr) return;
  const auto is_extended = [](const std::string& name) { return name.find('/') != std::string::npos; };
  for (const char* field : {"requests", "limits"})
    if (auto* amounts = object_in(*resources, field))
      for (auto& [name, amount] : amounts->items())
        if (is_extended(name)) amount = dice.one_of(kWhole);
  auto* requests = object_in(*resources, "requests");
  if (requests == nullptr || requests->empty()) return;
  if (!has(*resources, "limits")) (*resources)["limits"] = json::object();
  auto* limits = object_in(*resources, "limits");
  if (limits == nullptr) return;
  for (auto& [name, amount] : requests->items()) {
    if (is_extended(name)) {
      (*limits)[name] = amount;
    } else if (limits->contains(name)) {
      amount = dice.once_in(2) ? limits->at(name) : json(0);
    }
  }
  static constexpr std::size_t kMaxAmounts = 16;
  for (auto at = limits->begin(); at != limits->end() && limits->size() > kMaxAmounts;)
    at = requests->contains(at.key()) ? std::next(at) : limits->erase(at);
}

void obey_actions(json& actions, bool acknowledges) {
  for (auto& action : actions) {
    if (!action.is_object()) continue;
    if (action.value("type", json()) == "Acknowledge") {
      if (!acknowledges) action["type"] = "Emit";
      acknowledges = false;
    }
    if (action.value("type", json()) == "Acknowledge") {
      action.erase("event");
    } else if (!has(action, "event")) {
      action["event"] = "message";
    }
  }
}

void obey_namespaces(json& namespaces) {
  for (auto& name_space : namespaces) {
    if (auto* actions = list_in(name_space, "onConnect")) obey_actions(*actions, false);
    if (auto* events = object_in(name_space, "events"))
      for (auto& actions : *events)
        if (actions.is_array()) obey_actions(actions, true);
  }
}

/// 4 * maxPayload <= limits.totalReceiveBytes, if that is set, and maxPayload <= limits.sendQueueBytes <=
/// limits.totalSendQueueBytes, also where they have their defaults.
void obey_sizes(json& server, Dice& dice) {
  const auto received = value_at<std::int64_t>(server, {"limits", "totalReceiveBytes"}, 4 * 67'108'864);
  if (4 * value_at<std::int64_t>(server, {"maxPayload"}, 1'000'000) > received) server["maxPayload"] = received / 4;
  auto payload = value_at<std::int64_t>(server, {"maxPayload"}, 1'000'000);
  auto queue = value_at<std::int64_t>(server, {"limits", "sendQueueBytes"}, 4'194'304);
  const auto total = value_at<std::int64_t>(server, {"limits", "totalSendQueueBytes"}, 268'435'456);
  if (payload <= queue && queue <= total) return;
  if (!has(server, "limits")) server["limits"] = json::object();
  auto* limits = object_in(server, "limits");
  if (limits == nullptr) return;
  if (payload > queue && dice.once_in(2)) server["maxPayload"] = payload = queue;
  if (payload > queue) (*limits)["sendQueueBytes"] = queue = payload;
  if (queue > total) (*limits)["totalSendQueueBytes"] = queue;
}

void obey_app(json& app, Dice& dice) {
  if (auto* variables = list_in(app, "env"))
    for (auto& variable : *variables) {
      if (!variable.is_object()) continue;
      if (has(variable, "value") && has(variable, "valueFrom")) variable.erase(dice.once_in(2) ? "value" : "valueFrom");
      if (auto* source = object_in(variable, "valueFrom"))
        keep_one(*source, "secretKeyRef", "configMapKeyRef", {{"name", "s"}, {"key", "k"}}, dice);
    }
  if (auto* sources = list_in(app, "envFrom"))
    for (auto& source : *sources)
      if (source.is_object()) keep_one(source, "secretRef", "configMapRef", {{"name", "s"}}, dice);
}

void obey_redis(json& spec, Dice& dice) {
  auto* redis = object_in(spec, "redis");
  if (redis == nullptr) return;
  if (value_at<std::string>(*redis, {"type"}) == "None" && value_at<int>(spec, {"replicas"}, 1) > 1)
    spec["replicas"] = dice.between(0, 1);
  if (has(spec, "app") || value_at<std::string>(*redis, {"type"}) == "None")
    erase_all(redis, {"channel", "acceptPickles"});
  auto* provisioned = object_in(*redis, "provisioned");
  obey_amounts(provisioned, dice);
  if (provisioned == nullptr || value_at<std::string>(*provisioned, {"persistence"}) == "AppendOnly") return;
  if (!has(*provisioned, "storage") && !has(*provisioned, "storageClassName")) return;
  if (dice.once_in(2)) {
    (*provisioned)["persistence"] = "AppendOnly";
  } else {
    erase_all(provisioned, {"storage", "storageClassName"});
  }
}

/// The beginning of the path up to its second slash, as an Ingress takes it.
std::string first_part(const std::string& path) {
  auto part = path.substr(0, path.find('/', 1));
  return part == "/." || part == "/.." ? "/" : part;
}

void obey_exposure(json& spec, Dice& dice) {
  auto* exposure = object_in(spec, "exposure");
  if (exposure == nullptr) return;
  if (value_at<std::string>(*exposure, {"affinity"}) == "None") erase_all(exposure, {"sameSite"});
  if (value_at<std::string>(*exposure, {"type"}) != "Ingress") return;
  if (!has(*exposure, "className")) (*exposure)["className"] = "traefik";
  auto* paths = list_in(*exposure, "paths");
  if (paths == nullptr || paths->empty()) return;
  const auto leads_to = value_at<std::string>(spec, {"protocol", "path"}, "/socket.io/");
  paths->front() = dice.once_in(2) ? "/" : first_part(leads_to);
  drop_duplicates({{"x-kubernetes-list-type", "set"}}, *paths);
}

}  // namespace

void obey_rules(json& spec, Dice& dice) {
  keep_one(spec, "server", "app", json::object(), dice);
  auto* protocol = object_in(spec, "protocol");
  if (has(spec, "app")) {
    erase_all(protocol, {"transports", "pingInterval", "pingTimeout"});
    erase_all(object_in(spec, "drain"), {"maxDisconnectsPerMinute"});
  } else if (protocol != nullptr && has(*protocol, "path")) {
    (*protocol)["path"] = *listed_value("folder", true, dice);
  }
  if (auto* app = object_in(spec, "app")) obey_app(*app, dice);
  obey_amounts(object_in(spec, "app"), dice);
  if (auto* server = object_in(spec, "server")) {
    obey_amounts(server, dice);
    obey_sizes(*server, dice);
    if (auto* namespaces = object_in(*server, "namespaces")) obey_namespaces(*namespaces);
    if (!has(*server, "allowedOrigins")) erase_all(server, {"allowCredentials"});
    if (auto* origins = list_in(*server, "allowedOrigins"))
      if (std::find(origins->begin(), origins->end(), "*") != origins->end()) *origins = json::array({"*"});
  }
  obey_redis(spec, dice);
  obey_exposure(spec, dice);
}

void keep_volume(const json& before, json& after) {
  const auto* old = find_at(before, {"redis", "provisioned"});
  for (const char* field : {"persistence", "storage", "storageClassName"}) {
    if (old != nullptr && old->is_object() && has(*old, field)) {
      after["redis"]["provisioned"][field] = old->at(field);
    } else if (auto* redis = object_in(after, "redis")) {
      erase_all(object_in(*redis, "provisioned"), {field});
    }
  }
}

void drop_duplicates(const json& schema, json& list) {
  const auto type = value_at<std::string>(schema, {"x-kubernetes-list-type"});
  if (type != "set" && type != "map") return;
  std::set<json> seen;
  auto kept = json::array();
  for (const auto& element : list) {
    auto key = type == "set" ? element : json::array();
    if (type == "map")
      for (const auto& name : schema.at("x-kubernetes-list-map-keys"))
        key.push_back(element.is_object() ? element.value(name.get<std::string>(), json()) : json());
    if (seen.insert(std::move(key)).second) kept.push_back(element);
  }
  list = std::move(kept);
}

}  // namespace support
