#include "realtime-server/server/config_yaml.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <sstream>
#include <unordered_map>
#include <utility>

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include "core/utf8.hpp"
#include "realtime-server/server/config_scalars.hpp"
#include "realtime-server/server/config_text.hpp"

namespace server {
namespace {

/// Stops the parser: yaml-cpp's event handlers have no other way to do so. Caught in parse_yaml.
struct Problem {
  Place place;
  std::string text;
};

Place place_of(const YAML::Mark& mark) { return {std::max(mark.line, 0), std::max(mark.column, 0)}; }

/// Builds the tree from yaml-cpp's events. Its own Node would hide duplicate keys and expand aliases without limit.
class TreeBuilder : public YAML::EventHandler {
 public:
  YamlNode take() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (std::exchange(started_, true))
      throw Problem{place_of(mark), "a second document, or text after the end of the first; write one document"};
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    add_leaf(node(YamlType::kNull, mark, "?"), anchor);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& text) override {
    auto scalar = node(YamlType::kScalar, mark, tag);
    // yaml-cpp turns two escapes into single bytes instead of characters.
    if (!core::is_utf8(text)) throw Problem{scalar.place, "the escape \\N or \\_; write \\x85 or \\xa0"};
    scalar.plain = tag == "?";
    scalar.text = text;
    if (!awaits_key()) return add_leaf(std::move(scalar), anchor);
    if (anchor != YAML::NullAnchor) throw Problem{scalar.place, "an anchor on a key; anchors are for values"};
    set_key(std::move(scalar));
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto found = anchored_.find(anchor);
    const auto place = place_of(mark);
    if (found == anchored_.end()) throw Problem{place, "an alias inside the value that it refers to"};
    if (stack_.size() + found->second.height > kMaxYamlDepth) throw too_deep(place);
    spend(found->second.cost, place);
    add(found->second.value, place, found->second.height);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value /*style*/) override {
    open(node(YamlType::kList, mark, tag), anchor);
  }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value /*style*/) override {
    open(node(YamlType::kMap, mark, tag), anchor);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapEnd() override { close(); }

 private:
  /// How much of the document's limits a value uses.
  struct Cost {
    std::size_t values = 0;
    std::size_t text = 0;
  };
  /// A list or mapping that is being read.
  struct Open {
    YamlNode value;
    YAML::anchor_t anchor;
    Cost before;                                      ///< what was used when it began
    std::size_t height = 1;                           ///< of what is read of it
    std::optional<YamlNode> key = {};                 ///< whose value comes next
    std::unordered_map<std::string, int> lines = {};  ///< of the keys
  };
  struct Anchored {
    YamlNode value;
    std::size_t height;
    Cost cost;
  };

  static Problem too_deep(const Place& place) {
    return {place, fmt::format("values nested more than {} deep", kMaxYamlDepth)};
  }

  static YamlNode node(YamlType type, const YAML::Mark& mark, const std::string& tag) {
    if (tag != "?" && tag != "!") throw Problem{place_of(mark), "a tag; tags are not supported, put text into quotes"};
    YamlNode made;
    made.type = type;
    made.place = place_of(mark);
    return made;
  }

  bool awaits_key() const {
    return !stack_.empty() && stack_.back().value.type == YamlType::kMap && !stack_.back().key;
  }

  void set_key(YamlNode key) {
    spend({0, key.text.size()}, key.place);
    auto& map = stack_.back();
    const auto [known, is_new] = map.lines.emplace(key.text, key.place.line + 1);
    if (!is_new)
      throw Problem{key.place,
                    fmt::format("the duplicate key {}; it is already in line {}", shown(key.text), known->second)};
    map.key = std::move(key);
  }

  void open(YamlNode value, YAML::anchor_t anchor) {
    if (awaits_key())
      throw Problem{value.place, "a list or mapping as a key, or one that is not closed; keys must be text"};
    if (stack_.size() == kMaxYamlDepth) throw too_deep(value.place);
    const auto before = spent_;
    spend({1, 0}, value.place);
    stack_.push_back({.value = std::move(value), .anchor = anchor, .before = before});
  }

  void close() {
    auto closed = std::move(stack_.back());
    stack_.pop_back();
    keep(closed.value, closed.anchor, closed.before, closed.height);
    const auto place = closed.value.place;
    add(std::move(closed.value), place, closed.height);
  }

  void add_leaf(YamlNode leaf, YAML::anchor_t anchor) {
    const auto before = spent_;
    const auto place = leaf.place;
    spend({1, leaf.text.size()}, place);
    keep(leaf, anchor, before, 0);
    add(std::move(leaf), place, 0);
  }

  /// Stores a whole value for its aliases.
  void keep(const YamlNode& value, YAML::anchor_t anchor, const Cost& before, std::size_t height) {
    if (anchor == YAML::NullAnchor) return;
    const Cost cost{spent_.values - before.values, spent_.text - before.text};
    spend(cost, value.place);
    anchored_.insert_or_assign(anchor, Anchored{value, height, cost});
  }

  /// Puts a whole value where it belongs.
  void add(YamlNode value, const Place& place, std::size_t height) {
    if (awaits_key()) throw Problem{place, "a key that is missing, null or an alias; keys must be text"};
    if (stack_.empty()) {
      root_ = std::move(value);
      return;
    }
    auto& parent = stack_.back();
    if (parent.key) {
      value.key = std::move(parent.key->text);
      value.key_place = parent.key->place;
      parent.key.reset();
    }
    parent.height = std::max(parent.height, height + 1);
    parent.value.children.push_back(std::move(value));
  }

  void spend(const Cost& cost, const Place& place) {
    spent_.values += cost.values;
    spent_.text += cost.text;
    if (spent_.values > kMaxYamlValues || spent_.text > kMaxYamlText)
      throw Problem{
          place, fmt::format("more than {} values or {} bytes of text; an alias counts as the value that it refers to",
                             kMaxYamlValues, kMaxYamlText)};
  }

  bool started_ = false;
  YamlNode root_;
  std::vector<Open> stack_;
  std::map<YAML::anchor_t, Anchored> anchored_;
  Cost spent_;
};

}  // namespace

const YamlNode* YamlNode::find(std::string_view name) const {
  const auto found =
      std::find_if(children.begin(), children.end(), [&](const auto& child) { return child.key == name; });
  return found == children.end() ? nullptr : &*found;
}

core::Result<YamlNode> parse_yaml(const ConfigText& source) {
  TreeBuilder builder;
  try {
    std::istringstream stream{std::string{source.yaml()}};
    YAML::Parser parser{stream};
    while (parser.HandleNextDocument(builder)) continue;
    return builder.take();
  } catch (const Problem& problem) {
    return source.fail(problem.place, problem.text);
  } catch (const YAML::Exception& error) {
    return source.fail(place_of(error.mark), fmt::format("invalid YAML: {}", error.msg));
  }
}

}  // namespace server
