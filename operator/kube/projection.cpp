#include "operator/kube/projection.hpp"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <vector>

#include <boost/container/small_vector.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include "operator/kube/managed_fields.hpp"
#include "operator/kube/quantity.hpp"

namespace kube {
namespace {

using namespace std::string_view_literals;

/// Whether the order of this field's named elements means something: a variable may refer to those before it, and init
/// containers run one after the other.
bool is_ordered(std::string_view field) {
  return field == "env"sv || field == "initContainers"sv || field == "containers"sv;
}

/// An element of a list, and what of it counts.
struct Element {
  JsonView value;
  JsonView fields;
  std::string key{};
};

/// Writes a value in its canonical form, as far as it is owned.
class Writer {
 public:
  explicit Writer(std::string_view except) : except_{except} { text_.reserve(kUsualSize); }

  void write(JsonView value, JsonView fields, bool is_whole_object) {
    if (is_whole_object) {
      write_object(value, fields, true);
    } else {
      write_value(value, fields);
    }
  }

  /// The same of a whole object without spec.template.
  void write_without_pod_template(JsonView value, JsonView fields) {
    leaves_out_pod_template_ = true;
    write_object(value, fields, true);
  }

  std::string take() { return std::move(text_); }

 private:
  using Elements = boost::container::small_vector<Element, 4>;  // as many as most have

  void write_object(JsonView object, JsonView fields, bool is_whole_object) {
    text_ += '{';
    each_member(object, fields, [&](std::string_view name, JsonView value, JsonView inner) {
      if (is_whole_object && (name == "apiVersion"sv || name == "kind"sv || name == "status"sv)) return;
      if (is_whole_object && name == "metadata"sv) {
        write_unless_empty(name, value, inner,
                           [](std::string_view member) { return member == "name"sv || member == "namespace"sv; });
      } else if (is_whole_object && leaves_out_pod_template_ && name == "spec"sv) {
        write_unless_empty(name, value, inner, [](std::string_view member) { return member == "template"sv; });
      } else {
        write_member(name, value, inner);
      }
    });
    text_ += '}';
  }

  /// Calls `use` with the name of each member that counts, its value and what of it counts, in the order of their
  /// names.
  template <class Use>
  static void each_member(JsonView object, JsonView fields, const Use& use) {
    if (owns_all(fields)) {
      auto members = object.members();
      sort_by_name(members);
      for (const auto& [name, value] : members) use(name, value, JsonView{});
      return;
    }
    auto owned = fields.members();
    sort_by_name(owned);
    for (const auto& [field, inner] : owned) {
      if (!field.starts_with("f:")) continue;
      const auto name = field.substr(2);
      if (const auto value = object.find(name); !value.is_nothing()) {
        use(name, value, inner);
      } else if (name == "value"sv) {
        use(name, JsonView{kEmptyText}, inner);  // of a variable: the API server leaves an empty one out
      }
    }
  }

  inline static const Json kEmptyText = "";  // braces would make it a list

  static void sort_by_name(JsonView::Members& members) {
    const auto by_name = [](const auto& left, const auto& right) { return left.name < right.name; };
    if (!std::is_sorted(members.begin(), members.end(), by_name)) std::sort(members.begin(), members.end(), by_name);
  }

  void write_name(std::string_view name) {
    write_text(name);
    text_ += ':';
  }

  void write_member(std::string_view name, JsonView value, JsonView fields) {
    if (name == "annotations"sv && !except_.empty()) {
      write_unless_empty(name, value, fields, [this](std::string_view annotation) { return annotation == except_; });
      return;
    }
    write_name(name);
    if ((name == "requests"sv || name == "limits"sv) && value.is_object()) {
      write_quantities(value, fields);
    } else if (name == "volumeClaimTemplates"sv && value.is_list()) {
      write_claims(value);
    } else if (name == "emptyDir"sv && value.is_object() && !fields.is_nothing() && owns_all(fields)) {
      // FieldsV1 names an empty map as it names an atomic value. What others put into it is theirs.
      text_ += "{}";
    } else {
      write_value(value, fields, is_ordered(name));
    }
    text_ += ',';
  }

  void write_value(JsonView value, JsonView fields, bool in_order = false) {
    switch (value.kind()) {
      case JsonKind::kObject:
        return write_object(value, fields, false);
      case JsonKind::kList:
        return write_list(value, fields, in_order);
      case JsonKind::kText:
        return write_text(value.text());
      case JsonKind::kNumber:
        if (const auto number = value.number<std::int64_t>()) return write_number(*number);
        text_ += boost::json::serialize(value.to_json());
        return;
      case JsonKind::kFlag:
        text_ += *value.flag() ? "true" : "false";
        return;
      case JsonKind::kNull:
      case JsonKind::kNothing:
        text_ += "null";
    }
  }

  template <class T>
  void write_number(T number) {
    const fmt::format_int digits{number};
    text_.append(digits.data(), digits.size());
  }

  /// With its length, so that no text can look like something else.
  void write_text(std::string_view text) {
    write_number(text.size());
    text_.append(1, '"').append(text);
  }

  /// A member with those of its own members that count; none if there are no others.
  template <class Ignored>
  void write_unless_empty(std::string_view name, JsonView value, JsonView fields, const Ignored& ignored) {
    const auto start = text_.size();
    write_name(name);
    text_ += '{';
    const auto empty = text_.size();
    each_member(value, fields, [&](std::string_view member, JsonView inner_value, JsonView inner) {
      if (!ignored(member)) write_member(member, inner_value, inner);
    });
    if (text_.size() == empty) {
      text_.resize(start);
    } else {
      text_ += "},";
    }
  }

