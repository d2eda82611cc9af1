#include "operator/runtime/reflector.hpp"

#include <algorithm>
#include <atomic>
#include <future>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>
#include <fmt/format.h>

#include "core/log.hpp"
#include "operator/runtime/backoff.hpp"

namespace runtime {

namespace asio = boost::asio;
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

/// Everything but `stop` and `synced` runs on the strand, as one coroutine that waits for a timer: the deadline of what
/// it waits for. What wakes it before ends the timer.
class Reflector::Loop {
 public:
  Loop(ReflectorThreads& threads, kube::Client& client, const kube::ResourceType& type, kube::Selection selection,
       std::unique_ptr<ReflectorTarget> target, ReflectorTimes times)
      : strand_{asio::make_strand(threads.pool())},
        timer_{strand_},
        client_{client},
        type_{type},
        selection_{std::move(selection)},
        target_{std::move(target)},
        times_{times} {}

  ~Loop() {
    stop();
    if (ended_.valid()) ended_.get();
    // What was posted before, by a request that was under way, still uses the timer.
    asio::post(strand_, asio::use_future).get();
  }

  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  void start() { ended_ = asio::co_spawn(strand_, run(), asio::use_future); }

  void stop() {
    stop_.request_stop();
    wake();
  }

  bool synced() const { return synced_ || absent_; }

 private:
  template <class T>
  using Task = asio::awaitable<T>;

  void wake() {
    asio::post(strand_, [this] { timer_.cancel(); });
  }

  /// Waits until something wakes it; whether that was before the limit.
  Task<bool> woken(std::chrono::milliseconds limit) {
    timer_.expires_after(limit);
    const auto [error] = co_await timer_.async_wait(asio::as_tuple(asio::use_awaitable));
    co_return error == asio::error::operation_aborted;
  }

  /// Whatever wakes it: what was under way before may still do so.
  Task<void> rest(std::chrono::milliseconds delay) {
    const auto end = std::chrono::steady_clock::now() + delay;
    for (auto now = end - delay; now < end && !stop_.stop_requested(); now = std::chrono::steady_clock::now())
      co_await woken(std::chrono::ceil<std::chrono::milliseconds>(end - now));
  }

  Task<void> run();
  Task<Result<void>> follow();
  Task<Result<void>> list_pages();
  Task<Result<void>> watch();
  template <class T>
  Task<Result<T>> outcome(kube::Pending<T> pending);
  Result<void> take(const kube::WatchEvent& event);
  void complete_list(const std::string& version);
  void note_absent();
  std::chrono::milliseconds idle_limit() const;
  void report(const core::Error& error, std::string_view what, core::LogLevel level) const;

