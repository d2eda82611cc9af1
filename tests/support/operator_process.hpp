// The operator as users run it: the built program, as a child process, against the API server of the environment. It is
// the one next to the test program, or the one that REALTIME_OPERATOR names.
#pragma once

#include <string>
#include <vector>

#include <sys/types.h>

namespace support {

/// The path of the program.
std::string operator_program();

class OperatorProcess {
 public:
  /// Starts it and waits until it is ready. Its log goes to a file whose end is shown when it does not become ready.
  explicit OperatorProcess(std::vector<std::string> extra_flags = {});
  /// Asks it to stop and waits for it. The test fails if it does not end well, or a sanitizer found something.
  ~OperatorProcess();
  OperatorProcess(const OperatorProcess&) = delete;
  OperatorProcess& operator=(const OperatorProcess&) = delete;

  void signal(int number) const;
  /// Waits until it ends by itself, and gives its exit code; what a signal ended has 128 and that.
  int wait_for_end();

  /// The value of a metric, named as in the exposition with its labels; 0 if it is not there.
  double metric(const std::string& name) const;
  /// All reconciles so far that did not fail.
  double reconciles() const;

 private:
  std::string get(int port, const std::string& path) const;

  pid_t pid_ = -1;
  int health_port_ = 0;
  int metrics_port_ = 0;
  std::string log_file_;
};

}  // namespace support
