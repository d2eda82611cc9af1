// A YAML document (JSON is YAML too) as a tree of values with their positions. The configuration's reader creates it at
// start-up and discards it; pure. Only its source file includes yaml-cpp.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"
#include "realtime-server/server/config_text.hpp"

namespace server {

/// The maximum nesting depth: yaml-cpp and the readers of the tree are recursive.
inline constexpr std::size_t kMaxYamlDepth = 32;
/// The maximum number of values and bytes of text in a document. Each alias, and each value with an anchor, counts
/// again with everything that it contains.
inline constexpr std::size_t kMaxYamlValues = 20'000;
inline constexpr std::size_t kMaxYamlText = 4 << 20;

enum class YamlType { kNull, kScalar, kList, kMap };

struct YamlNode {
  YamlType type = YamlType::kNull;
  bool plain = false;              ///< a scalar without quotes: its text determines its type
  Place place;                     ///< for an alias, the position of its anchor's value
  Place key_place;                 ///< of a value in a mapping
  std::string key;                 ///< of a value in a mapping
  std::string text;                ///< of a scalar
  std::vector<YamlNode> children;  ///< of a list or a mapping, in order; the keys of a mapping are unique

  /// The value in this mapping, or null.
  const YamlNode* find(std::string_view name) const;
};

/// The document's value; kNull if it is empty. Fails with kInvalidInput and the position for invalid YAML, a second
/// document, duplicate or non-text keys, tags, and documents over the limits above.
core::Result<YamlNode> parse_yaml(const ConfigText& source);

}  // namespace server
