#include "operator/controllers/realtimeapp/observe/connection_counter.hpp"

#include <charconv>
#include <cmath>
#include <cstdlib>
#include <memory>
#include <utility>

#include "core/log.hpp"

namespace controllers {
namespace {

constexpr std::string_view kMetric = "realtime_server_connections";

}  // namespace

void OpenConnections::read(std::string_view line) {
  if (!line.starts_with(kMetric) || line.find_first_of("{ ") != kMetric.size()) return;
  const auto value = line.substr(line.rfind(' ') + 1);
  double number = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
  // No replica has more, and no sum of what an answer has room for overflows.
  static constexpr double kMaxConnections = 1e9;
  if (error == std::errc{} && end == value.data() + value.size() && number >= 0 && number < kMaxConnections) {
    sum_ = sum_.value_or(0) + std::llround(number);
  } else {
    is_wrong_ = true;
  }
}

std::optional<std::int64_t> connections_to_show(std::optional<std::int64_t> shown,
                                                std::optional<std::int64_t> counted) {
  if (!shown || !counted) return counted;
  return std::llabs(*counted - *shown) * 20 < *shown ? shown : counted;
}

std::optional<std::int64_t> ConnectionCounter::look_up(const api::RealtimeApp& app) {
  const std::lock_guard lock{mutex_};
  auto& entry = *followed_.try_emplace(app.key).first;
  auto& followed = entry.second;
  const auto expected = next_due();
  const bool is_new = followed.uid != app.uid;
  if (is_new) {
    due_.erase({followed.due, &entry});
    followed = {};
    followed.uid = app.uid;
    due_.insert({followed.due, &entry});
  }
  const bool begins = !is_new && !followed.asked && !addresses_(app.key).empty();
  if (begins) set_due(entry, Clock::now() + kGather);
  if (next_due() < expected) fetcher_.wake();
  const auto shown = app.status.connections;
  followed.shown = followed.looked ? connections_to_show(shown, followed.counted) : shown;
  return followed.shown;
}

void ConnectionCounter::forget(const kube::ObjectKey& app) {
  const std::lock_guard lock{mutex_};
  const auto found = followed_.find(app);
  if (found == followed_.end()) return;
  due_.erase({found->second.due, &*found});
  followed_.erase(found);
}

/// When the next look begins, as far as is known.
ConnectionCounter::Clock::time_point ConnectionCounter::next_due() const {
  return due_.empty() ? Clock::time_point::max() : due_.begin()->first;
}

void ConnectionCounter::set_due(App& app, Clock::time_point due) {
  due_.erase({app.second.due, &app});
  app.second.due = due;
  due_.insert({due, &app});
}

std::jthread ConnectionCounter::start(Tell tell) {
  tell_ = std::move(tell);
  return std::jthread{[this](const std::stop_token& stop) { run(stop); }};
}

void ConnectionCounter::run(const std::stop_token& stop) {
  const std::stop_callback wake{stop, [this] { fetcher_.wake(); }};
  while (!stop.stop_requested()) {
    const auto next = begin_due();
    fetcher_.turn(next);
  }
}

/// Begins a look at each app that is due; gives when the next one is. An app whose last look has not ended, because its
/// namespace has many replicas that do not answer, is left out once.
ConnectionCounter::Clock::time_point ConnectionCounter::begin_due() {
  std::vector<Look> looks;
  Clock::time_point next;
  {
    const std::lock_guard lock{mutex_};
    const auto now = Clock::now();
    while (!due_.empty() && due_.begin()->first <= now) {
      auto& app = *due_.begin()->second;
      set_due(app, now + interval_);
      if (!std::exchange(app.second.is_asked, true)) looks.push_back({.app = app.first, .uid = app.second.uid});
    }
    next = due_.empty() ? now + interval_ : due_.begin()->first;
  }
  for (auto& look : looks) begin(std::move(look));
  return next;
}

/// Asks all replicas of the app. The groups are namespaces, not apps: a user who may create one app in a namespace may
/// create many.
void ConnectionCounter::begin(Look look) {
  const auto addresses = addresses_(look.app);
  if (addresses.empty()) return finish(look);
  look.replicas = look.left = addresses.size();
  look.counted = 0;
  const auto shared = std::make_shared<Look>(std::move(look));
  for (const auto& address : addresses) {
    const auto open = std::make_shared<OpenConnections>();
    fetcher_.add({.group = shared->app.name_space,
                  .url = "http://" + address + "/metrics",
                  .stop = shared->vain.get_token(),
                  .on_line = [open](std::string_view line) { open->read(line); },
                  .on_end = [this, shared, open](const auto& outcome) { take(*shared, outcome, *open); }});
  }
}

/// An app whose replicas do not all answer is not counted, as a part would be no truth: after the first that does not,
/// no more are asked.
void ConnectionCounter::take(Look& look, const core::Result<void>& outcome, const OpenConnections& open) {
  const auto told = outcome ? open.sum() : std::nullopt;
  if (!told && look.problem.empty()) {
    look.problem = outcome ? "its metrics do not have the number of connections" : outcome.error().message;
    look.vain.request_stop();
  }
  look.counted = look.counted && told ? std::optional{*look.counted + *told} : std::nullopt;
  if (--look.left == 0) finish(look);
}

void ConnectionCounter::finish(const Look& look) {
  if (note(look)) tell_(look.app);
}

/// Whether the app's status should now say something else.
bool ConnectionCounter::note(const Look& look) {
  const std::lock_guard lock{mutex_};
  const auto found = followed_.find(look.app);
  if (found == followed_.end() || found->second.uid != look.uid) return false;
  auto& followed = found->second;
  followed.is_asked = false;
  if (!look.problem.empty() && (!followed.asked || followed.counted))
    core::log(core::LogLevel::kWarning, "open connections cannot be counted",
              {{"object", look.app.text()}, {"error", look.problem}});
  followed.looked = true;
  followed.asked = followed.asked || look.replicas > 0;
  followed.counted = look.counted;
  return connections_to_show(followed.shown, followed.counted) != followed.shown;
}

}  // namespace controllers
