#include "operator/runtime/reflector.hpp"

#include "core/log.hpp"
#include "operator/runtime/backoff.hpp"
#include "operator/runtime/pause.hpp"

namespace runtime {

using core::ErrorKind;
using core::Result;

Reflector::Reflector(kube::Client& client, const kube::ResourceType& type, kube::Selection selection,
                     std::unique_ptr<ReflectorTarget> target, ReflectorTimes times)
    : client_{client}, type_{type}, selection_{std::move(selection)}, target_{std::move(target)}, times_{times} {}

void Reflector::start() {
  thread_ = std::jthread{[this](const std::stop_token& stop) { run(stop); }};
}

void Reflector::run(const std::stop_token& stop) {
  Backoff backoff{times_.first_backoff, times_.last_backoff};
  std::string version;
  while (!stop.stop_requested()) {
    Result<void> outcome;
    if (version.empty()) {
      auto listed = list(stop);
      if (listed) {
        version = *listed;
        synced_ = true;
      } else {
        outcome = tl::unexpected(listed.error());
      }
    }
    const auto started = std::chrono::steady_clock::now();
    if (outcome) outcome = watch(version, stop);
    if (outcome || stop.stop_requested()) {
      backoff.reset();
      continue;
    }
    if (outcome.error().kind == ErrorKind::kGone) version.clear();
    report(outcome.error());
    if (std::chrono::steady_clock::now() - started > times_.last_backoff) backoff.reset();
    pause(stop, std::max(backoff.next(), outcome.error().retry_after.value_or(std::chrono::milliseconds{0})));
  }
}

Result<std::string> Reflector::list(const std::stop_token& stop) {
  target_->begin_list();
  std::string next;
  while (true) {
    const auto page = client_.list(type_, selection_, next, stop);
    if (!page) return tl::unexpected(page.error());
    for (const auto& object : page->items) target_->listed(object);
    if (page->next.empty()) {
      target_->end_list();
      return page->resource_version;
    }
    next = page->next;
  }
}

/// Advances `version` with every event, so that a watch that ended well goes on where it was.
Result<void> Reflector::watch(std::string& version, const std::stop_token& stop) {
  Result<void> in_stream;
  const auto take = [&](const kube::WatchEvent& event) {
    switch (event.type) {
      case kube::WatchEventType::kAdded:
      case kube::WatchEventType::kModified:
        target_->put(event.object);
        break;
      case kube::WatchEventType::kDeleted:
        target_->removed(event.object);
        break;
      case kube::WatchEventType::kBookmark:
        break;
      case kube::WatchEventType::kError:
        in_stream = tl::unexpected(kube::error_from(kube::value_at<std::int64_t>(event.object.json(), {"code"}),
                                                    event.object.json().dump(), std::nullopt));
        return false;
    }
    version = event.object.resource_version();
    return true;
  };
  const auto ended = client_.watch(type_, selection_, version, times_.watch_duration, stop, take);
  return in_stream ? ended : in_stream;
}

void Reflector::report(const core::Error& error) {
  const bool expected = error.kind == ErrorKind::kGone;
  core::log(expected ? core::LogLevel::kInfo : core::LogLevel::kWarning, "list and watch interrupted, trying again",
            {{"resource", type_.plural},
             {"namespace", selection_.name_space},
             {"kind", core::error_kind_name(error.kind)},
             {"error", error.message}});
}

}  // namespace runtime