  asio::strand<asio::thread_pool::executor_type> strand_;
  asio::steady_timer timer_;
  std::stop_source stop_;
  std::future<void> ended_;
  kube::Client& client_;
  const kube::ResourceType& type_;
  kube::Selection selection_;
  std::unique_ptr<ReflectorTarget> target_;
  ReflectorTimes times_;
  std::string version_;        // up to which the target is complete; empty before a list is
  bool streams_lists_ = true;  // until the server turns out not to know how
  std::atomic<bool> synced_ = false;
  std::atomic<bool> absent_ = false;  // the server does not serve the kind, as far as is known
};

Reflector::Reflector(ReflectorThreads& threads, kube::Client& client, const kube::ResourceType& type,
                     kube::Selection selection, std::unique_ptr<ReflectorTarget> target, ReflectorTimes times)
    : loop_{std::make_unique<Loop>(threads, client, type, std::move(selection), std::move(target), times)} {}

Reflector::~Reflector() = default;

void Reflector::start() { loop_->start(); }
void Reflector::stop() { loop_->stop(); }
bool Reflector::synced() const { return loop_->synced(); }

asio::awaitable<void> Reflector::Loop::run() {
  Backoff backoff{times_.first_backoff, times_.last_backoff};
  while (!stop_.stop_requested()) {
    const auto started = std::chrono::steady_clock::now();
    const auto outcome = co_await follow();
    if (outcome || stop_.stop_requested()) {
      backoff.reset();
      continue;
    }
    // A version that the server does not take, too: another try with the same would be the same.
    const auto kind = outcome.error().kind;
    if (kind == ErrorKind::kGone || kind == ErrorKind::kInvalidObject || kind == ErrorKind::kNotFound) version_.clear();
    if (kind == ErrorKind::kNotFound) {
      note_absent();
      co_await rest(times_.last_backoff);
      continue;
    }
    report(outcome.error(), "list and watch interrupted, trying again",
           kind == ErrorKind::kGone ? core::LogLevel::kInfo : core::LogLevel::kWarning);
    if (std::chrono::steady_clock::now() - started > times_.last_backoff) backoff.reset();
    co_await rest(std::max(backoff.next(), outcome.error().retry_after.value_or(std::chrono::milliseconds{0})));
  }
}

/// One watch, with the list before it where one is due.
asio::awaitable<Result<void>> Reflector::Loop::follow() {
  if (version_.empty() && streams_lists_) {
    auto streamed = co_await watch();
    if (streamed || !version_.empty() || !calls_for_pages(streamed.error().kind)) co_return streamed;
    if (streamed.error().kind != ErrorKind::kNotFound)
      report(streamed.error(), "the list cannot be streamed, asking for pages", core::LogLevel::kInfo);
    if (streamed.error().kind == ErrorKind::kInvalidObject) streams_lists_ = false;
  }
  if (version_.empty())
    if (auto listed = co_await list_pages(); !listed) co_return listed;
  co_return co_await watch();
}

/// For how long nothing may come.
std::chrono::milliseconds Reflector::Loop::idle_limit() const {
  return version_.empty() ? times_.list_idle : times_.watch_duration + times_.watch_margin;
}

/// Waits for the end of a request that wakes us whenever something came.
template <class T>
asio::awaitable<Result<T>> Reflector::Loop::outcome(kube::Pending<T> pending) {
  while (!stop_.stop_requested()) {
    if (auto ended = pending()) co_return std::move(*ended);
    const auto limit = idle_limit();
    if (!co_await woken(limit))
      co_return core::fail(ErrorKind::kTimeout, fmt::format("nothing came for {} ms", limit.count()));
  }
  co_return core::fail(ErrorKind::kCancelled, "cancelled");
}

/// A page that is too large, because of a few large objects or many, is asked for again in parts.
asio::awaitable<Result<void>> Reflector::Loop::list_pages() {
  static constexpr int kParts = 5;
  target_->begin_list();
  std::string next;
  int page_size = kube::Client::kPageSize;
  while (true) {
    auto asked = client_.begin_list(
        type_, selection_, next, page_size, [this] { wake(); }, stop_.get_token());
    if (!asked) co_return tl::unexpected(asked.error());
    const auto page = co_await outcome(std::move(*asked));
    if (!page && page.error().kind == ErrorKind::kTooLarge && page_size > 1) {
      page_size = std::max(page_size / kParts, 1);
      continue;
    }
    if (!page) co_return tl::unexpected(page.error());
    for (const auto& object : page->items) target_->listed(object);
    next = page->next;
    if (!next.empty()) continue;
    if (page->resource_version.empty()) co_return core::fail(ErrorKind::kMalformed, "the list has no resourceVersion");
    complete_list(page->resource_version);
    co_return Result<void>{};
  }
}

void Reflector::Loop::complete_list(const std::string& version) {
  target_->end_list();
  version_ = version;
  synced_ = true;
  absent_ = false;
}

/// A kind that the server does not serve has no objects; it is looked for again.
void Reflector::Loop::note_absent() {
  if (absent_.exchange(true)) return;
  core::log(core::LogLevel::kInfo, "the API server does not serve this kind; looking for it again now and then",
            {{"resource", type_.plural}, {"group", type_.group}});
  target_->begin_list();
  target_->end_list();
}

asio::awaitable<Result<void>> Reflector::Loop::watch() {
  if (version_.empty()) target_->begin_list();
  const auto started = std::chrono::steady_clock::now();
  bool silent = true;
  Result<void> taken;
  auto begun = client_.begin_watch(
      type_, selection_,
      {version_, times_.watch_duration,
       [this](const auto& key, const auto& version) { return !version_.empty() && target_->confirm(key, version); }},
      [&](const auto& event) {
        silent = false;
        taken = take(event);
        return taken.has_value();
      },
      [this] { wake(); }, stop_.get_token());
  if (!begun) co_return tl::unexpected(begun.error());
  const auto ended = co_await outcome(std::move(*begun));
  if (!taken || !ended) co_return taken ? ended : taken;
  if (version_.empty()) co_return core::fail(ErrorKind::kMalformed, "the watch ended before its list was complete");
  if (silent && std::chrono::steady_clock::now() - started < times_.first_backoff)
    co_return core::fail(ErrorKind::kUnavailable, "the server ended the watch at once");
  co_return Result<void>{};
}

/// Advances the version with every event, so that a watch that ended well continues where it was.
Result<void> Reflector::Loop::take(const kube::WatchEvent& event) {
  const bool listing = version_.empty();
  if (event.type != kube::WatchEventType::kError && event.object.resource_version().empty())
    return core::fail(ErrorKind::kMalformed, "an event of the watch has no resourceVersion");
  switch (event.type) {
    case kube::WatchEventType::kAdded:
    case kube::WatchEventType::kModified:
      if (listing) {
        target_->listed(event.object);
      } else if (!event.is_known) {
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
                                             kube::text_of(event.object.json().to_json()), std::nullopt));
  }
  if (!listing) version_ = event.object.resource_version();
  return {};
}

void Reflector::Loop::report(const core::Error& error, std::string_view what, core::LogLevel level) const {
  core::log(level, what,
            {{"resource", type_.plural},
             {"namespace", selection_.name_space},
             {"kind", core::error_kind_name(error.kind)},
             {"error", error.message}});
}

}  // namespace runtime
