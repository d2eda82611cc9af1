// Reads JSON that the API server sends. Pure.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "operator/kube/object.hpp"

namespace kube {

/// Deeper is not read; what Kubernetes has is a tenth of it.
inline constexpr std::size_t kMaxJsonDepth = 256;

/// The value of a JSON text (RFC 8259), in memory of its own, or nothing if it is none, is no valid UTF-8 or is too
/// deep. Of the members of an object with the same name, the last one counts. Leaves out, unread, what is half of an
/// object and nobody looks at: `fieldsV1` beside a `manager` that is not among kManagersRead.
std::optional<Object> read_json(std::string_view text);

/// Members of an object that nobody looks at: JSON pointers (RFC 6901) as "/metadata/managedFields", without escapes,
/// and none of which goes through a list. Not the annotations: one of them ends a streaming list.
using LeftOut = std::span<const std::string_view>;

/// What of an event of a watch comes before the rest.
struct EventHead {
  std::string type;
  ObjectKey key;        ///< of its object
  std::string version;  ///< its resourceVersion
};

/// The same of an event of a watch, but of one for which `is_known` holds nothing is read but `head`, and nothing is
/// given; and what is left out of its object is skipped.
struct ReadEvent {
  std::optional<EventHead> known;
  Object event;
};
std::optional<ReadEvent> read_event(std::string_view text, const std::function<bool(const EventHead&)>& is_known,
                                    LeftOut left_out = {});

}  // namespace kube
