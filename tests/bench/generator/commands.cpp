#include "tests/bench/generator/commands.hpp"

#include <array>

#include <sys/epoll.h>
#include <unistd.h>

namespace bench {

Commands::Commands(Loop& loop) { loop.add(STDIN_FILENO, EPOLLIN, *this); }

void Commands::on_ready(std::uint32_t /*events*/) {
  std::array<char, 256> bytes{};
  const ssize_t got = read(STDIN_FILENO, bytes.data(), bytes.size());
  if (got <= 0)
    ended_ = true;
  else
    text_.append(bytes.data(), static_cast<std::size_t>(got));
}

std::string Commands::next() {
  const auto end = text_.find('\n');
  if (end == std::string::npos) return {};
  auto line = text_.substr(0, end);
  text_.erase(0, end + 1);
  return line;
}

}  // namespace bench
