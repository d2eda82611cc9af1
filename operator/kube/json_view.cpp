#include "operator/kube/json_view.hpp"

#include <bit>

#include <simdjson.h>

namespace kube {
namespace {

namespace dom = simdjson::dom;

/// What dom::element consists of. Its header takes longer to compile than most files here, so only two include it.
struct Place {
  const void* document;
  std::size_t index;
};
static_assert(sizeof(Place) == sizeof(dom::element) && std::is_trivially_copyable_v<dom::element>);

dom::element element_at(const void* document, std::size_t index) {
  return std::bit_cast<dom::element>(Place{document, index});
}

JsonKind kind_of(dom::element_type type) {
  switch (type) {
    case dom::element_type::OBJECT:
      return JsonKind::kObject;
    case dom::element_type::ARRAY:
      return JsonKind::kList;
    case dom::element_type::STRING:
      return JsonKind::kText;
    case dom::element_type::INT64:
    case dom::element_type::UINT64:
    case dom::element_type::DOUBLE:
      return JsonKind::kNumber;
    case dom::element_type::BOOL:
      return JsonKind::kFlag;
    case dom::element_type::NULL_VALUE:
      return JsonKind::kNull;
  }
  return JsonKind::kNothing;
}

JsonKind kind_of(boost::json::kind kind) {
  switch (kind) {
    case boost::json::kind::object:
      return JsonKind::kObject;
    case boost::json::kind::array:
      return JsonKind::kList;
    case boost::json::kind::string:
      return JsonKind::kText;
    case boost::json::kind::int64:
    case boost::json::kind::uint64:
    case boost::json::kind::double_:
      return JsonKind::kNumber;
    case boost::json::kind::bool_:
      return JsonKind::kFlag;
    case boost::json::kind::null:
      return JsonKind::kNull;
  }
  return JsonKind::kNothing;
}

}  // namespace

JsonView::JsonView(const dom::element& element)
    : at_{std::bit_cast<Place>(element).document}, index_{std::bit_cast<Place>(element).index} {}

JsonKind JsonView::kind() const {
  if (is_nothing()) return JsonKind::kNothing;
  if (const auto* value = boost()) return kind_of(value->kind());
  return kind_of(element_at(at_, index_).type());
}

bool JsonView::has_members() const {
  if (is_nothing()) return false;
  if (const auto* value = boost()) return value->is_object() && !value->get_object().empty();
  dom::object object;
  return element_at(at_, index_).get(object) == simdjson::SUCCESS && object.begin() != object.end();
}

JsonView JsonView::find(std::string_view member) const {
  if (is_nothing()) return {};
  if (const auto* value = boost()) {
    const auto* object = value->if_object();
    const auto* found = object == nullptr ? nullptr : object->if_contains(member);
    return found == nullptr ? JsonView{} : JsonView{*found};
  }
  dom::object object;
  if (element_at(at_, index_).get(object) != simdjson::SUCCESS) return {};
  for (auto field = object.begin(); field != object.end(); ++field)
    if (field.key_equals(member)) return JsonView{field.value()};
  return {};
}

JsonView::Members JsonView::members() const {
  Members members;
  if (is_nothing()) return members;
  if (const auto* value = boost()) {
    const auto* object = value->if_object();
    if (object == nullptr) return members;
    members.reserve(object->size());
    for (const auto& member : *object) members.push_back({member.key(), member.value()});
    return members;
  }
  dom::object object;
  if (element_at(at_, index_).get(object) != simdjson::SUCCESS) return members;
  for (const auto& [name, value] : object) members.push_back({name, JsonView{value}});
  return members;
}

JsonView::Elements JsonView::elements() const {
  Elements elements;
  if (is_nothing()) return elements;
  if (const auto* value = boost()) {
    const auto* list = value->if_array();
    if (list == nullptr) return elements;
    elements.reserve(list->size());
    for (const auto& element : *list) elements.emplace_back(element);
    return elements;
  }
  dom::array list;
  if (element_at(at_, index_).get(list) != simdjson::SUCCESS) return elements;
  for (const auto& element : list) elements.emplace_back(element);
  return elements;
}

std::string_view JsonView::text() const {
  if (is_nothing()) return {};
  if (const auto* value = boost()) {
    const auto* text = value->if_string();
    return text == nullptr ? std::string_view{} : std::string_view{text->data(), text->size()};
  }
  std::string_view text;
  return element_at(at_, index_).get(text) == simdjson::SUCCESS ? text : std::string_view{};
}

std::optional<bool> JsonView::flag() const {
  if (is_nothing()) return std::nullopt;
  if (const auto* value = boost()) return value->is_bool() ? std::optional{value->get_bool()} : std::nullopt;
  bool flag = false;
  return element_at(at_, index_).get(flag) == simdjson::SUCCESS ? std::optional{flag} : std::nullopt;
}

std::optional<std::int64_t> JsonView::int64() const {
  if (is_nothing()) return std::nullopt;
  if (const auto* value = boost()) return value->is_int64() ? std::optional{value->get_int64()} : std::nullopt;
  std::int64_t number = 0;
  return element_at(at_, index_).get(number) == simdjson::SUCCESS ? std::optional{number} : std::nullopt;
}

std::optional<std::uint64_t> JsonView::uint64() const {
  if (is_nothing()) return std::nullopt;
  if (const auto* value = boost()) return value->is_uint64() ? std::optional{value->get_uint64()} : std::nullopt;
  std::uint64_t number = 0;
  return element_at(at_, index_).get(number) == simdjson::SUCCESS ? std::optional{number} : std::nullopt;
}

Json JsonView::to_json(boost::json::storage_ptr memory) const {
  if (is_nothing()) return Json(nullptr, std::move(memory));
  if (const auto* value = boost()) return Json(*value, std::move(memory));
  switch (kind()) {
    case JsonKind::kObject: {
      boost::json::object object(memory);
      const auto found = members();
      object.reserve(found.size());
      for (const auto& [name, value] : found) object.insert_or_assign(name, value.to_json(memory));
      return object;
    }
    case JsonKind::kList: {
      boost::json::array list(memory);
      const auto found = elements();
      list.reserve(found.size());
      for (const auto& value : found) list.push_back(value.to_json(memory));
      return list;
    }
    case JsonKind::kText:
      return Json(boost::json::string_view{text()}, std::move(memory));
    case JsonKind::kNumber:
      if (const auto number = int64()) return Json(*number, std::move(memory));
      if (const auto number = uint64()) return Json(*number, std::move(memory));
      return Json(double{element_at(at_, index_)}, std::move(memory));
    case JsonKind::kFlag:
      return Json(*flag(), std::move(memory));
    case JsonKind::kNull:
    case JsonKind::kNothing:
      break;
  }
  return Json(nullptr, std::move(memory));
}

bool is_same(JsonView one, JsonView other) {
  if (one.kind() != other.kind()) return false;
  if (one.is_text() && other.is_text()) return one.text() == other.text();
  const auto number = one.number<std::int64_t>();
  if (number && number == other.number<std::int64_t>()) return true;
  return one.to_json() == other.to_json();
}

}  // namespace kube
