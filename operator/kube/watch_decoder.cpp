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

core::Result<WatchEvent> WatchDecoder::decode(std::string_view frame) const {
  const auto is_known = [this](const EventHead& head) {
    const auto type = type_of(head.type);
    if (!is_known_ || (type != WatchEventType::kAdded && type != WatchEventType::kModified)) return false;
    return is_known_(head.key, head.version);
  };
  auto read = read_event(frame, is_known, left_out_);
  if (!read || (!read->known && !read->event.json().is_object()))
    return core::fail(core::ErrorKind::kMalformed, "a frame of the watch is no JSON object");
  if (const auto& head = read->known)
    return WatchEvent{
        *type_of(head->type),
        Object{Json{
            {"metadata",
             {{"name", head->key.name}, {"namespace", head->key.name_space}, {"resourceVersion", head->version}}}}},
        true};
  auto& event = read->event.json().get_object();
  const auto type = type_of(value_at<std::string_view>(read->event.json(), {"type"}));
  auto* object = event.if_contains("object");
  if (!type || object == nullptr || !object->is_object())
    return core::fail(core::ErrorKind::kMalformed, "a frame of the watch has no known type or no object");
  return WatchEvent{*type, Object{read->event.memory(), std::move(*object)}, false};
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
    auto event = decode(frame);
    more = event ? core::Result<bool>{sink(std::move(*event))} : tl::unexpected(event.error());
  });
  if (more && *more && !is_bounded)
    return core::fail(core::ErrorKind::kTooLarge, "a frame of the watch exceeds 16 MiB");
  return more;
}

}  // namespace kube
