#include "core/metrics.hpp"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>
#include <sys/resource.h>
#include <unistd.h>

namespace core {
namespace {

constexpr MetricInfo kResidentMemory{MetricType::kGauge, "process_resident_memory_bytes",
                                     "Resident memory size in bytes."};
constexpr MetricInfo kOpenFds{MetricType::kGauge, "process_open_fds", "Number of open file descriptors."};
constexpr MetricInfo kCpuTime{MetricType::kCounter, "process_cpu_seconds_total",
                              "Total user and system CPU time spent in seconds."};
constexpr MetricInfo kStartTime{MetricType::kGauge, "process_start_time_seconds",
                                "Start time of the process since unix epoch in seconds."};

const prometheus::Histogram::BucketBoundaries& buckets() {
  static const prometheus::Histogram::BucketBoundaries kSeconds{0.0001, 0.0005, 0.001, 0.005, 0.01, 0.025, 0.05, 0.1,
                                                                0.25,   0.5,    1,     2.5,   5,    10,    30,   60};
  return kSeconds;
}

std::int64_t resident_bytes() {
  std::ifstream statm{"/proc/self/statm"};
  std::int64_t total = 0;
  std::int64_t resident = 0;
  statm >> total >> resident;
  return resident * sysconf(_SC_PAGESIZE);
}

std::int64_t open_descriptors() {
  std::error_code ignored;
  const std::filesystem::directory_iterator entries{"/proc/self/fd", ignored};
  return std::distance(begin(entries), end(entries));
}

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

prometheus::MetricFamily family_of(const MetricInfo& info, const std::vector<Metrics::Sample>& samples) {
  const bool counts = info.type == MetricType::kCounter;
  prometheus::MetricFamily family{std::string{info.name},
                                  std::string{info.help},
                                  counts ? prometheus::MetricType::Counter : prometheus::MetricType::Gauge,
                                  {}};
  for (const auto& [labels, value] : samples) {
    auto& metric = family.metric.emplace_back();
    for (const auto& [name, text] : labels) metric.label.push_back({name, text});
    (counts ? metric.counter.value : metric.gauge.value) = value;
  }
  return family;
}

/// A look-up of one value without labels.
template <class Measure>
Metrics::LookUp single(Measure measure) {
  return [measure] { return std::vector<Metrics::Sample>{{{}, static_cast<double>(measure())}}; };
}

}  // namespace

Metrics::Metrics() : registry_{std::make_unique<prometheus::Registry>(prometheus::Registry::InsertBehavior::Merge)} {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  set(kStartTime, {}, std::chrono::duration<double>(now).count());
  show(kResidentMemory, single(resident_bytes));
  show(kOpenFds, single(open_descriptors));
  show(kCpuTime, single(cpu_seconds));
}

Metrics::~Metrics() = default;

void Metrics::increment(const MetricInfo& info, const Labels& labels, double by) {
  prometheus::BuildCounter()
      .Name(std::string{info.name})
      .Help(std::string{info.help})
      .Register(*registry_)
      .Add(labels)
      .Increment(by);
}

void Metrics::set(const MetricInfo& info, const Labels& labels, double value) {
  prometheus::BuildGauge()
      .Name(std::string{info.name})
      .Help(std::string{info.help})
      .Register(*registry_)
      .Add(labels)
      .Set(value);
}

void Metrics::observe(const MetricInfo& info, const Labels& labels, double seconds) {
  prometheus::BuildHistogram()
      .Name(std::string{info.name})
      .Help(std::string{info.help})
      .Register(*registry_)
      .Add(labels, buckets())
      .Observe(seconds);
}

std::string Metrics::exposition() const {
  auto families = registry_->Collect();
  for (const auto& [info, look_up] : shown_) families.push_back(family_of(info, look_up()));
  return prometheus::TextSerializer{}.Serialize(families);
}

}  // namespace core
