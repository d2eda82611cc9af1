#include "tests/support/random_manifest.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>
#include <string>
#include <utility>

#include "operator/api/v1alpha1/realtime_app.hpp"
#include "tests/support/json.hpp"
#include "tests/support/manifest_rules.hpp"
#include "tests/support/random_values.hpp"
#include "tests/support/yaml_object.hpp"

namespace support {
namespace {

using nlohmann::json;

/// Lists and maps have at most so many elements, unless they are tried at their limit.
constexpr std::int64_t kFew = 3;
/// Larger limits are not tried.
constexpr std::int64_t kMaxLong = 64;
/// For each key of a map, as keys come twice.
constexpr std::int64_t kTriesForKey = 10;
constexpr int kWildOnceIn = 25;
/// The numbers of dice for successors begin here.
constexpr std::uint64_t kSuccessors = 1ULL << 32U;

/// Values for a schema and all that is in it.
class Maker {
 public:
  Maker(Dice& dice, Temper temper) : dice_{dice}, wild_{temper == Temper::kWild} {
    static constexpr std::array kTenths{0, 2, 5, 5, 5, 8, 10};
    presence_ = dice_.one_of(kTenths);
  }

  /// `path` is the field's below spec, as in `listed_value`.
  json make(const json& schema, const std::string& path) {
    const bool legal = !(wild_ && dice_.once_in(kWildOnceIn));
    if (auto value = listed_value(path, legal, dice_)) return *value;
    if (!legal) return illegal(schema);
    if (schema.contains("enum")) return dice_.one_of(schema.at("enum"));
    if (schema.contains("x-kubernetes-preserve-unknown-fields"))
      return random_argument(path.find("events{}") != std::string::npos, dice_);
    const auto type = schema.value("type", "");
    if (type == "object") return schema.contains("additionalProperties") ? map(schema, path) : object(schema, path);
    if (type == "array") return list(schema, path);
    if (type == "integer") return integer(schema);
    if (type == "boolean") return dice_.once_in(2);
    if (type == "string" && !schema.contains("pattern") && !schema.contains("x-kubernetes-validations"))
      return random_text(schema.value("minLength", 0), schema.at("maxLength"), style_, dice_);
    throw std::logic_error("random_values.cpp has no values for spec." + path);
  }

 private:
  json object(const json& schema, const std::string& path) {
    auto made = json::object();
    const auto required = schema.value("required", json::array());
    const auto properties = schema.value("properties", json::object());
    for (const auto& [name, property] : properties.items()) {
      const bool is_required = std::find(required.begin(), required.end(), name) != required.end();
      const bool is_there = is_required ? !(wild_ && dice_.once_in(kWildOnceIn)) : dice_.between(1, 10) <= presence_;
      if (is_there) made[name] = make(property, path.empty() ? name : path + "." + name);
    }
    return made;
  }

  json list(const json& schema, const std::string& path) {
    auto made = json::array();
    const auto [count, style] = size(schema.value("minItems", 0), schema.at("maxItems"));
    const auto outer = std::exchange(style_, style);
    for (auto i = count; i > 0; --i) made.push_back(make(schema.at("items"), path + "[]"));
    style_ = outer;
    if (!wild_ || !dice_.once_in(kWildOnceIn)) drop_duplicates(schema, made);
    return made;
  }

  json map(const json& schema, const std::string& path) {
    auto made = json::object();
    const auto [count, style] = size(0, schema.at("maxProperties"));
    const auto outer = std::exchange(style_, style);
    for (auto tries = count * kTriesForKey; tries > 0 && std::ssize(made) < count; --tries) {
      const auto key = listed_value(path + "{key}", !(wild_ && dice_.once_in(kWildOnceIn)), dice_);
      if (!key) throw std::logic_error("random_values.cpp has no keys for spec." + path);
      const auto name = key->get<std::string>();
      if (!made.contains(name)) made[name] = make(schema.at("additionalProperties"), path + "{}");
    }
    style_ = outer;
    return made;
  }

