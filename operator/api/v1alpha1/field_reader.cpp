#include "operator/api/v1alpha1/field_reader.hpp"

#include <utility>

#include <fmt/format.h>

#include "core/duration.hpp"

namespace api {
namespace {

const kube::Json kEmpty(boost::json::object_kind);

}  // namespace

void FieldErrors::add(const std::string& path, std::string_view problem) {
  if (!text_.empty()) text_ += "; ";
  text_ += path + " " + std::string{problem};
}

FieldReader::FieldReader(const kube::Json& json, std::string path, FieldErrors& errors)
    : json_{&json}, path_{std::move(path)}, errors_{&errors} {}

const kube::Json* FieldReader::find(std::string_view field) const {
  const auto* found = kube::find(*json_, field);
  return found == nullptr || found->is_null() ? nullptr : found;
}

std::string FieldReader::path_of(std::string_view field) const {
  return path_.empty() ? std::string{field} : fmt::format("{}.{}", path_, field);
}

void FieldReader::wrong(std::string_view field, std::string_view problem) const {
  errors_->add(path_of(field), problem);
}

std::string FieldReader::text(std::string_view field) const {
  const auto* value = find(field);
  if (value == nullptr) return {};
  if (value->is_string()) return std::string{kube::text_in(*value)};
  wrong(field, "is no text");
  return {};
}

std::string FieldReader::text_or_number(std::string_view field, const std::string& fallback) const {
  const auto* value = find(field);
  if (value == nullptr) return fallback;
  if (const auto* number = value->if_double()) return fmt::format("{}", *number);
  if (value->is_number()) return kube::text_of(*value);
  return text(field);
}

std::vector<std::string> FieldReader::texts(std::string_view field) const {
  std::vector<std::string> texts;
  const auto* value = find(field);
  if (value == nullptr) return texts;
  if (!value->is_array()) {
    wrong(field, "is no list");
    return texts;
  }
  for (const auto& element : value->get_array()) {
    if (element.is_string()) {
      texts.emplace_back(kube::text_in(element));
    } else {
      wrong(field, "has an entry that is no text");
    }
  }
  return texts;
}

std::map<std::string, std::string> FieldReader::texts_by_name(std::string_view field) const {
  std::map<std::string, std::string> texts;
  const auto values = child(field);
  for (const auto& name : values.names()) texts[name] = values.text_or_number(name, "");
  return texts;
}

std::optional<bool> FieldReader::optional_flag(std::string_view field) const {
  const auto* value = find(field);
  if (value == nullptr) return std::nullopt;
  if (value->is_bool()) return value->get_bool();
  wrong(field, "is neither true nor false");
  return std::nullopt;
}

const boost::json::array& FieldReader::values(std::string_view field) const {
  static const boost::json::array kNone;
  const auto* value = find(field);
  if (value == nullptr) return kNone;
  if (value->is_array()) return value->get_array();
  wrong(field, "is no list");
  return kNone;
}

std::optional<std::chrono::milliseconds> FieldReader::duration(std::string_view field) const {
  if (!has(field)) return std::nullopt;
  auto duration = core::parse_duration(text(field));
  if (!duration) wrong(field, "is no duration in whole milliseconds; write one as 25s, 300ms or 1m30s");
  return duration;
}

std::vector<std::string> FieldReader::names() const {
  std::vector<std::string> names;
  if (const auto* members = json_->if_object())
    for (const auto& member : *members) names.emplace_back(member.key());
  return names;
}

FieldReader FieldReader::child(std::string_view field) const {
  const auto* value = find(field);
  if (value != nullptr && !value->is_object()) {
    wrong(field, "is no mapping");
    value = nullptr;
  }
  return {value == nullptr ? kEmpty : *value, path_of(field), *errors_};
}

std::vector<FieldReader> FieldReader::children(std::string_view field) const {
  std::vector<FieldReader> readers;
  const auto* value = find(field);
  if (value == nullptr) return readers;
  if (!value->is_array()) {
    wrong(field, "is no list");
    return readers;
  }
  for (std::size_t i = 0; i < value->get_array().size(); ++i) {
    const auto& element = value->get_array()[i];
    const auto path = path_of(field) + "[" + std::to_string(i) + "]";
    if (!element.is_object()) errors_->add(path, "is no mapping");
    readers.emplace_back(element.is_object() ? element : kEmpty, path, *errors_);
  }
  return readers;
}

}  // namespace api
