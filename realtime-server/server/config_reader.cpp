#include "realtime-server/server/config_reader.hpp"

#include <algorithm>
#include <cctype>
#include <numeric>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "realtime-server/server/config_scalars.hpp"

namespace server {
namespace {

constexpr std::size_t kMaxReported = 20;
constexpr std::size_t kLongestWord = 60;
const YamlNode kAbsent;

/// A value as messages show it.
std::string found(const YamlNode& node) {
  switch (node.type) {
    case YamlType::kNull:
      return "empty";
    case YamlType::kList:
      return "a list";
    case YamlType::kMap:
      return "a mapping";
    case YamlType::kScalar:
      break;
  }
  const bool is_text = !node.plain || scalar_type(node.text) == ScalarType::kText;
  return is_text ? "the text " + shown(node.text) : node.text;
}

/// `parent.key`, or `parent["key"]` where the key holds more than letters, digits, - and _.
std::string joined(const std::string& parent, std::string_view key) {
  const bool is_word =
      !key.empty() && key.size() <= kLongestWord &&
      std::all_of(key.begin(), key.end(), [](unsigned char c) { return std::isalnum(c) != 0 || c == '-' || c == '_'; });
  if (!is_word) return fmt::format("{}[{}]", parent, shown(key));
  return parent.empty() ? std::string{key} : fmt::format("{}.{}", parent, key);
}

/// The number of letters to add, remove or change to turn one word into the other (Levenshtein), ignoring case.
std::size_t distance(std::string_view from, std::string_view to) {
  std::vector<std::size_t> row(to.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < from.size(); ++i) {
    auto diagonal = std::exchange(row[0], i + 1);
    for (std::size_t j = 0; j < to.size(); ++j) {
      const bool is_same =
          std::tolower(static_cast<unsigned char>(from[i])) == std::tolower(static_cast<unsigned char>(to[j]));
      const auto changed = diagonal + (is_same ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({changed, diagonal + 1, row[j] + 1});
    }
  }
  return row.back();
}

}  // namespace

void ConfigErrors::add(const Place& place, std::string_view path, std::string_view problem) {
  errors_.emplace(place, fmt::format("{} {}", path.empty() ? "the configuration" : path, problem));
}

core::Error ConfigErrors::error() const {
  std::string text;
  std::size_t count = 0;
  for (const auto& [place, problem] : errors_) {
    if (++count > kMaxReported) break;
    text += fmt::format("{}{}: {}", text.empty() ? "" : "\n", source_->described(place), problem);
  }
  if (errors_.size() > kMaxReported) text += fmt::format("\nand {} more", errors_.size() - kMaxReported);
  return {core::ErrorKind::kInvalidInput, text};
}

void ConfigValue::complain(std::string_view problem) const {
  // An empty value has no position, but its key has.
  const bool at_key = is_null() && !node->key.empty();
  errors->add(at_key ? node->key_place : node->place, path, problem);
}

void ConfigValue::complain_of_key(std::string_view problem) const { errors->add(node->key_place, path, problem); }

void ConfigValue::wrong(std::string_view what_to_write) const {
  complain(fmt::format("is {}; write {}", found(*node), what_to_write));
}

std::vector<ConfigValue> ConfigValue::elements() const {
  std::vector<ConfigValue> values;
  if (node->type != YamlType::kList) {
    if (!is_null()) wrong("a list");
    return values;
  }
  values.reserve(node->children.size());
  for (const auto& child : node->children)
    values.push_back({&child, fmt::format("{}[{}]", path, values.size()), errors});
  return values;
}

std::vector<ConfigValue> ConfigValue::members() const {
  std::vector<ConfigValue> values;
  if (node->type != YamlType::kMap) {
    if (!is_null()) wrong("a mapping");
    return values;
  }
  values.reserve(node->children.size());
  for (const auto& child : node->children) values.push_back({&child, joined(path, child.key), errors});
  return values;
}

bool ConfigValue::read(bool& value) const {
  if (node->type != YamlType::kScalar || !node->plain || scalar_type(node->text) != ScalarType::kBool) {
    wrong("true or false");
    return false;
  }
  value = node->text.front() == 't' || node->text.front() == 'T';
  return true;
}

bool ConfigValue::read(std::string& value, std::string_view what) const {
  const bool is_text =
      node->type == YamlType::kScalar && (!node->plain || scalar_type(node->text) == ScalarType::kText);
  if (!is_text) {
    wrong(node->type == YamlType::kScalar ? fmt::format("{}, in quotes if it looks like a number", what) : what);
    return false;
  }
  value = node->text;
  return true;
}

bool ConfigValue::read(std::size_t& value, Range<std::size_t> range, std::string_view unit) const {
  const auto number = node->type == YamlType::kScalar && node->plain ? whole_number(node->text) : std::nullopt;
  if (!number || *number < range.least || *number > range.most) {
    wrong(fmt::format("a number of {} from {} to {}", unit, range.least, range.most));
    return false;
  }
  value = *number;
  return true;
}

bool ConfigValue::read(std::chrono::milliseconds& value, Range<std::chrono::milliseconds> range) const {
  const auto duration = node->type == YamlType::kScalar ? parse_duration(node->text) : std::nullopt;
  if (!duration || *duration < range.least || *duration > range.most) {
    wrong(fmt::format("a duration from {} to {}, for example 300ms, 25s or 1m30s", format_duration(range.least),
                      format_duration(range.most)));
    return false;
  }
  value = *duration;
  return true;
}

ConfigReader::ConfigReader(ConfigValue map) : map_{std::move(map)} {
  if (map_.node->type == YamlType::kMap) return;
  if (!map_.is_null()) map_.wrong("a mapping");
  map_.node = &kAbsent;
}

ConfigValue ConfigReader::at(std::string_view key) {
  known_.push_back(key);
  const auto* node = map_.node->find(key);
  return {node == nullptr ? &kAbsent : node, joined(map_.path, key), map_.errors};
}

void ConfigReader::refuse_others() const {
  for (const auto& child : map_.node->children) {
    if (std::find(known_.begin(), known_.end(), child.key) != known_.end()) continue;
    const auto key = std::string_view{child.key}.substr(0, kLongestWord);
    const auto nearest = std::min_element(known_.begin(), known_.end(),
                                          [&](auto a, auto b) { return distance(key, a) < distance(key, b); });
    const bool is_near = child.key.size() <= kLongestWord && distance(child.key, *nearest) <= 2;
    const auto fix = is_near ? fmt::format("did you mean {}?", *nearest)
                             : fmt::format("the known keys are {}", fmt::join(known_, ", "));
    ConfigValue{&child, joined(map_.path, child.key), map_.errors}.complain_of_key("is unknown; " + fix);
  }
}

}  // namespace server
