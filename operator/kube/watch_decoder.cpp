#include "operator/kube/watch_decoder.hpp"

#include <array>
#include <optional>
#include <string_view>
#include <utility>

#include "operator/kube/json_reader.hpp"

namespace kube {
namespace {

constexpr std::array<std::pair<std::string_view, WatchEventType>, 5> kTypes{{{"ADDED", WatchEventType::kAdded},
                                                                             {"MODIFIED", WatchEventType::kModified},
                                                                             {"DELETED", WatchEventType::kDeleted},
                                                                             {"BOOKMARK", WatchEventType::kBookmark},
                                                                             {"ERROR", WatchEventType::kError}}};

std::optional<WatchEventType> type_of(std::string_view name) {
  for (const auto& [word, type] : kTypes)
    if (word == name) return type;
  return std::nullopt;
}

}  // namespace

core::Result<bool> WatchDecoder::decode(std::string_view frame, const Sink& sink) const {
  bool is_event = false;
  bool more = false;
  const bool is_json = read_json(frame, [&](JsonView event) {
    const auto type = type_of(event.find("type").text());
    const ObjectView object{event.find("object")};
    is_event = type && object.json().is_object();
    if (!is_event) return;
    const bool may_be_known = *type == WatchEventType::kAdded || *type == WatchEventType::kModified;
    const bool is_known = may_be_known && is_known_ && is_known_(object.key(), object.resource_version());
    more = sink({*type, object, is_known});
  });
  if (!is_json) return core::fail(core::ErrorKind::kMalformed, "a frame of the watch is no JSON");
  if (!is_event) return core::fail(core::ErrorKind::kMalformed, "a frame of the watch has no known type or no object");
  return more;
}

bool WatchEvent::ends_initial_events() const {
  static constexpr const char* kAnnotation = "k8s.io/initial-events-end";
  return type == WatchEventType::kBookmark &&
         value_at<std::string_view>(object.json(), {"metadata", "annotations", kAnnotation}) == "true";
}

core::Result<bool> WatchDecoder::feed(std::string_view bytes, const Sink& sink) {
  core::Result<bool> more = true;
  const bool is_bounded = lines_.read(bytes, [&](std::string_view frame) {
    if (!more || !*more || frame.empty() || frame == "\r") return;
    more = decode(frame, sink);
  });
  if (more && *more && !is_bounded)
    return core::fail(core::ErrorKind::kTooLarge, "a frame of the watch exceeds 16 MiB");
  return more;
}

}  // namespace kube
