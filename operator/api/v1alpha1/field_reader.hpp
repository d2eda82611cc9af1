// Reads typed fields from JSON and gathers what is wrong, each with its path, so that one message names all of it.
// Internal to this module's codec; used by one thread at a time.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "operator/kube/object.hpp"

namespace api {

class FieldErrors {
 public:
  void add(const std::string& path, std::string_view problem);
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

/// A value of an enumeration and its word in manifests.
template <class T>
struct Named {
  std::string_view name;
  T value;
};

/// One JSON object at a path. An absent field gives the fallback; one of the wrong type is an error and gives it too.
class FieldReader {
 public:
  FieldReader(const kube::Json& json, std::string path, FieldErrors& errors);

  bool has(std::string_view field) const { return find(field) != nullptr; }
  std::string text(std::string_view field) const;
  /// Text, or a number as its text, as in quantities.
  std::string text_or_number(std::string_view field, const std::string& fallback) const;
  std::vector<std::string> texts(std::string_view field) const;
  /// An object whose values are texts (or numbers).
  std::map<std::string, std::string> texts_by_name(std::string_view field) const;
  /// A list of anything.
  const boost::json::array& values(std::string_view field) const;
  std::optional<bool> optional_flag(std::string_view field) const;
  /// A duration as "1m30s".
  std::optional<std::chrono::milliseconds> duration(std::string_view field) const;
  FieldReader child(std::string_view field) const;
  std::vector<FieldReader> children(std::string_view field) const;
  /// The names of all fields that are there.
  std::vector<std::string> names() const;
  /// Adds an error about a field.
  void wrong(std::string_view field, std::string_view problem) const;

  template <class T = int>
  T number(std::string_view field, T fallback) const {
    const auto* value = find(field);
    if (value == nullptr) return fallback;
    if (const auto number = kube::JsonView{*value}.number<T>()) return *number;
    wrong(field, "is no whole number of this field's range");
    return fallback;
  }

  template <class T = std::int64_t>
  std::optional<T> optional_number(std::string_view field) const {
    return has(field) ? std::optional<T>{number<T>(field, T{})} : std::nullopt;
  }

  template <class T, std::size_t N>
  T choice(std::string_view field, const Named<T> (&choices)[N], T fallback) const {
    const auto word = text(field);
    if (word.empty()) return fallback;
    std::string known;
    for (const auto& candidate : choices) {
      if (candidate.name == word) return candidate.value;
      known += (known.empty() ? "" : ", ") + std::string{candidate.name};
    }
    wrong(field, "is \"" + word + "\", which is none of " + known);
    return fallback;
  }

 private:
  const kube::Json* find(std::string_view field) const;
  std::string path_of(std::string_view field) const;

  const kube::Json* json_;
  std::string path_;
  FieldErrors* errors_;
};

}  // namespace api
