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
#include <unistd.h>

namespace core {
namespace {

constexpr MetricInfo kResidentMemory{MetricType::kGauge, "process_resident_memory_bytes",
                                     "Resident memory size in bytes."};
constexpr MetricInfo kOpenFds{MetricType::kGauge, "process_open_fds", "Number of open file descriptors."};
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

prometheus::Family<prometheus::Gauge>& gauge(prometheus::Registry& registry, const MetricInfo& info) {
  return prometheus::BuildGauge().Name(std::string{info.name}).Help(std::string{info.help}).Register(registry);
}

}  // namespace

Metrics::Metrics() : registry_{std::make_unique<prometheus::Registry>(prometheus::Registry::InsertBehavior::Merge)} {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  set(kStartTime, {}, std::chrono::duration<double>(now).count());
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
  gauge(*registry_, info).Add(labels).Set(value);
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
  gauge(*registry_, kResidentMemory).Add({}).Set(static_cast<double>(resident_bytes()));
  gauge(*registry_, kOpenFds).Add({}).Set(static_cast<double>(open_descriptors()));
  return prometheus::TextSerializer{}.Serialize(registry_->Collect());
}

}  // namespace core
