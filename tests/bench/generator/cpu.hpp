// CPU time of this process and of those that are measured, to the nanosecond: /proc/PID/stat counts in ticks of 10 ms.
#pragma once

#include <cstdint>
#include <vector>

#include <sys/types.h>

namespace bench {

/// CPU time so far, and time spent ready to run while another process used the core.
struct CpuTime {
  std::int64_t used = 0;
  std::int64_t waited = 0;

  CpuTime operator-(const CpuTime& other) const { return {used - other.used, waited - other.waited}; }
};

CpuTime cpu_time(const std::vector<pid_t>& processes);

/// Keeps this process on one core.
void pin_to(int core);

}  // namespace bench
