#include "operator/kube/watch_decoder.hpp"

#include <array>
#include <optional>
#include <utility>

#include "operator/kube/json_reader.hpp"

namespace kube {
namespace {

constexpr std::array<std::pair<std::string_view, WatchEventType>, 5> kTypes{{{"ADDED", WatchEventType::kAdded},
                                                                             {"MODIFIED", WatchEventType::kModified},
                                                                             {"DELETED", WatchEventType::kDeleted},
                                                                             {"BOOKMARK", WatchEventType::kBookmark},
                                                                             {"ERROR", WatchEventType::kError}}};

std::optional<WatchEventType> type_of(const nlohmann::json& event) {
  const auto name = value_at<std::string>(event, {"type"});
  for (const auto& [word, type] : kTypes)
    if (word == name) return type;
  return std::nullopt;
}

}  // namespace

core::Result<WatchEvent> WatchDecoder::decode(std::string_view frame) const {
  bool is_known = false;
  const auto knows = [&](const nlohmann::json& event) {
    const auto type = type_of(event);
    if (!is_known_ || (type != WatchEventType::kAdded && type != WatchEventType::kModified)) return false;
    const auto text = [&](const char* field) { return value_at<std::string>(event, {"object", "metadata", field}); };
    return is_known = is_known_({text("namespace"), text("name")}, text("resourceVersion"));
  };
  auto json = read_event(frame, knows, left_out_);
  if (!json || !json->is_object())
    return core::fail(core::ErrorKind::kMalformed, "a frame of the watch is no JSON object");
  const auto type = type_of(*json);
  const auto object = json->find("object");
  if (!type || object == json->end() || !object->is_object())
    return core::fail(core::ErrorKind::kMalformed, "a frame of the watch has no known type or no object");
  return WatchEvent{*type, Object{std::move(*object)}, is_known};
}

bool WatchEvent::ends_initial_events() const {
  static constexpr const char* kAnnotation = "k8s.io/initial-events-end";
  return type == WatchEventType::kBookmark &&
         value_at<std::string>(object.json(), {"metadata", "annotations", kAnnotation}) == "true";
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
