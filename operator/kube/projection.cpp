#include "operator/kube/projection.hpp"

#include <algorithm>
#include <cstring>
#include <vector>

#include <fmt/format.h>

#include "core/digest.hpp"
#include "operator/kube/json_reader.hpp"
#include "operator/kube/managed_fields.hpp"
#include "operator/kube/quantity.hpp"

namespace kube {
namespace {

using nlohmann::json;
using namespace std::string_view_literals;

/// FieldsV1 without members names a leaf or an atomic value: the whole of it is owned. So does null.
bool owns_all(const json* fields) { return fields == nullptr || !fields->is_object() || fields->empty(); }

/// Whether the order of this field's named elements means something: a variable may refer to those before it, and init
/// containers run one after the other.
bool is_ordered(std::string_view field) {
  return field == "env"sv || field == "initContainers"sv || field == "containers"sv;
}

/// An element of a list, and what of it counts.
struct Element {
  const json* value;
  const json* fields;
  std::string key{};
};

/// Writes a value in its canonical form, as far as it is owned.
class Writer {
 public:
  explicit Writer(std::string_view except) : except_{except} { text_.reserve(kUsualSize); }

  void write(const json& value, const json* fields, bool is_whole_object) {
    if (is_whole_object) {
      write_object(value, fields, true);
    } else {
      write_value(value, fields);
    }
  }

  std::string take() { return std::move(text_); }

 private:
  void write_object(const json& object, const json* fields, bool is_whole_object) {
    text_ += '{';
    each_member(object, fields, [&](std::string_view name, const json& value, const json* inner) {
      if (is_whole_object && (name == "apiVersion"sv || name == "kind"sv || name == "status"sv)) return;
      if (is_whole_object && name == "metadata"sv) {
        write_unless_empty(name, value, inner,
                           [](std::string_view member) { return member == "name"sv || member == "namespace"sv; });
      } else {
        write_member(name, value, inner);
      }
    });
    text_ += '}';
  }

  /// Calls `look` with each member that counts and what of it does, in the order of their names.
  template <class Look>
  static void each_member(const json& object, const json* fields, const Look& look) {
    if (!object.is_object()) return;
    const auto& members = object.get_ref<const json::object_t&>();
    if (owns_all(fields)) {
      for (const auto& [name, value] : members) look(name, value, nullptr);
      return;
    }
    for (const auto& [field, inner] : fields->get_ref<const json::object_t&>()) {
      if (!field.starts_with("f:")) continue;
      const auto found = members.find(std::string_view{field}.substr(2));
      if (found != members.end()) look(found->first, found->second, &inner);
    }
  }

  void write_name(std::string_view name) {
    write_text(name);
    text_ += ':';
  }

  void write_member(std::string_view name, const json& value, const json* fields) {
    if (name == "annotations"sv && !except_.empty()) {
      write_unless_empty(name, value, fields, [this](std::string_view annotation) { return annotation == except_; });
      return;
    }
    write_name(name);
    if ((name == "requests"sv || name == "limits"sv) && value.is_object()) {
      write_quantities(value, fields);
    } else if (name == "volumeClaimTemplates"sv && value.is_array()) {
      write_claims(value);
    } else {
      write_value(value, fields, is_ordered(name));
    }
    text_ += ',';
  }

  void write_value(const json& value, const json* fields, bool in_order = false) {
    if (value.is_object()) {
      write_object(value, fields, false);
    } else if (value.is_array()) {
      write_list(value, fields, in_order);
    } else if (value.is_string()) {
      write_text(value.get_ref<const std::string&>());
    } else if (value.is_number_integer()) {
      const auto digits = value.is_number_unsigned() ? fmt::format_int{value.get<std::uint64_t>()}
                                                     : fmt::format_int{value.get<std::int64_t>()};
      text_.append(digits.data(), digits.size());
    } else {
      text_ += value.dump();
    }
  }

  /// With its length, so that no text can look like something else.
  void write_text(std::string_view text) {
    const fmt::format_int size{text.size()};
    text_.append(size.data(), size.size()).append(1, '"').append(text);
  }

  /// A member with those of its own members that count; none if there are no others.
  template <class Ignored>
  void write_unless_empty(std::string_view name, const json& value, const json* fields, const Ignored& ignored) {
    const auto start = text_.size();
    write_name(name);
    text_ += '{';
    const auto empty = text_.size();
    each_member(value, fields, [&](std::string_view member, const json& inner_value, const json* inner) {
      if (!ignored(member)) write_member(member, inner_value, inner);
    });
    if (text_.size() == empty) {
      text_.resize(start);
    } else {
      text_ += "},";
    }
  }

