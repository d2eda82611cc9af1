#include "operator/controllers/realtimeapp/diagnosis/pod_refusals.hpp"

namespace controllers {

std::string refusal_in(const std::string& words) {
  static constexpr std::string_view kBefore = "forbidden: ";
  const auto start = words.find(kBefore);
  return start == std::string::npos ? words : words.substr(start + kBefore.size());
}

core::Result<std::string> find_pod_refusal(kube::Client& client, const kube::ObjectKey& set, const kube::Uid& uid,
                                           const std::stop_token& stop) {
  const kube::Selection selection{.name_space = set.name_space,
                                  .field_selector = "reason=FailedCreate,regarding.uid=" + uid.text()};
  const auto events = client.list(kube::types::kEvent, selection, "", stop);
  if (!events && events.error().kind == core::ErrorKind::kForbidden) return std::string{};
  if (!events) return core::fail(events.error(), "looking for why there is no pod");
  std::string latest;
  std::string words;
  for (const auto& event : events->items) {
    // What was counted again has the new time here; it is RFC 3339 in UTC, which sorts as text.
    const auto at = kube::value_at<std::string>(event.json(), {"deprecatedLastTimestamp"});
    if (at < latest) continue;
    latest = at;
    words = kube::value_at<std::string>(event.json(), {"note"});
  }
  return refusal_in(words);
}

}  // namespace controllers
