// Open, idle sessions, for measurements of the server's memory.
#include <charconv>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>

#include "tests/bench/generator/client.hpp"
#include "tests/bench/generator/commands.hpp"
#include "tests/bench/generator/modes.hpp"
#include "tests/bench/generator/poller.hpp"

namespace bench {

namespace {

constexpr std::int64_t kOpeningTime = 120 * kSecond;
constexpr std::int64_t kClosingTime = 30 * kSecond;

void perform(Crowd& crowd, std::string_view command) {
  const std::int64_t start = now_ns();
  if (command == "close") {
    crowd.close_all(now_ns() + kClosingTime);
  } else {
    int times = 0;
    if (command.starts_with("churn ")) std::from_chars(command.data() + 6, command.data() + command.size(), times);
    if (command == "open") crowd.open_all(now_ns() + kOpeningTime);
    for (int i = 0; i < times; ++i) {
      crowd.close_all(now_ns() + kClosingTime);
      crowd.open_all(now_ns() + kOpeningTime);
    }
  }
  std::printf("{\"joined\": %u, \"lost\": %u, \"why\": \"%s\", \"seconds\": %.3f}\n", crowd.joined(), crowd.lost(),
              crowd.why().c_str(), static_cast<double>(now_ns() - start) / static_cast<double>(kSecond));
  std::fflush(stdout);
}

}  // namespace

void hold(const Target& target, const Hold& options) {
  Loop loop;
  Commands commands(loop);
  Crowd crowd(loop, options.connections, [&](Session::Owner& owner, std::uint32_t index) -> std::unique_ptr<Session> {
    if (options.polling) return std::make_unique<Poller>(loop, owner, target.port, index);
    return std::make_unique<Client>(loop, owner, target, index);
  });
  while (true) {
    while (!loop.run_until([&] { return commands.ready(); }, now_ns() + kSecond)) continue;
    const std::string command = commands.next();
    if (command.empty()) return;
    perform(crowd, command);
  }
}

}  // namespace bench