  void write_quantities(const json& amounts, const json* fields) {
    text_ += '{';
    each_member(amounts, fields, [&](std::string_view name, const json& amount, const json* inner) {
      const auto text = amount.is_string() ? amount.get<std::string>() : amount.dump();
      if (const auto value = quantity_value(text)) {
        write_name(name);
        text_ += *value + ",";
      } else {
        write_member(name, amount, inner);
      }
    });
    text_ += '}';
  }

  /// An atomic list, which comes back with the API server's additions.
  void write_claims(const json& claims) {
    text_ += '[';
    for (auto claim : claims) {
      claim.erase("status");
      if (claim.contains("metadata")) claim["metadata"].erase("creationTimestamp");
      write_value(claim, nullptr);
      text_ += ',';
    }
    text_ += ']';
  }

  void write_list(const json& list, const json* fields, bool in_order) {
    auto elements = elements_of(list, fields);
    if (!in_order) {
      for (auto& element : elements) element.key = key_of(element);
      if (std::none_of(elements.begin(), elements.end(), [](const auto& element) { return element.key.empty(); }))
        std::stable_sort(elements.begin(), elements.end(),
                         [](const auto& left, const auto& right) { return left.key < right.key; });
    }
    text_ += '[';
    for (const auto& element : elements) {
      write_value(*element.value, element.fields);
      text_ += ',';
    }
    text_ += ']';
  }

  /// FieldsV1 of a list: `k:{keys}` names a list-map element, `v:value` a set member (KEP-555, "Field set format").
  static std::vector<Element> elements_of(const json& list, const json* fields) {
    std::vector<Element> elements;
    elements.reserve(list.size());
    if (owns_all(fields)) {
      for (const auto& value : list) elements.push_back({&value, nullptr});
      return elements;
    }
    std::vector<std::pair<json, const json*>> keyed;
    std::vector<json> members;
    for (const auto& [name, inner] : fields->get_ref<const json::object_t&>()) {
      const bool is_key = name.starts_with("k:");
      if (!is_key && !name.starts_with("v:")) continue;
      auto selector = read_json(std::string_view{name}.substr(2));
      if (!selector) continue;
      if (is_key) {
        keyed.emplace_back(std::move(*selector), &inner);
      } else {
        members.push_back(std::move(*selector));
      }
    }
    for (const auto& value : list) {
      const auto found =
          std::find_if(keyed.begin(), keyed.end(), [&](const auto& entry) { return matches_key(value, entry.first); });
      if (found != keyed.end()) {
        elements.push_back({&value, found->second});
      } else if (std::find(members.begin(), members.end(), value) != members.end()) {
        elements.push_back({&value, nullptr});
      }
    }
    return elements;
  }

  /// The fields that identify an element of a list of objects; none for atomic lists.
  static std::string key_of(const Element& element) {
    static constexpr std::array kKeys{"name", "containerPort", "port", "topologyKey", "uid", "mountPath"};
    std::string key;
    if (!element.value->is_object()) return key;
    for (const char* candidate : kKeys) {
      const auto found = element.value->find(candidate);
      const bool counts = found != element.value->end() &&
                          (owns_all(element.fields) || element.fields->contains(std::string{"f:"} + candidate));
      if (!counts) continue;
      key += found->is_string() ? found->get_ref<const std::string&>() : found->dump();
      key += '\n';
    }
    return key;
  }

  static constexpr std::size_t kUsualSize = 2048;

  std::string_view except_;
  std::string text_;
};

}  // namespace

ProjectionDigest digest_of(std::string_view text) {
  const auto bytes = core::sha256(text);
  ProjectionDigest digest{};
  std::memcpy(digest.data(), bytes.data(), sizeof digest);
  return digest;
}

Projection Projection::owned(const Object& live, std::string_view manager) {
  const auto* fields = applied_fields(live, manager);
  if (fields == nullptr || !fields->is_object() || fields->empty()) return {nullptr, nullptr, true};
  return {&live.json(), fields, true};
}

Projection Projection::desired(const Object& desired) { return {&desired.json(), nullptr, true}; }

Projection Projection::at(std::initializer_list<const char*> path) const {
  const auto* value = value_ == nullptr ? nullptr : find_at(*value_, path);
  const auto* fields = fields_;
  for (const char* step : path) {
    if (owns_all(fields)) break;
    const auto found = fields->find(std::string{"f:"} + step);
    if (found == fields->end()) return {nullptr, nullptr, false};
    fields = &*found;
  }
  return {value, fields, false};
}

std::string Projection::text() const {
  return value_ != nullptr && value_->is_string() ? value_->get<std::string>() : std::string{};
}

std::string Projection::canonical(std::string_view except) const {
  Writer writer{except};
  static const json kNothing = json::object();
  writer.write(value_ == nullptr ? kNothing : *value_, fields_, is_whole_object_);
  return writer.take();
}

ProjectionDigest Projection::digest(std::string_view except) const { return digest_of(canonical(except)); }

}  // namespace kube
