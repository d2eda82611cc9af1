// Reads typed values from the tree of a configuration and collects all errors, each with its position and key, what was
// found and what to write instead. Used by the configuration's reader at start-up, by one thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/result.hpp"
#include "realtime-server/server/config_yaml.hpp"

namespace server {

/// The errors in one file.
class ConfigErrors {
 public:
  explicit ConfigErrors(const ConfigText& source) : source_{&source} {}

  void add(const Place& place, std::string_view path, std::string_view problem);
  bool empty() const { return errors_.empty(); }

  /// All errors in the order of the file, one per line; at most the first twenty.
  core::Error error() const;

 private:
  const ConfigText* source_;
  std::multimap<Place, std::string> errors_;
};

/// The smallest and the largest value of a field.
template <class T>
struct Range {
  T least;
  T most;
};

/// A value and its name in messages, for example `namespaces["/"].onConnect[0]`.
struct ConfigValue {
  const YamlNode* node;
  std::string path;
  ConfigErrors* errors;

  /// Reports "PATH is FOUND; write WHAT".
  void wrong(std::string_view what_to_write) const;
  /// Reports "PATH PROBLEM".
  void complain(std::string_view problem) const;
  /// The same, at the position of this member's key.
  void complain_of_key(std::string_view problem) const;

  bool is_null() const { return node->type == YamlType::kNull; }
  /// The elements of a list; nothing for null. Anything else is an error and has none.
  std::vector<ConfigValue> elements() const;
  /// The values of a mapping; nothing for null. Anything else is an error and has none.
  std::vector<ConfigValue> members() const;

  // Each returns whether it has read the value. Invalid text is reported as an error and leaves `value` unchanged.
  bool read(bool& value) const;
  bool read(std::string& value, std::string_view what) const;
  bool read(std::size_t& value, Range<std::size_t> range, std::string_view unit) const;
  bool read(std::chrono::milliseconds& value, Range<std::chrono::milliseconds> range) const;
};

/// A mapping with a fixed set of keys. Keys that are never read are unknown.
class ConfigReader {
 public:
  explicit ConfigReader(ConfigValue map);

  /// The value of a key; null if the key is absent.
  ConfigValue at(std::string_view key);

  /// Reads the value of a key as `ConfigValue::read` does, if the key is there.
  template <class... Args>
  void read(std::string_view key, Args&&... args) {
    if (const auto value = at(key); has(key)) value.read(std::forward<Args>(args)...);
  }

  bool has(std::string_view key) const { return map_.node->find(key) != nullptr; }

  /// Reports unknown keys, with the key that was probably meant.
  void refuse_others() const;

 private:
  ConfigValue map_;
  std::vector<std::string_view> known_;
};

}  // namespace server
