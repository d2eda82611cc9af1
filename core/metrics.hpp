// The metrics of the process: families declared once as MetricInfo, created on first use, exposed in the Prometheus
// text format together with the standard process_* figures. Owned by main, safe on any thread.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace prometheus {
class Registry;
}

namespace core {

enum class MetricType { kCounter, kGauge, kHistogram };

/// A metric family. Metrics are named only in catalogues of these.
struct MetricInfo {
  MetricType type;
  std::string_view name;
  std::string_view help;
};

class Metrics {
 public:
  using Labels = std::map<std::string, std::string>;
  struct Sample {
    Labels labels;
    double value = 0;
  };
  using LookUp = std::function<std::vector<Sample>()>;

  Metrics();
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  /// Adds to a counter. The set of label values must be bounded by the caller.
  void increment(const MetricInfo& info, const Labels& labels, double by = 1);
  /// Sets a gauge.
  void set(const MetricInfo& info, const Labels& labels, double value);
  /// Adds an observation, in seconds, to a histogram whose buckets are those of controller-runtime.
  void observe(const MetricInfo& info, const Labels& labels, double seconds);

  /// Exposes a counter or gauge whose samples `look_up` returns at each exposition, on any thread: for values that
  /// change by themselves or are stored elsewhere. Only before the first exposition.
  void show(const MetricInfo& info, LookUp look_up) { shown_.emplace_back(info, std::move(look_up)); }

  /// Everything in Prometheus' text format 0.0.4.
  std::string exposition() const;

 private:
  std::unique_ptr<prometheus::Registry> registry_;
  std::vector<std::pair<MetricInfo, LookUp>> shown_;
};

}  // namespace core
