// A real redis-server for one test: on a port of its own, with a folder of its own, gone with the test.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

namespace support {

class RedisProcess {
 public:
  /// Starts it with these options in addition to ours, as on its command line, and waits until it accepts connections.
  explicit RedisProcess(std::vector<std::string> options = {});
  ~RedisProcess();
  RedisProcess(const RedisProcess&) = delete;
  RedisProcess& operator=(const RedisProcess&) = delete;

  int port() const { return port_; }
  /// "redis://127.0.0.1:PORT", or with what is to stand before the @.
  std::string url(const std::string& credentials = "") const;

  /// Options for the next start, in addition to those it has.
  void add_options(const std::vector<std::string>& options);
  void start();
  /// Ends it by a signal and waits for it.
  void end(int signal);
  void signal(int number) const;

  /// Sends one command on a connection of its own and gives the answer as text: arrays as [a b c], errors with "-".
  /// Empty if nothing answers within five seconds.
  std::string command(std::initializer_list<std::string_view> words) const;

 private:
  std::vector<std::string> options_;
  int port_;
  std::string folder_;
  pid_t pid_ = -1;
};

}  // namespace support
