#include "operator/runtime/controller.hpp"

#include <exception>
#include <utility>

#include <fmt/chrono.h>

#include "core/log.hpp"
#include "operator/runtime/metrics.hpp"

namespace runtime {

using core::ErrorKind;
using core::Result;

Controller::Controller(std::string name, int workers, Reconcile reconcile, core::Metrics& metrics,
                       std::chrono::milliseconds reconcile_timeout)
    : name_{std::move(name)},
      worker_count_{workers},
      reconcile_{std::move(reconcile)},
      metrics_{metrics},
      queue_{name_, metrics},
      time_limit_{reconcile_timeout} {
  metrics_.set(metrics::kMaxConcurrent, {{"controller", name_}}, worker_count_);
  metrics_.set(metrics::kActiveWorkers, {{"controller", name_}}, 0);
  for (const auto& counter : {metrics::kReconcileErrors, metrics::kReconcilePanics, metrics::kReconcileTimeouts})
    metrics_.increment(counter, {{"controller", name_}}, 0);
}

void Controller::start() {
  for (int i = 0; i < worker_count_; ++i) workers_.emplace_back([this](const std::stop_token& stop) { work(stop); });
}

void Controller::stop() {
  for (auto& worker : workers_) worker.request_stop();
}

void Controller::join() {
  for (auto& worker : workers_)
    if (worker.joinable()) worker.join();
}

void Controller::work(const std::stop_token& stop) {
  while (const auto key = queue_.get(stop)) {
    metrics_.set(metrics::kActiveWorkers, {{"controller", name_}}, ++active_);
    reconcile_one(*key, stop);
    metrics_.set(metrics::kActiveWorkers, {{"controller", name_}}, --active_);
    queue_.done(*key);
  }
}

void Controller::reconcile_one(const kube::ObjectKey& key, const std::stop_token& stop) {
  const auto started = std::chrono::steady_clock::now();
  const auto outcome = guarded(key, stop);
  const auto took = std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
  metrics_.observe(metrics::kReconcileTime, {{"controller", name_}}, took);
  const auto count = [&](const char* result) {
    metrics_.increment(metrics::kReconcileTotal, {{"controller", name_}, {"result", result}});
  };
  if (outcome) {
    queue_.forget(key);
    count(outcome->requeue_after ? "requeue_after" : "success");
    if (outcome->requeue_after) queue_.add_after(key, *outcome->requeue_after);
    core::log(core::LogLevel::kDebug, "reconciled", {{"controller", name_}, {"object", key.text()}, {"seconds", took}});
  } else if (outcome.error().kind != ErrorKind::kCancelled) {
    count("error");
    metrics_.increment(metrics::kReconcileErrors, {{"controller", name_}});
    requeue(key, outcome.error());
  }
}

Result<Action> Controller::guarded(const kube::ObjectKey& key, const std::stop_token& stop) {
  const TimeLimit::Task task{time_limit_, stop};
  try {
    auto outcome = reconcile_(key, task.token());
    const bool is_late = task.token().stop_requested() && !stop.stop_requested();
    if (outcome || outcome.error().kind != ErrorKind::kCancelled || !is_late) return outcome;
    metrics_.increment(metrics::kReconcileTimeouts, {{"controller", name_}});
    return core::fail(ErrorKind::kTimeout,
                      fmt::format("not done after {}: {}", time_limit_.limit(), outcome.error().message));
  } catch (const std::exception& error) {
    metrics_.increment(metrics::kReconcilePanics, {{"controller", name_}});
    return core::fail(ErrorKind::kInternal, error.what());
  }
}

void Controller::requeue(const kube::ObjectKey& key, const core::Error& error) {
  // A conflict means that the cache is a moment behind: its news brings the key back, the retry is a safety net.
  const auto level = error.kind == ErrorKind::kConflict ? core::LogLevel::kInfo : core::LogLevel::kWarning;
  core::log(level, "reconcile failed, trying again",
            {{"controller", name_},
             {"object", key.text()},
             {"kind", core::error_kind_name(error.kind)},
             {"error", error.message}});
  queue_.retry(key, error.retry_after);
}

}  // namespace runtime
