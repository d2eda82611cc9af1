#include "realtime-server/server/config_rules.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "realtime-server/server/config_scalars.hpp"
#include "realtime-server/socketio/packet.hpp"

namespace server {

using socketio::kLongestNamespace;
using socketio::kReservedEvents;

namespace {

constexpr std::size_t kMaxArguments = 64;

/// What causes an action.
enum class Cause { kConnect, kEvent };

std::string_view variables(Cause cause) {
  return cause == Cause::kConnect ? "$auth" : "$1, $2 and so on to $64, $args or $auth";
}

/// The index of `$1`, `$2` …
std::optional<std::size_t> argument_index(std::string_view text) {
  const auto digits = text.substr(1);
  if (digits.starts_with('0') || digits.starts_with('+')) return std::nullopt;
  const auto number = whole_number(digits);
  return number && *number >= 1 && *number <= kMaxArguments ? std::optional<std::size_t>{*number - 1} : std::nullopt;
}

/// Compiles `args`.
class TemplateCompiler {
 public:
  explicit TemplateCompiler(Cause cause) : cause_{cause} {}

  Template compile(const ConfigValue& list) {
    for (const auto& element : list.elements()) {
      if (element.node->type == YamlType::kScalar && element.node->text == "$args" && cause_ == Cause::kEvent) {
        builder_.all_arguments();
      } else {
        builder_.begin_value();
        value(element);
      }
    }
    return builder_.finish();
  }

 private:
  void value(const ConfigValue& value) {
    switch (value.node->type) {
      case YamlType::kNull:
        return builder_.text("null");
      case YamlType::kScalar:
        return scalar(value);
      case YamlType::kList:
        return list(value);
      case YamlType::kMap:
        return map(value);
    }
  }

  void list(const ConfigValue& list) {
    std::string_view before = "[";
    for (const auto& element : list.elements()) {
      builder_.text(std::exchange(before, ","));
      value(element);
    }
    builder_.text(before == "[" ? "[]" : "]");
  }

  void map(const ConfigValue& map) {
    std::string_view before = "{";
    for (const auto& member : map.members()) {
      if (member.node->key == "_placeholder")
        member.complain_of_key("marks an attachment in Socket.IO; use another name");
      builder_.text(std::exchange(before, ","));
      builder_.text(json_string(member.node->key));
      builder_.text(":");
      value(member);
    }
    builder_.text(before == "{" ? "{}" : "}");
  }

  void scalar(const ConfigValue& scalar) {
    const auto& text = scalar.node->text;
    switch (scalar.node->plain ? scalar_type(text) : ScalarType::kText) {
      case ScalarType::kNull:
        return builder_.text("null");
      case ScalarType::kBool:
        return builder_.text(text.front() == 't' || text.front() == 'T' ? "true" : "false");
      case ScalarType::kNotFinite:
        return scalar.complain(fmt::format("is {}, which JSON does not have", text));
      case ScalarType::kText:
        return text.starts_with('$') ? variable(scalar) : builder_.text(json_string(text));
      case ScalarType::kNumber:
        break;
    }
    const auto number = json_number(text);
    if (!number) return scalar.complain("is too large a number for JSON; put it into quotes");
    builder_.text(*number);
  }

  void variable(const ConfigValue& scalar) {
    const std::string_view text = scalar.node->text;
    if (text.starts_with("$$")) return builder_.text(json_string(text.substr(1)));
    if (text == "$auth") return builder_.auth();
    if (cause_ == Cause::kEvent && text == "$args")
      return scalar.complain("is $args, which is replaced by several values; write it directly in args");
    if (const auto index = argument_index(text); index && cause_ == Cause::kEvent) return builder_.argument(*index);
    scalar.wrong(fmt::format("{}, or ${} for this literal text", variables(cause_), shown_inside(text)));
  }

  /// Without the quotes.
  static std::string shown_inside(std::string_view text) {
    const auto quoted = shown(text);
    return quoted.substr(1, quoted.rfind('"') - 1);
  }