  /// How many elements a list or map gets, and how their texts are.
  std::pair<std::int64_t, TextStyle> size(std::int64_t least, std::int64_t most) {
    if (most <= kMaxLong && dice_.once_in(30)) return {most, longest_style(dice_)};
    return {dice_.between(least, std::min(most, std::max(least, kFew))), {}};
  }

  json integer(const json& schema) {
    const std::int64_t least = schema.at("minimum");
    const std::int64_t most = schema.at("maximum");
    switch (dice_.between(0, 4)) {
      case 0:
        return least;
      case 1:
        return most;
      case 2:
        return std::min(least + dice_.between(1, 3), most);
      case 3:
        return schema.value("default", least);
      default:
        return dice_.between(least, most);
    }
  }

  json illegal(const json& schema) {
    if (schema.contains("enum")) return "Nonsense";
    if (schema.contains("x-kubernetes-preserve-unknown-fields")) return 7;  // nothing is illegal here
    const auto type = schema.value("type", "");
    if (type == "integer")
      return dice_.once_in(2) ? json(schema.at("minimum").get<std::int64_t>() - 1)
                              : json(schema.at("maximum").get<std::int64_t>() + 1);
    if (type == "string") return std::string(schema.at("maxLength").get<std::size_t>() + 1, 'x');
    return type == "boolean" ? json("yes") : json(7);
  }

  Dice& dice_;
  bool wild_;
  int presence_ = 0;  // of a field that is not required, in tenths
  TextStyle style_;
};

/// Writes out some absent fields as null, which the API server takes for absent.
void write_nulls(const json& schema, json& value, Dice& dice) {
  if (value.is_array() && schema.contains("items")) {
    for (auto& element : value) write_nulls(schema.at("items"), element, dice);
  } else if (value.is_object() && schema.contains("properties")) {
    for (const auto& [name, property] : schema.at("properties").items()) {
      if (value.contains(name)) {
        write_nulls(property, value[name], dice);
      } else if (dice.once_in(5)) {
        value[name] = nullptr;
      }
    }
  }
}

/// Both mixed, field by field.
json blend(const json& before, const json& other, Dice& dice) {
  if (!before.is_object() || !other.is_object()) return dice.once_in(2) ? before : other;
  auto blended = json::object();
  auto all = other;
  all.update(before);
  for (const auto& [name, value] : all.items()) {
    if (before.contains(name) && other.contains(name)) {
      blended[name] = blend(before.at(name), other.at(name), dice);
    } else if (dice.once_in(2)) {
      blended[name] = value;
    }
  }
  return blended;
}

}  // namespace

RandomManifests::RandomManifests(std::uint64_t seed)
    : seed_{seed},
      schema_(json_of(from_yaml_file("crds/realtimeoperator.dev_realtimeapps.yaml"))
                  .at("/spec/versions/0/schema/openAPIV3Schema/properties/spec"_json_pointer)) {}

json RandomManifests::manifest(int number, Temper temper) const {
  Dice dice{seed_, static_cast<std::uint64_t>(number)};
  const bool wild = temper == Temper::kWild;
  auto spec = Maker{dice, temper}.make(schema_, "");
  if (spec.is_object() && (!wild || dice.once_in(2))) obey_rules(spec, dice);
  if (dice.once_in(10)) write_nulls(schema_, spec, dice);
  const auto name = listed_value("metadata.name", !(wild && dice.once_in(kWildOnceIn)), dice);
  return {{"apiVersion", api::kRealtimeApp.api_version()},
          {"kind", api::kRealtimeApp.kind},
          {"metadata", {{"name", *name}}},
          {"spec", std::move(spec)}};
}

json RandomManifests::successor(const json& spec, int number) const {
  Dice dice{seed_, kSuccessors + static_cast<std::uint64_t>(number)};
  auto before = json::object();
  before.merge_patch(spec);  // without its nulls
  auto other = Maker{dice, Temper::kTame}.make(schema_, "");
  auto after = dice.once_in(4) ? std::move(other) : blend(before, other, dice);
  if (!dice.once_in(4)) keep_volume(before, after);
  obey_rules(after, dice);
  if (dice.once_in(10)) write_nulls(schema_, after, dice);
  return after;
}

}  // namespace support
