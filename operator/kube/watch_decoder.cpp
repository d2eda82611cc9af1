#include "operator/kube/watch_decoder.hpp"

#include <array>
#include <optional>
#include <utility>

namespace kube {
namespace {

constexpr std::array<std::pair<std::string_view, WatchEventType>, 5> kTypes{{{"ADDED", WatchEventType::kAdded},
                                                                             {"MODIFIED", WatchEventType::kModified},
                                                                             {"DELETED", WatchEventType::kDeleted},
                                                                             {"BOOKMARK", WatchEventType::kBookmark},
                                                                             {"ERROR", WatchEventType::kError}}};

core::Result<WatchEvent> decode(std::string_view frame) {
  auto json = nlohmann::json::parse(frame, nullptr, false);
  if (json.is_discarded() || !json.is_object())
    return core::fail(core::ErrorKind::kMalformed, "a frame of the watch is no JSON object");
  const auto name = value_at<std::string>(json, {"type"});
  const auto object = json.find("object");
  for (const auto& [word, type] : kTypes)
    if (word == name && object != json.end() && object->is_object())
      return WatchEvent{type, Object{std::move(*object)}};
  return core::fail(core::ErrorKind::kMalformed, "a frame of the watch has no known type or no object");
}

}  // namespace

bool WatchEvent::ends_initial_events() const {
  static constexpr const char* kAnnotation = "k8s.io/initial-events-end";
  return type == WatchEventType::kBookmark &&
         value_at<std::string>(object.json(), {"metadata", "annotations", kAnnotation}) == "true";
}

core::Result<bool> WatchDecoder::feed(std::string_view bytes, const Sink& sink) {
  while (!bytes.empty()) {
    const auto end = bytes.find('\n');
    const auto piece = bytes.substr(0, end);
    if (partial_.size() + piece.size() > kMaxFrameBytes)
      return core::fail(core::ErrorKind::kTooLarge, "a frame of the watch exceeds 16 MiB");
    if (end == std::string_view::npos) {
      partial_ += piece;
      return true;
    }
    const auto whole = partial_.empty() ? std::string{} : std::exchange(partial_, {}).append(piece);
    const std::string_view frame = whole.empty() ? piece : whole;
    bytes.remove_prefix(end + 1);
    if (frame.empty() || frame == "\r") continue;
    auto event = decode(frame);
    if (!event) return tl::unexpected(event.error());
    if (!sink(std::move(*event))) return false;
  }
  return true;
}

}  // namespace kube
