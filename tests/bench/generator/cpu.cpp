#include "tests/bench/generator/cpu.hpp"

#include <ctime>
#include <filesystem>
#include <fstream>
#include <string>
#include <system_error>

#include <sched.h>

#include "tests/bench/generator/loop.hpp"

namespace bench {

namespace {

/// The time that the threads of a process waited for a core (the second number of schedstat); threads that have ended
/// are not in it.
std::int64_t waited_ns(pid_t process) {
  std::int64_t total = 0;
  std::error_code error;
  for (const auto& thread : std::filesystem::directory_iterator("/proc/" + std::to_string(process) + "/task", error)) {
    std::ifstream file(thread.path() / "schedstat");
    std::int64_t ran = 0;
    std::int64_t waited = 0;
    if (file >> ran >> waited) total += waited;
  }
  return total;
}

}  // namespace

CpuTime cpu_time(const std::vector<pid_t>& processes) {
  CpuTime total;
  for (const pid_t process : processes) {
    clockid_t clock = 0;
    timespec time{};
    if (clock_getcpuclockid(process, &clock) != 0 || clock_gettime(clock, &time) != 0) fail("clock_getcpuclockid");
    total.used += time.tv_sec * kSecond + time.tv_nsec;
    total.waited += waited_ns(process);
  }
  return total;
}

void pin_to(int core) {
  cpu_set_t cores;
  CPU_ZERO(&cores);
  CPU_SET(static_cast<std::size_t>(core), &cores);
  if (sched_setaffinity(0, sizeof cores, &cores) != 0) fail("sched_setaffinity");
}

}  // namespace bench