  void write_quantities(JsonView amounts, JsonView fields) {
    text_ += '{';
    each_member(amounts, fields, [&](std::string_view name, JsonView amount, JsonView inner) {
      const auto value = quantity_value(amount.is_text() ? std::string{amount.text()} : text_of(amount.to_json()));
      if (value) {
        write_name(name);
        text_ += *value + ",";
      } else {
        write_member(name, amount, inner);
      }
    });
    text_ += '}';
  }

  /// An atomic list, which comes back with the API server's additions.
  void write_claims(JsonView claims) {
    text_ += '[';
    for (const auto& live : claims.elements()) {
      auto claim = live.to_json();
      if (auto* members = claim.if_object()) {
        members->erase("status");
        if (auto* metadata = members->if_contains("metadata"); metadata != nullptr && metadata->is_object())
          metadata->get_object().erase("creationTimestamp");
      }
      write_value(claim, {});
      text_ += ',';
    }
    text_ += ']';
  }

  void write_list(JsonView list, JsonView fields, bool in_order) {
    auto elements = elements_of(list, fields);
    if (!in_order && elements.size() > 1) {
      for (auto& element : elements) element.key = key_of(element);
      if (std::none_of(elements.begin(), elements.end(), [](const auto& element) { return element.key.empty(); }))
        std::stable_sort(elements.begin(), elements.end(),
                         [](const auto& left, const auto& right) { return left.key < right.key; });
    }
    text_ += '[';
    for (const auto& element : elements) {
      write_value(element.value, element.fields);
      text_ += ',';
    }
    text_ += ']';
  }

  /// FieldsV1 of a list: `k:{keys}` names a list-map element, `v:value` a set member (KEP-555, "Field set format").
  static Elements elements_of(JsonView list, JsonView fields) {
    Elements elements;
    if (owns_all(fields)) {
      for (const auto& value : list.elements()) elements.push_back({value, {}});
      return elements;
    }
    std::array<unsigned char, 1024> bytes;  // for most of them
    boost::json::monotonic_resource memory{bytes.data(), bytes.size()};
    boost::container::small_vector<std::pair<Json, JsonView>, 4> keyed;
    boost::container::small_vector<Json, 4> members;
    for (const auto& [name, inner] : fields.members()) {
      const bool is_key = name.starts_with("k:");
      if (!is_key && !name.starts_with("v:")) continue;
      boost::json::error_code error;
      auto selector = boost::json::parse(name.substr(2), error, &memory);
      if (error) continue;
      if (is_key) {
        keyed.emplace_back(std::move(selector), inner);
      } else {
        members.push_back(std::move(selector));
      }
    }
    for (const auto& value : list.elements()) {
      const auto found =
          std::find_if(keyed.begin(), keyed.end(), [&](const auto& entry) { return matches_key(value, entry.first); });
      if (found != keyed.end()) {
        elements.push_back({value, found->second});
      } else if (std::any_of(members.begin(), members.end(), [&](const Json& it) { return is_same(value, it); })) {
        elements.push_back({value, {}});
      }
    }
    return elements;
  }

  /// The fields that identify an element of a list of objects; none for atomic lists.
  static std::string key_of(const Element& element) {
    static constexpr std::array kKeys{"name"sv, "containerPort"sv, "port"sv, "topologyKey"sv, "uid"sv, "mountPath"sv};
    std::string key;
    for (const auto candidate : kKeys) {
      const auto found = element.value.find(candidate);
      if (found.is_nothing() || !owns_member(element.fields, candidate)) continue;
      key += found.is_text() ? std::string{found.text()} : boost::json::serialize(found.to_json());
      key += '\n';
    }
    return key;
  }

  static bool owns_member(JsonView fields, std::string_view member) {
    return owns_all(fields) || !fields.find("f:" + std::string{member}).is_nothing();
  }

  static constexpr std::size_t kUsualSize = 2048;

  std::string_view except_;
  bool leaves_out_pod_template_ = false;
  std::string text_;
};

}  // namespace

Projection Projection::owned(const ObjectView& live, std::string_view manager) {
  const auto fields = applied_fields(live, manager);
  if (owns_all(fields)) return {{}, {}, true};
  return {live.json(), fields, true};
}

Projection Projection::desired(const ObjectView& desired) { return {desired.json(), {}, true}; }

Projection Projection::at(std::initializer_list<std::string_view> path) const {
  auto fields = fields_;
  for (const auto step : path) {
    if (owns_all(fields)) break;
    fields = fields.find("f:" + std::string{step});
    if (fields.is_nothing()) return {{}, {}, false};
  }
  return {find_at(value_, path), fields, false};
}

std::map<std::string, std::string> Projection::texts() const {
  std::map<std::string, std::string> texts;
  for (const auto& [name, value] : value_.members())
    if (value.is_text() && (owns_all(fields_) || !fields_.find(fmt::format("f:{}", name)).is_nothing()))
      texts.emplace(name, value.text());
  return texts;
}

std::string Projection::canonical(std::string_view except) const {
  Writer writer{except};
  static const Json kNothing(boost::json::object_kind);
  writer.write(is_nothing() ? JsonView{kNothing} : value_, fields_, is_whole_object_);
  return writer.take();
}

Projection::Digests Projection::digests(std::string_view apart) const {
  const auto pod = at({"spec", "template"});
  if (pod.is_nothing()) return {digest(), {}};
  Digests found{{}, pod.digest(apart)};
  Writer writer{{}};
  writer.write_without_pod_template(value_, fields_);
  auto text = writer.take() + pod.at({"metadata", "annotations", apart}).text();
  for (const auto part : found.pod_template) fmt::format_to(std::back_inserter(text), ",{}", part);
  found.whole = core::fingerprint(text);
  return found;
}

}  // namespace kube
