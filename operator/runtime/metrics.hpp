// The catalogue of this module's metrics, under the names of controller-runtime and client-go, so that dashboards made
// for other operators work unchanged.
#pragma once

#include <array>

#include "core/metrics.hpp"

namespace runtime::metrics {

using core::MetricInfo;
using core::MetricType;

/// Labels: controller, result (success, error, requeue_after).
inline constexpr MetricInfo kReconcileTotal{MetricType::kCounter, "controller_runtime_reconcile_total",
                                            "Total number of reconciliations per controller."};
/// Label: controller.
inline constexpr MetricInfo kReconcileErrors{MetricType::kCounter, "controller_runtime_reconcile_errors_total",
                                             "Total number of reconciliation errors per controller."};
/// Label: controller.
inline constexpr MetricInfo kReconcilePanics{MetricType::kCounter, "controller_runtime_reconcile_panics_total",
                                             "Total number of exceptions caught in reconciliations per controller."};
/// Label: controller.
inline constexpr MetricInfo kReconcileTimeouts{MetricType::kCounter, "controller_runtime_reconcile_timeouts_total",
                                               "Total number of reconciliation timeouts per controller."};
/// Label: controller.
inline constexpr MetricInfo kReconcileTime{MetricType::kHistogram, "controller_runtime_reconcile_time_seconds",
                                           "Length of time per reconciliation per controller."};
/// Label: controller.
inline constexpr MetricInfo kMaxConcurrent{MetricType::kGauge, "controller_runtime_max_concurrent_reconciles",
                                           "Maximum number of concurrent reconciles per controller."};
/// Label: controller.
inline constexpr MetricInfo kActiveWorkers{MetricType::kGauge, "controller_runtime_active_workers",
                                           "Number of currently used workers per controller."};
/// Label of all that follow: name (of the queue).
inline constexpr MetricInfo kDepth{MetricType::kGauge, "workqueue_depth", "Current depth of workqueue."};
inline constexpr MetricInfo kAdds{MetricType::kCounter, "workqueue_adds_total",
                                  "Total number of adds handled by workqueue."};
inline constexpr MetricInfo kQueueDuration{MetricType::kHistogram, "workqueue_queue_duration_seconds",
                                           "How long in seconds an item stays in workqueue before being requested."};
inline constexpr MetricInfo kWorkDuration{MetricType::kHistogram, "workqueue_work_duration_seconds",
                                          "How long in seconds processing an item from workqueue takes."};
inline constexpr MetricInfo kUnfinishedWork{
    MetricType::kGauge, "workqueue_unfinished_work_seconds",
    "How many seconds of work has been done that is in progress and has not been observed by work_duration."};
inline constexpr MetricInfo kLongestRunning{MetricType::kGauge, "workqueue_longest_running_processor_seconds",
                                            "How many seconds the longest running processor of workqueue has run."};
inline constexpr MetricInfo kRetries{MetricType::kCounter, "workqueue_retries_total",
                                     "Total number of retries handled by workqueue."};

/// Label: name (of the Lease).
inline constexpr MetricInfo kLeads{
    MetricType::kGauge, "leader_election_master_status",
    "Gauge of if the reporting system is master of the relevant lease, 0 indicates backup, 1 indicates master."};

inline constexpr std::array kAll{kReconcileTotal,    kReconcileErrors, kReconcilePanics,
                                 kReconcileTimeouts, kReconcileTime,   kMaxConcurrent,
                                 kActiveWorkers,     kDepth,           kAdds,
                                 kQueueDuration,     kWorkDuration,    kUnfinishedWork,
                                 kLongestRunning,    kRetries,         kLeads};

}  // namespace runtime::metrics
