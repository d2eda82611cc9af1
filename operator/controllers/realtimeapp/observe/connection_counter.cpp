#include "operator/controllers/realtimeapp/observe/connection_counter.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <utility>

#include "core/log.hpp"

namespace controllers {
namespace {

constexpr std::string_view kMetric = "realtime_server_connections";

}  // namespace

std::optional<std::int64_t> open_connections(std::string_view exposition) {
  std::optional<std::int64_t> sum;
  while (!exposition.empty()) {
    const auto line = exposition.substr(0, exposition.find('\n'));
    exposition.remove_prefix(std::min(line.size() + 1, exposition.size()));
    if (!line.starts_with(kMetric)) continue;
    const auto name_end = line.find_first_of("{ ");
    if (name_end != kMetric.size()) continue;
    const auto value = line.substr(line.rfind(' ') + 1);
    double number = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
    // No replica has more, and no sum of what an answer has room for overflows.
    static constexpr double kMost = 1e9;
    if (error != std::errc{} || end != value.data() + value.size() || !(number >= 0 && number < kMost))
      return std::nullopt;
    sum = sum.value_or(0) + std::llround(number);
  }
  return sum;
}

std::optional<std::int64_t> connections_to_show(std::optional<std::int64_t> shown,
                                                std::optional<std::int64_t> counted) {
  if (!shown || !counted) return counted;
  return std::llabs(*counted - *shown) * 20 < *shown ? shown : counted;
}

std::optional<std::int64_t> ConnectionCounter::look_up(const api::RealtimeApp& app) {
  const std::lock_guard lock{mutex_};
  auto& followed = followed_[app.key];
  const bool is_new = followed.uid != app.uid;
  if (is_new) {
    due_.erase({followed.due, app.key});
    followed = {};
    followed.uid = app.uid;
    due_.insert({followed.due, app.key});
  }
  const bool begins = !is_new && !followed.asked && !addresses_(app.key).empty();
  if (begins) set_due(app.key, followed, Clock::now());
  if (is_new || begins) changed_.notify_all();
  const auto shown = app.status.connections;
  followed.shown = followed.looked ? connections_to_show(shown, followed.counted) : shown;
  return followed.shown;
}

void ConnectionCounter::forget(const kube::ObjectKey& app) {
  const std::lock_guard lock{mutex_};
  const auto found = followed_.find(app);
  if (found == followed_.end()) return;
  due_.erase({found->second.due, app});
  followed_.erase(found);
}

void ConnectionCounter::set_due(const kube::ObjectKey& app, Followed& followed, Clock::time_point due) {
  due_.erase({followed.due, app});
  followed.due = due;
  due_.insert({due, app});
}

std::jthread ConnectionCounter::start(Tell tell) {
  return std::jthread{[this, tell = std::move(tell)](const std::stop_token& stop) { run(tell, stop); }};
}

void ConnectionCounter::run(const Tell& tell, const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    auto looks = take_due(stop);
    ask(looks, stop);
    if (stop.stop_requested()) return;  // what was cut short says nothing
    for (const auto& look : looks)
      if (note(look)) tell(look.app);
  }
}

/// Waits until some app is due.
std::vector<ConnectionCounter::Look> ConnectionCounter::take_due(const std::stop_token& stop) {
  std::unique_lock lock{mutex_};
  const auto next = [this] { return due_.empty() ? Clock::now() + interval_ : due_.begin()->first; };
  changed_.wait_until(lock, stop, next(), [&] { return next() <= Clock::now(); });
  const auto now = Clock::now();
  std::vector<Look> looks;
  while (!due_.empty() && due_.begin()->first <= now) {
    const auto app = due_.begin()->second;
    auto& followed = followed_.at(app);
    set_due(app, followed, now + interval_);
    looks.push_back({app, followed.uid, 0, std::nullopt, {}});
  }
  return looks;
}

/// All replicas of all apps at once. An app whose replicas do not all answer is not counted: a part would be no truth.
void ConnectionCounter::ask(std::vector<Look>& looks, const std::stop_token& stop) {
  std::vector<std::string> urls;
  for (auto& look : looks) {
    const auto addresses = addresses_(look.app);
    look.replicas = addresses.size();
    for (const auto& address : addresses) urls.push_back("http://" + address + "/metrics");
  }
  if (urls.empty()) return;
  const auto bodies = fetch_(urls, stop);
  auto body = bodies.begin();
  for (auto& look : looks) {
    const auto end = body + static_cast<std::ptrdiff_t>(look.replicas);
    if (look.replicas > 0) look.counted = 0;
    for (; body != end; ++body) {
      const auto open = *body ? open_connections(**body) : std::nullopt;
      look.counted = look.counted && open ? std::optional{*look.counted + *open} : std::nullopt;
      if (!open) look.problem = *body ? "its metrics do not tell" : body->error().message;
    }
  }
}

/// Whether the app's status should now say something else.
bool ConnectionCounter::note(const Look& look) {
  const std::lock_guard lock{mutex_};
  const auto found = followed_.find(look.app);
  if (found == followed_.end() || found->second.uid != look.uid) return false;
  auto& followed = found->second;
  if (!look.problem.empty() && (!followed.asked || followed.counted))
    core::log(core::LogLevel::kWarning, "open connections cannot be counted",
              {{"object", look.app.text()}, {"error", look.problem}});
  followed.looked = true;
  followed.asked = followed.asked || look.replicas > 0;
  followed.counted = look.counted;
  return connections_to_show(followed.shown, followed.counted) != followed.shown;
}

}  // namespace controllers
