#include "operator/runtime/reflector.hpp"

#include "operator/runtime/backoff.hpp"
#include "operator/runtime/pause.hpp"

namespace runtime {

using core::ErrorKind;
using core::Result;

namespace {

/// Whether a list of pages may do where a streaming list ended thus. Who we are, or the server's patience, is the same
/// with pages.
bool calls_for_pages(ErrorKind kind) {
  return kind != ErrorKind::kGone && kind != ErrorKind::kTooManyRequests && kind != ErrorKind::kUnauthorized &&
         kind != ErrorKind::kInvalidInput && kind != ErrorKind::kCancelled;
}

}  // namespace

Reflector::Reflector(kube::Client& client, const kube::ResourceType& type, kube::Selection selection,
                     std::unique_ptr<ReflectorTarget> target, ReflectorTimes times)
    : client_{client}, type_{type}, selection_{std::move(selection)}, target_{std::move(target)}, times_{times} {}

void Reflector::start() {
  thread_ = std::jthread{[this](const std::stop_token& stop) { run(stop); }};
}

void Reflector::run(const std::stop_token& stop) {
  Backoff backoff{times_.first_backoff, times_.last_backoff};
  while (!stop.stop_requested()) {
    const auto started = std::chrono::steady_clock::now();
    const auto outcome = follow(stop);
    if (outcome || stop.stop_requested()) {
      backoff.reset();
      continue;
    }
    // A version that the server does not take, too: another try with the same would be the same.
    const auto kind = outcome.error().kind;
    if (kind == ErrorKind::kGone || kind == ErrorKind::kInvalidObject || kind == ErrorKind::kNotFound) version_.clear();
    if (kind == ErrorKind::kNotFound) {
      note_absent();
      pause(stop, times_.last_backoff);
      continue;
    }
    report(outcome.error(), "list and watch interrupted, trying again",
           kind == ErrorKind::kGone ? core::LogLevel::kInfo : core::LogLevel::kWarning);
    if (std::chrono::steady_clock::now() - started > times_.last_backoff) backoff.reset();
    pause(stop, std::max(backoff.next(), outcome.error().retry_after.value_or(std::chrono::milliseconds{0})));
  }
}

/// One watch, with the list before it where one is due.
Result<void> Reflector::follow(const std::stop_token& stop) {
  if (version_.empty() && streams_lists_) {
    auto streamed = watch(stop);
    if (streamed || !version_.empty() || !calls_for_pages(streamed.error().kind)) return streamed;
    report(streamed.error(), "the list cannot be streamed, asking for pages", core::LogLevel::kInfo);
    if (streamed.error().kind == ErrorKind::kInvalidObject) streams_lists_ = false;
  }
  if (version_.empty())
    if (auto listed = list_pages(stop); !listed) return listed;
  return watch(stop);
}

Result<void> Reflector::list_pages(const std::stop_token& stop) {
  target_->begin_list();
  std::string next;
  while (true) {
    const auto page = client_.list(type_, selection_, next, stop);
    if (!page) return tl::unexpected(page.error());
    for (const auto& object : page->items) target_->listed(object);
    next = page->next;
    if (!next.empty()) continue;
    if (page->resource_version.empty()) return core::fail(ErrorKind::kMalformed, "the list has no resourceVersion");
    complete_list(page->resource_version);
    return {};
  }
}

void Reflector::complete_list(const std::string& version) {
  target_->end_list();
  version_ = version;
  synced_ = true;
  absent_ = false;
}

/// A kind that the server does not serve has no objects; it is looked for again.
void Reflector::note_absent() {
  if (absent_.exchange(true)) return;
  core::log(core::LogLevel::kInfo, "the API server does not serve this kind; looking for it again now and then",
            {{"resource", type_.plural}, {"group", type_.group}});
  target_->begin_list();
  target_->end_list();
}

Result<void> Reflector::watch(const std::stop_token& stop) {
  if (version_.empty()) target_->begin_list();
  const auto started = std::chrono::steady_clock::now();
  bool silent = true;
  Result<void> taken;
  const auto idle = [&] { return version_.empty() ? times_.list_idle : times_.watch_duration + times_.watch_margin; };
  const auto ended =
      client_.watch(type_, selection_, {version_, times_.watch_duration, idle}, stop, [&](const auto& event) {
        silent = false;
        taken = take(event);
        return taken.has_value();
      });
  if (!taken || !ended) return taken ? ended : taken;
  if (version_.empty()) return core::fail(ErrorKind::kMalformed, "the watch ended before its list was complete");
  if (silent && std::chrono::steady_clock::now() - started < times_.first_backoff)
    return core::fail(ErrorKind::kUnavailable, "the server ended the watch at once");
  return {};
}

/// Advances the version with every event, so that a watch that ended well goes on where it was.
Result<void> Reflector::take(const kube::WatchEvent& event) {
  const bool listing = version_.empty();
  if (event.type != kube::WatchEventType::kError && event.object.resource_version().empty())
    return core::fail(ErrorKind::kMalformed, "an event of the watch has no resourceVersion");
  switch (event.type) {
    case kube::WatchEventType::kAdded:
    case kube::WatchEventType::kModified:
      if (listing) {
        target_->listed(event.object);
      } else {
        target_->put(event.object);
      }
      break;
    case kube::WatchEventType::kDeleted:
      target_->removed(event.object);
      break;
    case kube::WatchEventType::kBookmark:
      if (listing && event.ends_initial_events()) complete_list(event.object.resource_version());
      break;
    case kube::WatchEventType::kError:
      return tl::unexpected(kube::error_from(kube::value_at<std::int64_t>(event.object.json(), {"code"}),
                                             event.object.json().dump(), std::nullopt));
  }
  if (!listing) version_ = event.object.resource_version();
  return {};
}

void Reflector::report(const core::Error& error, std::string_view what, core::LogLevel level) const {
  core::log(level, what,
            {{"resource", type_.plural},
             {"namespace", selection_.name_space},
             {"kind", core::error_kind_name(error.kind)},
             {"error", error.message}});
}

}  // namespace runtime
