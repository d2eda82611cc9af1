// A YAML document (JSON is YAML too) as a tree of values that know where they stand. The configuration's reader makes
// it at start-up and drops it; pure. Its source is the only one that sees yaml-cpp.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"
#include "realtime-server/server/config_text.hpp"

namespace server {

/// How deep values may be nested: yaml-cpp parses by recursion, and so does what reads the tree.
inline constexpr std::size_t kMaxYamlDepth = 32;
/// How many values a document may hold, and how many bytes of text. What has an anchor, and each alias, counts again as
/// all that it stands for.
inline constexpr std::size_t kMaxYamlValues = 20'000;
inline constexpr std::size_t kMaxYamlText = 4 << 20;

enum class YamlType { kNull, kScalar, kList, kMap };

struct YamlNode {
  YamlType type = YamlType::kNull;
  bool plain = false;              ///< a scalar without quotes: its text says of which type it is
  Place place;                     ///< with an alias, where that stands for which it stands
  Place key_place;                 ///< of a value in a mapping
  std::string key;                 ///< of a value in a mapping
  std::string text;                ///< of a scalar
  std::vector<YamlNode> children;  ///< of a list or a mapping, in their order; the keys of a mapping differ

  /// The value in this mapping, or null.
  const YamlNode* find(std::string_view name) const;
};

/// The document's value; kNull if it is empty. Fails with kInvalidInput and the place for what is no YAML, a second
/// document, keys that are repeated or no text, tags, and what exceeds the bounds above.
core::Result<YamlNode> parse_yaml(const ConfigText& source);

}  // namespace server
