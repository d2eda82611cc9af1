#include "tests/support/redis_process.hpp"

#include <array>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "realtime-server/redis/command.hpp"
#include "realtime-server/redis/reply_reader.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/free_port.hpp"

namespace support {
namespace {

sockaddr_in loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  return address;
}

/// A blocking connection, or -1.
int connected(int port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const timeval patience{5, 0};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  const auto address = loopback(port);
  if (connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return fd;
  close(fd);
  return -1;
}

std::string in_words(const redis::Reply& reply) {
  if (reply.type == redis::Reply::Type::kInteger) return std::to_string(reply.integer);
  if (reply.type == redis::Reply::Type::kError) return "-" + reply.text;
  if (reply.type != redis::Reply::Type::kArray) return reply.text;
  std::string words;
  for (const auto& element : reply.elements) words += (words.empty() ? "" : " ") + in_words(element);
  return "[" + words + "]";
}

}  // namespace

RedisProcess::RedisProcess(std::vector<std::string> options) : options_{std::move(options)}, port_{free_port()} {
  std::string pattern = std::filesystem::temp_directory_path() / "redis-test-XXXXXX";
  REQUIRE(mkdtemp(pattern.data()) != nullptr);
  folder_ = pattern;
  start();
}

RedisProcess::~RedisProcess() {
  end(SIGKILL);
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

std::string RedisProcess::url(const std::string& credentials) const {
  return fmt::format("redis://{}{}127.0.0.1:{}", credentials, credentials.empty() ? "" : "@", port_);
}

void RedisProcess::add_options(const std::vector<std::string>& options) {
  options_.insert(options_.end(), options.begin(), options.end());
}

void RedisProcess::start() {
  std::vector<std::string> words{"redis-server", "--bind", "127.0.0.1", "--port",   std::to_string(port_),
                                 "--save",       "",       "--logfile", "redis.log"};
  words.insert(words.end(), options_.begin(), options_.end());
  std::vector<char*> arguments;
  for (auto& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  pid_ = fork();
  REQUIRE(pid_ >= 0);
  if (pid_ == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);        // a test that is killed leaves nothing behind
    close_range(STDERR_FILENO + 1, ~0U, 0);  // or it would hold connections of the test open
    if (chdir(folder_.c_str()) == 0) execvp(arguments[0], arguments.data());
    _exit(127);
  }
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{10};
  int fd = -1;
  while ((fd = connected(port_)) < 0) {
    INFO("redis-server does not start; see " << folder_ << "/redis.log");
    REQUIRE(waitpid(pid_, nullptr, WNOHANG) == 0);
    REQUIRE(std::chrono::steady_clock::now() < deadline);
    poll(nullptr, 0, 2);
  }
  close(fd);
}

void RedisProcess::end(int signal) {
  if (pid_ < 0) return;
  kill(pid_, signal);
  waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

void RedisProcess::signal(int number) const { REQUIRE(kill(pid_, number) == 0); }

std::string RedisProcess::command(std::initializer_list<std::string_view> words) const {
  const int fd = connected(port_);
  if (fd < 0) return "";
  std::string request;
  redis::append_command(request, words);
  std::string answer;
  bool done = ::send(fd, request.data(), request.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(request.size());
  redis::ReplyReader reader{{}};
  std::array<char, 4096> buffer;
  while (!done) {
    const auto size = recv(fd, buffer.data(), buffer.size(), 0);
    if (size <= 0) break;
    (void)reader.read({buffer.data(), static_cast<std::size_t>(size)}, [&](const redis::Reply& reply) {
      answer = in_words(reply);
      done = true;
      return false;
    });
  }
  close(fd);
  return answer;
}

}  // namespace support