  Cause cause_;
  TemplateBuilder builder_;
};

std::optional<ActionType> read_type(const ConfigValue& action, const ConfigValue& value, Cause cause) {
  const std::string_view choices = cause == Cause::kConnect ? "Emit or Broadcast" : "Emit, Broadcast or Acknowledge";
  const auto* found = std::find_if(kActionTypes.begin(), kActionTypes.end(),
                                   [&](const auto& known) { return known.name == value.node->text; });
  if (value.is_null()) {
    action.complain(fmt::format("has no type; write type: and {}", choices));
  } else if (value.node->type != YamlType::kScalar || found == kActionTypes.end()) {
    value.wrong(choices);
  } else if (found->type == ActionType::kAcknowledge && cause == Cause::kConnect) {
    value.complain("is Acknowledge, which onConnect cannot use; write Emit or Broadcast");
  } else {
    return found->type;
  }
  return std::nullopt;
}

/// Why an event's name is invalid; empty if it is valid.
std::string event_problem(std::string_view name) {
  if (name.empty()) return "is an event without a name; write one";
  if (std::find(kReservedEvents.begin(), kReservedEvents.end(), name) == kReservedEvents.end()) return {};
  return fmt::format("is {}, which the protocol reserves; use a name other than {}", name,
                     fmt::join(kReservedEvents, ", "));
}

std::string read_event(const ConfigValue& value) {
  std::string name;
  if (!value.read(name, "the name of an event")) return {};
  if (const auto problem = event_problem(name); !problem.empty()) value.complain(problem);
  return json_string(name);
}

Action read_action(const ConfigValue& value, Cause cause) {
  Action action;
  if (value.node->type != YamlType::kMap) {
    value.wrong("a mapping, for example {type: Emit, event: answer, args: [$auth]}");
    return action;
  }
  ConfigReader fields{value};
  const auto type = read_type(value, fields.at("type"), cause);
  const auto event = fields.at("event");
  const bool answers = type == ActionType::kAcknowledge;
  if (answers && fields.has("event")) event.complain_of_key("has no effect: Acknowledge sends no event; leave it out");
  if (type && !answers && !fields.has("event")) value.complain("has no event; write event: and its name");
  if (!answers && fields.has("event")) action.event = read_event(event);
  action.type = type.value_or(ActionType::kEmit);
  action.args = TemplateCompiler{cause}.compile(fields.at("args"));
  fields.refuse_others();
  return action;
}

std::vector<Action> read_actions(const ConfigValue& list, Cause cause) {
  std::vector<Action> actions;
  bool is_answered = false;
  for (const auto& element : list.elements()) {
    actions.push_back(read_action(element, cause));
    if (actions.back().type != ActionType::kAcknowledge) continue;
    if (std::exchange(is_answered, true))
      element.complain("is a second Acknowledge; an event can be acknowledged only once");
  }
  return actions;
}

void check_namespace(const ConfigValue& value) {
  const auto& name = value.node->key;
  if (!name.starts_with('/')) value.complain_of_key("is not a namespace; add a slash before its name");
  if (name.find(',') != std::string::npos)
    value.complain_of_key("contains a comma, which ends a namespace in the protocol; leave it out");
  if (name.size() > kLongestNamespace)
    value.complain_of_key(fmt::format("has more than {} bytes; shorten it", kLongestNamespace));
}

}  // namespace

Rules read_rules(const ConfigValue& namespaces) {
  Rules rules;
  for (const auto& value : namespaces.members()) {
    check_namespace(value);
    auto& made = rules[value.node->key];
    ConfigReader fields{value};
    made.on_connect = read_actions(fields.at("onConnect"), Cause::kConnect);
    for (const auto& event : fields.at("events").members()) {
      if (const auto problem = event_problem(event.node->key); !problem.empty()) event.complain_of_key(problem);
      made.events.emplace(event.node->key, read_actions(event, Cause::kEvent));
    }
    fields.refuse_others();
  }
  return rules;
}

}  // namespace server
